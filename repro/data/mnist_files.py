"""The files that MNIST comes in, and the digests of its arrays."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from repro.data.dataset import Arrays, DataUnavailable, expected_arrays, verified
from repro.data.fetch import NPM_TARBALL
from repro.data.formats import parse_idx, parse_npz, read_file, tar_members

ARRAYS = expected_arrays(
    60_000,
    10_000,
    x_train="741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    y_train="1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    x_test="6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    y_test="ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
)
NPZ = "mnist.npz"
IDX_FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def read_folder(folder: Path) -> Arrays:
    """Return the verified arrays of a folder: `mnist.npz`, the npm tarball or four IDX files."""
    if _exists(folder / NPZ):
        return read_npz(folder / NPZ)
    if _exists(folder / NPM_TARBALL):
        return _read_tarball(folder / NPM_TARBALL)
    files = {name: _idx_path(folder, file) for name, file in IDX_FILES.items()}
    arrays = {name: read_file(path, _idx_parser(name)) for name, path in files.items()}
    return verified(arrays, ARRAYS, folder)


def read_npz(path: Path) -> Arrays:
    """Return the verified arrays of an archive as Keras has it."""
    return verified(read_file(path, lambda data: parse_npz(data, ARRAYS)), ARRAYS, path)


def _read_tarball(path: Path) -> Arrays:
    members = {name: f"package/data/{file}" for name, file in IDX_FILES.items()}

    def parse(data: bytes) -> Arrays:
        contents = tar_members(data, members.values())
        return {name: _idx_parser(name)(contents[member]) for name, member in members.items()}

    return verified(read_file(path, parse), ARRAYS, path)


def _idx_parser(name: str) -> Callable[[bytes], NDArray[np.uint8]]:
    return lambda data: parse_idx(data, name, ARRAYS[name].shape)


def _idx_path(folder: Path, file: str) -> Path:
    for stem in (file, file.replace("-idx", ".idx")):
        for path in (folder / stem, folder / f"{stem}.gz"):
            if _exists(path):
                return path
    raise DataUnavailable(f"{folder} has neither {NPZ} nor {file}")


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # Python 3.11 to 3.13 raise it for a folder that may not be entered
        return False
