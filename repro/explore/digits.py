"""The digits that the page carries, packed small."""

from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repro.data import load

TRAIN, TEST = 1_000, 200  # of each digit as many


def pack_digits() -> dict[str, Any]:
    """Return the first images of `mnist5k` to learn from, then the first to test, for JSON."""
    data = load("mnist5k")
    images = np.concatenate([data.x_train[:TRAIN], data.x_test[:TEST]])
    labels = np.concatenate([data.y_train[:TRAIN], data.y_test[:TEST]])
    packed = b"".join(map(pack_image, images))
    return {
        "train": TRAIN,
        "labels": "".join(map(str, labels)),
        "images": b64encode(packed).decode(),
    }


def pack_image(image: NDArray[np.uint8]) -> bytes:
    """Return a bit a pixel for where there is ink, then the inked pixels' grey levels."""
    flat = image.reshape(-1)
    return np.packbits(flat > 0).tobytes() + flat[flat > 0].tobytes()
