"""`python -m bench.convolutions`: ways to compute the convolutions of several seeds at once.

Eight seeds' layers, forward and the gradient of their filters: by `tf.vectorized_map` as it is,
which loops; by one operation a seed, side by side, as `fit_seeds` has it; by one product over all
seeds of the images' patches, which TensorFlow extracts, or which are gathered pixel by pixel. The
gradient of the inputs, which takes patches apart again, is left out to the advantage of both.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bench.contest import Contest, run, seconds, show

SEEDS, SIDE, TIMES = 8, 3, 10
LAYERS = {  # rows, height and width, channels, filters, stride
    "8 filters on digits, 32 rows": (32, 28, 1, 8, 2),
    "8 filters on digits, 128 rows": (128, 28, 1, 8, 2),
    "16 filters on 8 channels, 128 rows": (128, 13, 8, 16, 2),
    "32 filters on digits, 32 rows": (32, 28, 1, 32, 1),
    "64 filters on 32 channels, 32 rows": (32, 13, 32, 64, 1),
}


def contests() -> dict[str, Contest]:
    """Return the contenders for every layer."""
    return {name: contest(*sizes) for name, sizes in LAYERS.items()}


def contest(rows: int, size: int, channels: int, filters: int, stride: int) -> Contest:
    """Return what computes a layer for all seeds, each compiled before it is timed."""
    import tensorflow as tf

    from repro.training.vectorize import over_seeds

    out = (size - SIDE) // stride + 1
    images = tf.random.normal((SEEDS, rows, size, size, channels))
    weights = tf.random.normal((SEEDS, SIDE, SIDE, channels, filters))
    errors = tf.random.normal((SEEDS, rows, out, out, filters))

    def layer(stacked: Any) -> Any:
        images, weights, errors = stacked
        with tf.GradientTape() as tape:
            tape.watch(weights)
            outputs = tf.nn.conv2d(images, weights, stride, "VALID")
        return outputs, tape.gradient(outputs, weights, errors)

    def patched(patches_of: Callable[[Any], Any], stacked: Any) -> Any:
        images, weights, errors = stacked
        patches = tf.reshape(patches_of(images), (SEEDS, -1, SIDE * SIDE * channels))
        outputs = patches @ tf.reshape(weights, (SEEDS, -1, filters))
        errors = tf.reshape(errors, (SEEDS, -1, filters))
        gradient = tf.matmul(patches, errors, transpose_a=True)
        return outputs, tf.reshape(gradient, weights.shape)

    def timed(compute: Callable[[Any], Any]) -> Callable[[], float]:
        compiled, stacked = tf.function(compute), (images, weights, errors)
        compiled(stacked)
        return lambda: seconds(lambda: compiled(stacked), TIMES)

    return {
        "tf.vectorized_map": timed(lambda s: tf.vectorized_map(layer, s, warn=False)),
        "one operation a seed": timed(lambda s: over_seeds(layer, s)),
        "one product of patches": timed(partial(patched, partial(extracted, stride))),
        "one product of gathered patches": timed(partial(patched, partial(gathered, stride))),
    }


def extracted(stride: int, images: Any) -> Any:
    """Return the patches of all seeds' images, as TensorFlow extracts them."""
    import tensorflow as tf

    window, steps = [1, SIDE, SIDE, 1], [1, stride, stride, 1]
    return tf.image.extract_patches(
        tf.reshape(images, (-1, *images.shape[2:])),
        sizes=window,
        strides=steps,
        rates=[1, 1, 1, 1],
        padding="VALID",
    )


def gathered(stride: int, images: Any) -> Any:
    """Return the same, each pixel gathered from its place."""
    import tensorflow as tf

    size, channels = images.shape[-2:]
    pixels = tf.reshape(images, (-1, size * size, channels))
    return tf.gather(pixels, places_of_patches(size, stride), axis=1)


def places_of_patches(size: int, stride: int) -> Any:
    """Return the pixels of all windows, one after the other, counted through the image."""
    starts, side = np.arange(0, size - SIDE + 1, stride), np.arange(SIDE)
    lines = (starts[:, None] + side)[:, None, :, None]
    columns = (starts[:, None] + side)[None, :, None, :]
    return (lines * size + columns).reshape(-1)


if __name__ == "__main__":
    from repro.training import quiet  # noqa: F401

    show(run("convolutions"))
