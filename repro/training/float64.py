"""Arguments of Keras with which a model computes in float64 throughout."""

from collections.abc import Callable
from typing import Any

import numpy as np

LEAKY_SLOPE = 0.01


def rate(value: float) -> Callable[[], np.float64]:
    """Return a learning rate for an optimizer, which would keep a plain number as float32."""

    def rate() -> np.float64:  # named, since Keras warns of a lambda
        return np.float64(value)

    return rate


def activation(name: str) -> Any:
    """Return what a layer takes for that name; `leaky_relu` has slope `LEAKY_SLOPE`."""
    return leaky_relu if name == "leaky_relu" else name


def leaky_relu(z: Any) -> Any:
    """Leaky ReLU; Keras' own would make float32 of the slope."""
    import keras

    return keras.ops.where(z > 0, z, LEAKY_SLOPE * z)
