"""Rules that TensorFlow's map over seeds lacks."""

import numpy as np
import pytest
import tensorflow as tf

from repro.training.vectorize import over_seeds

WEIGHTS = np.random.default_rng(0).normal(size=(4, 3, 2)).astype("float32")


def gradient(weights):
    """Return the gradient of a loop over time that reads and writes lists, as recurrent layers."""
    with tf.GradientTape() as tape:
        tape.watch(weights)
        steps = tf.shape(weights)[0]
        rows = tf.TensorArray(tf.float32, steps).unstack(weights)

        def step(time, state, states):
            state = tf.tanh(state + rows.read(time))
            return time + 1, state, states.write(time, state)

        start = (0, tf.zeros([2]), tf.TensorArray(tf.float32, steps))
        state = tf.while_loop(lambda time, *_: time < steps, step, start)[1]
        loss = tf.reduce_sum(state)
    return tape.gradient(loss, weights)


@pytest.mark.long
def test_a_loop_over_time_has_the_gradient_of_each_seed():
    unknown = [tf.TensorSpec([4, None, 2])]
    mapped = tf.function(lambda stacked: over_seeds(gradient, stacked), input_signature=unknown)
    alone = np.stack([tf.function(gradient)(of_seed) for of_seed in WEIGHTS])
    np.testing.assert_allclose(mapped(WEIGHTS), alone, rtol=1e-6)
