"""Data sets, and the check that one is what it claims to be."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LICENCE = "CC BY-SA 3.0 (MNIST: Yann LeCun, Corinna Cortes, Christopher J.C. Burges)"

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]
Arrays = dict[str, NDArray[np.uint8]]


class DataUnavailable(RuntimeError):
    """No source of the data set is in reach; the message says what was tried and what to do."""


class DataCorrupt(ValueError):
    """A source has data that are not the data set; the message names the source and the array."""


class Expected(NamedTuple):
    """The shape that an array must have, and the SHA-256 of its uint8 values in C order."""

    shape: tuple[int, ...]
    sha256: str


def expected_arrays(n_train: int, n_test: int, **sha256: str) -> dict[str, Expected]:
    """Return shapes and digests of the arrays of so many images (n, 28, 28) and labels (n,).

    Args:
        n_train: images to train on.
        n_test: images to test on.
        sha256: of `x_train`, `y_train`, `x_test` and `y_test`, in this order.
    """
    shapes: dict[str, tuple[int, ...]] = {
        "x_train": (n_train, 28, 28),
        "y_train": (n_train,),
        "x_test": (n_test, 28, 28),
        "y_test": (n_test,),
    }
    return {name: Expected(shape, sha256[name]) for name, shape in shapes.items()}


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and labels, verified and read-only.

    `x_train`, `x_test`: uint8 of shape (n, 28, 28), 0 (background) to 255 (ink).
    `y_train`, `y_test`: uint8 of shape (n,), digits 0 to 9.
    `sha256` identifies the data set and is the same for every source; `source` names that source.
    """

    name: str
    x_train: Images = field(repr=False)
    y_train: Labels = field(repr=False)
    x_test: Images = field(repr=False)
    y_test: Labels = field(repr=False)
    sha256: str
    licence: str
    source: str


def make_dataset(
    name: str, arrays: Arrays, expected: Mapping[str, Expected], source: str
) -> Dataset:
    """Name verified arrays a data set, identified by the digest of its arrays' digests."""
    digests = "".join(f"{array} {sha256}\n" for array, (_, sha256) in expected.items())
    sha256 = hashlib.sha256(digests.encode()).hexdigest()
    return Dataset(name, **arrays, sha256=sha256, licence=LICENCE, source=source)


def verified(arrays: Arrays, expected: Mapping[str, Expected], source: object) -> Arrays:
    """Return the arrays, made read-only, or raise `DataCorrupt` for the first that is not right."""
    checked = {}
    for name, (shape, sha256) in expected.items():
        array = arrays[name]
        if array.dtype != np.uint8 or array.shape != shape:
            raise DataCorrupt(
                f"{source}: {name} is {array.dtype} {array.shape}, expected uint8 {shape}"
            )
        checked[name] = array = np.ascontiguousarray(array)
        if (digest := hashlib.sha256(array.data).hexdigest()) != sha256:
            raise DataCorrupt(f"{source}: {name} has SHA-256 {digest}, expected {sha256}")
        array.flags.writeable = False
    return checked
