"""Arguments of Keras with which a model computes in float64 throughout."""

from collections.abc import Callable
from typing import Any

import numpy as np


def rate(value: float) -> Callable[[], np.float64]:
    """Return a learning rate for an optimizer, which would keep a plain number as float32."""

    def constant() -> np.float64:  # named, since Keras warns of a lambda
        return np.float64(value)

    return constant


def activation(name: str, leaky_slope: float) -> Any:
    """Return what a layer takes for that name; Keras' own `leaky_relu` has a slope of float32."""
    import keras

    def leaky_relu(z: Any) -> Any:
        return keras.ops.where(z > 0, z, leaky_slope * z)

    return leaky_relu if name == "leaky_relu" else name
