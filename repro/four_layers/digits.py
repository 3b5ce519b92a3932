"""Thread 004's data: digits to learn, to classify, and to observe a network with."""

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from repro.data import load
from repro.four_layers.posted import Floats, scaled, targets_of

if TYPE_CHECKING:
    from repro.four_layers import loop as compiled

GLANCED = 500  # test images that a curve's accuracy and dead units are taken from
PROBED = 100  # test images that gradients are compared on


class Digits(NamedTuple):
    """A data set as it is learned, classified and observed."""

    images: NDArray[np.uint8]  # (n, 28, 28), to learn …
    labels: NDArray[np.uint8]  # (n,)
    train: "compiled.Images"  # … the same, by inked pixels
    test: "compiled.Images"
    glanced: "compiled.Images"  # the first `GLANCED` of the test images, for curves
    inputs: Floats  # (PROBED, 784), the first of the test images, for gradients
    targets: Floats  # (PROBED, 10)


@lru_cache(maxsize=1)
def digits_of(name: str) -> Digits:
    """Load a data set and lay it out."""
    from repro.four_layers.loop import sparse

    data = load(name)
    return Digits(
        images=data.x_train,
        labels=data.y_train,
        train=sparse(data.x_train, data.y_train),
        test=sparse(data.x_test, data.y_test),
        glanced=sparse(data.x_test[:GLANCED], data.y_test[:GLANCED]),
        inputs=scaled(data.x_test[:PROBED]),
        targets=targets_of(data.y_test[:PROBED]),
    )
