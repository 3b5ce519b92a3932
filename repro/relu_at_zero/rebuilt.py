"""Thread 001 rebuilt: its data and initial weights, and the Keras model."""

from typing import TYPE_CHECKING, Any

import numpy as np

from repro.relu_at_zero.posted import D_in, D_out, H, Start, posted_data
from repro.relu_at_zero.settings import Snippet

if TYPE_CHECKING:
    import keras

    from repro.relu_at_zero.loop import Rule


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


def build_model(settings: Snippet, start: Start) -> "keras.Model":
    """Return the snippet's network as a compiled Keras model with the weights of `start`.

    It takes x (n, 3) with the bias's column. ReLU'(0) = 0 is Keras' own ReLU. Another derivative
    comes from a term that is 0 at the kink and has that slope, so that backpropagation is
    TensorFlow's. From sigmoid to ReLU one line changes.

    Args:
        settings: precision, activation, kink and rate.
        start: only its weights are used.
    """
    import keras
    from keras import layers, ops

    kink, precision = settings.kink, settings.precision

    def activation(h: Any) -> Any:
        if settings.activation == "sigmoid":
            return ops.sigmoid(h)
        if settings.at_zero == "zero" and not kink:
            return ops.relu(h)
        bend = ops.where(h > kink, h, ops.full_like(h, kink))
        at_kink = ops.where(ops.equal(h, kink), h - kink, ops.zeros_like(h))
        return bend + settings.derivative * at_kink

    inputs = keras.Input((D_in + 1,), dtype=precision)
    h = layers.Dense(H, use_bias=False, dtype=precision)(inputs)
    outputs = layers.Dense(D_out, use_bias=False, dtype=precision)(activation(h))
    model = keras.Model(inputs, outputs)
    model.set_weights([start.w1, start.w2])
    # a Keras loss casts to float32 unless told
    loss = keras.losses.MeanSquaredError(reduction="sum", dtype=precision)
    model.compile(keras.optimizers.SGD(settings.learning_rate, momentum=0.0), loss)
    return model


def rule_of(settings: Snippet) -> "Rule":
    """Return the settings as the compiled loop takes them."""
    from repro.relu_at_zero import loop

    sigmoid = settings.activation == "sigmoid"
    derivative = "sigmoid" if sigmoid and settings.backward == "multiply" else settings.backward
    return loop.Rule(
        learning_rate=settings.learning_rate,
        kink=settings.kink,
        at_kink=settings.derivative,
        backward=getattr(loop, derivative.upper()),
        sigmoid=sigmoid,
        half=settings.precision == "float16",
    )
