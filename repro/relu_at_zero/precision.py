"""Numbers of 64, 32 and 16 bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


class Precision:
    """The numbers that a network computes with.

    Args:
        name: `float64`, `float32` or `float16`.
    """

    def __init__(self, name: str):
        self._half = name == "float16"
        self.dtype = np.dtype(np.float32 if self._half else name)

    def rounded(self, values: Any) -> Floats:
        """Return the values as this precision holds them, in arrays of `dtype`."""
        if self._half:
            from repro.relu_at_zero.loop import to_half

            return to_half(np.asarray(values, np.float32))
        return np.asarray(values, self.dtype)
