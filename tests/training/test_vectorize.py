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


@pytest.mark.parametrize(
    "function",
    [
        lambda a: tf.roll(a, 1, -1),
        lambda a: tf.roll(a, 2, 0),
        lambda a: tf.roll(a, [1, -1], [-1, 0]),
        lambda a: tf.roll(a, tf.cast(a[0, 0] > 0, tf.int32) + 1, -1),
        lambda a: tf.signal.fftshift(a, -1),
        lambda a: tf.pad(a, [[0, 1], [2, 0]], constant_values=3.0),
        lambda a: tf.pad(a, tf.constant([[0, 1], [2, 0]], tf.int64), constant_values=3.0),
        lambda a: tf.pad(a, [[0, 1], [2, 0]], constant_values=a[0, 0]),
        lambda a: tf.pad(tf.constant(WEIGHTS[0]), [[0, 1], [2, 0]], constant_values=a[0, 0]),
    ],
)
def test_rolling_and_padding_are_those_of_each_seed(function):
    mapped = tf.function(lambda stacked: over_seeds(function, stacked))(WEIGHTS)
    np.testing.assert_array_equal(mapped, [function(tf.constant(a)) for a in WEIGHTS])
