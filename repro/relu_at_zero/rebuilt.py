"""Thread 001 rebuilt: what varies of its data and initial weights, and the Keras model."""

from typing import TYPE_CHECKING, Any

import numpy as np

from repro.relu_at_zero.posted import DERIVATIVE, D_in, D_out, H, Start, posted_data

if TYPE_CHECKING:
    import keras


def draw(
    rng: Any, *, inputs: str = "gaussian", bias: str = "column", data_seed: Any = None
) -> Start:
    """Draw data and weights in the thread's order, with its `np.random.seed` moved to the top.

    Args:
        rng: a `numpy.random.RandomState`, or `numpy.random` itself, as in the thread.
        inputs: `gaussian` as posted; `zero_sample` makes the first sample all zeros; `integers`
            rounds inputs and first weights to integers.
        bias: `column` as posted; `zero_start` starts its weights at zero, Keras' default; `none`
            drops it (a column of zeros adds nothing to any sum).
        data_seed: draws the data from a generator of their own, and the weights as posted, first
            thing after the seed; None: both from one.
    """
    x, y = posted_data(rng if data_seed is None else np.random.RandomState(data_seed))
    w1, w2 = rng.randn(D_in + 1, H), rng.randn(H, D_out)
    if inputs == "zero_sample":
        x[0, :D_in] = 0
    if inputs == "integers":
        x, w1 = np.rint(x), np.rint(w1)
    if bias == "none":
        x[:, D_in] = 0
    if bias == "zero_start":
        w1[D_in] = 0
    return Start(x, y, w1, w2)


def build_model(
    start: Start,
    *,
    precision: str = "float64",
    at_zero: str = "zero",
    kink: float = 0.0,
    learning_rate: float = 0.002,
) -> "keras.Model":
    """Return the snippet's network as a compiled Keras model with the weights of `start`.

    It takes x (n, 3) with the bias's column. `zero` is Keras' own ReLU. Another derivative comes
    from a term that is 0 at the kink and has that slope, so that backpropagation is TensorFlow's.

    Args:
        start: only its weights are used.
        precision: the model's dtype.
        at_zero: `zero`, `half` or `one`.
        kink: the activation is max(input, kink).
        learning_rate: of SGD on the sum of squared errors over the samples.
    """
    import keras
    from keras import layers, ops

    def activation(h: Any) -> Any:
        if at_zero == "zero" and not kink:
            return ops.relu(h)
        bend = ops.where(h > kink, h, ops.full_like(h, kink))
        at_kink = ops.where(ops.equal(h, kink), h - kink, ops.zeros_like(h))
        return bend + DERIVATIVE[at_zero] * at_kink

    inputs = keras.Input((D_in + 1,), dtype=precision)
    h = layers.Dense(H, use_bias=False, dtype=precision)(inputs)
    outputs = layers.Dense(D_out, use_bias=False, dtype=precision)(activation(h))
    model = keras.Model(inputs, outputs)
    model.set_weights([start.w1, start.w2])
    # a Keras loss casts to float32 unless told
    loss = keras.losses.MeanSquaredError(reduction="sum", dtype=precision)
    model.compile(keras.optimizers.SGD(learning_rate), loss)
    return model
