"""Thread 002's inputs: pixels as the network gets them, and how large they are."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repro.data import load
from repro.mnist_relu.settings import Pixels

Samples = tuple[NDArray[Any], NDArray[Any]]
load_once = lru_cache(maxsize=1)(load)  # variants differ in what they make of the same images


def prepare(pixels: Pixels) -> tuple[Samples, Samples]:
    """Return ((x, y), (x_test, y_test)): pixels (n, 784) float32, digits one-hot (n, 10)."""
    train, test = ((np.asarray(x), np.asarray(y)) for x, y in tensors(pixels))  # no copies
    return train, test


@lru_cache(maxsize=1)  # a variant's blocks, and what measures them, share the pixels
def tensors(pixels: Pixels) -> Any:
    """Return what `prepare` does as TensorFlow's tensors, which its graphs take as they are."""
    import tensorflow as tf

    images = load_once(pixels.data)
    scaled = [_scaled(values, pixels.input_scale) for values in (images.x_train, images.x_test)]
    if pixels.standardize:
        scaled = _standardized(*map(np.asarray, scaled))
    one_hot = np.eye(10, dtype="float32")
    digits = (one_hot[labels] for labels in (images.y_train, images.y_test))
    return [[x, tf.constant(y)] for x, y in zip(scaled, digits, strict=True)]


def _scaled(images: NDArray[np.uint8], scale: float) -> Any:
    # by TensorFlow, which takes memory again that it has had, and is several times faster
    import tensorflow as tf

    return tf.cast(tf.constant(images.reshape(-1, 784)), tf.float32) * np.float32(scale)


def _standardized(x: NDArray[np.float32], x_test: NDArray[np.float32]) -> list[Any]:
    import tensorflow as tf

    mean, deviation = x.mean(dtype="float64"), x.std(dtype="float64")
    return [tf.constant(((v - mean) / deviation).astype("float32")) for v in (x, x_test)]


@lru_cache
def eigenvalue_of(pixels: Pixels) -> float:
    """Return `largest_eigenvalue` of the training pixels that `prepare` makes."""
    (x, _), _ = prepare(pixels)
    return largest_eigenvalue(x)


def largest_eigenvalue(x: NDArray[np.float32]) -> float:
    """Return the largest eigenvalue of the second moment x'x/n of inputs (n, features).

    Gradient descent on a linear unit diverges at rates above 2 over it (LeCun et al. 1998,
    "Efficient BackProp").
    """
    from scipy.sparse.linalg import svds

    start = np.ones(x.shape[1], dtype=x.dtype)
    (singular_value,) = svds(x, k=1, v0=start, return_singular_vectors=False)
    return float(singular_value) ** 2 / len(x)
