"""Load the function and the data that the command line names.

A Python file of the user's is code: naming it runs it. Data in `.npz` files are read without
pickle.
"""

import importlib.util
import os
import sys
import zipfile
from difflib import get_close_matches
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from repro.instruments.diagnose.setup.datasets import is_dataset
from repro.instruments.diagnose.setup.errors import DiagnoseError, listed, one_line
from repro.instruments.diagnose.setup.tables import TABLES, load_table
from repro.store.files import open_regular

MAX_BYTES = 4 * 2**30  # of a data file, unpacked; a few of its copies must fit into memory
NAMES = {
    "x": ("x", "X", "x_train", "X_train"),
    "y": ("y", "Y", "y_train", "Y_train"),
    "x_val": ("x_val", "X_val", "x_test", "X_test", "x_valid"),
    "y_val": ("y_val", "Y_val", "y_test", "Y_test", "y_valid"),
    "sample_weight": ("sample_weight", "weights"),
}


def load_object(target: str) -> Any:
    """Run the file of `FILE.py:NAME` and return the object that it calls NAME.

    Raises:
        DiagnoseError: if there is no such file or name, or the file raises.
    """
    file, _, name = target.rpartition(":")
    path = Path(file)
    if path.suffix != ".py" or not path.is_file():
        raise DiagnoseError(
            f"{target!r} must name a Python file and what is in it: my_model.py:build"
        )
    module = _run(path)
    if not hasattr(module, name):
        public = [n for n in vars(module) if not n.startswith("_") and callable(vars(module)[n])]
        nearest = get_close_matches(name, public, n=1)
        meant = f"; did you mean {nearest[0]!r}? It has" if nearest else "; it has"
        raise DiagnoseError(f"{file} has no {name!r}{meant} {', '.join(public) or 'nothing'}")
    return getattr(module, name)


def _run(path: Path) -> Any:
    key = f"_diagnosed_{path.stem}"
    spec = importlib.util.spec_from_file_location(key, path)
    if spec is None or spec.loader is None:  # pragma: no cover
        raise DiagnoseError(f"{path} can't be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[key] = module
    sys.path.insert(0, str(path.parent.resolve()))  # its neighbours can be imported from it
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise DiagnoseError(f"{path} can't be imported: {one_line(error)}") from error
    finally:
        sys.path.pop(0)
    return module


def load_data(target: str, column: str | None = None) -> dict[str, Any]:
    """Return `x`, `y` and, if there, `x_val`, `y_val`, `sample_weight` of a file or a function.

    A function is called without arguments and returns (x, y), (x, y, x_val, y_val), a pair of such
    pairs, a dict with these names, or a `tf.data.Dataset`. Of a table, `column` is `y`.

    Raises:
        DiagnoseError: if they can't be loaded.
    """
    if ".py:" in target:
        _refuse_column(target, column)
        return _from_function(target)
    path = Path(target)
    if path.suffix in TABLES:
        return load_table(path, column)
    try:
        handle = open_regular(Path(target), os.O_RDONLY, follow=True)
        with os.fdopen(handle, "rb") as opened:
            check_sizes(opened, target)
            with np.load(opened, allow_pickle=False) as file:
                known = [name for spellings in NAMES.values() for name in spellings]
                arrays = {name: file[name] for name in _distinct(file.files) if name in known}
                others = dict.fromkeys(file.files)
    except OSError as error:
        raise DiagnoseError(f"{target} can't be read: {error.strerror or error}") from error
    except DiagnoseError:
        raise
    except Exception as error:  # hostile bytes make parsers raise nearly anything
        raise DiagnoseError(
            f"{target} must be an .npz file of plain arrays of numbers (objects would need pickle, "
            "which can run code)"
        ) from error
    for name, array in arrays.items():
        if not _holds_what_it_says(array):
            raise DiagnoseError(f"{target}: its {name} is no array, or says a false shape")
    _refuse_column(target, column)
    return _named(target, others | arrays)


def _refuse_column(target: str, column: str | None) -> None:
    if column is not None:
        raise DiagnoseError(f"--target names a column of a table, and {target} is none")


def _distinct(names: list[str]) -> list[str]:
    """Return the names; raise `ValueError` if one is there twice, which could be either."""
    if len(set(names)) < len(names):
        raise ValueError("two arrays have one name")
    return names


def _holds_what_it_says(array: Any) -> bool:
    """Return whether a member is an array, with bytes for all that its shape says.

    numpy gives back other members as bytes; numbers of no bytes would be any number of rows.
    """
    return (
        isinstance(array, np.ndarray)
        and array.dtype.itemsize > 0
        and max(array.shape, default=0) <= MAX_BYTES
    )


def check_sizes(opened: BinaryIO, target: str) -> None:
    """Raise `DiagnoseError` if an archive would unpack to more than `MAX_BYTES`; unpacks nothing.

    What its index says is no more than a promise, and the unpacking keeps to it.
    """
    with zipfile.ZipFile(opened) as archive:
        total = sum(member.file_size for member in archive.infolist())
    opened.seek(0)
    if total > MAX_BYTES:
        raise DiagnoseError(
            f"{target} unpacks to {total / 2**30:,.1f} GiB, and may to {MAX_BYTES // 2**30} GiB; "
            "give fewer rows, or a function: FILE.py:NAME"
        )


def _from_function(target: str) -> dict[str, Any]:
    function = load_object(target)
    try:
        data = function() if callable(function) else function
    except (Exception, SystemExit) as error:
        raise DiagnoseError(f"{target} raised {one_line(error)}") from error
    if is_dataset(data):
        return {"x": data, "y": None}
    if isinstance(data, dict):
        return _named(target, data)
    if isinstance(data, tuple | list) and len(data) == 4:
        return dict(zip(NAMES, data, strict=False))
    if isinstance(data, tuple | list) and len(data) == 2:
        are_pairs = all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in data)
        flat = [*data[0], *data[1]] if are_pairs else data
        return dict(zip(NAMES, flat, strict=False))
    raise DiagnoseError(f"{target} must return (x, y) or (x, y, x_val, y_val)")


def _named(target: str, arrays: dict[str, Any]) -> dict[str, Any]:
    data = {
        name: arrays[spelling]
        for name, spellings in NAMES.items()
        for spelling in spellings[::-1]
        if spelling in arrays
    }
    missing = [name for name in ("x", "y") if name not in data]
    if missing:
        raise DiagnoseError(f"{target} has no {' and no '.join(missing)}; it has {listed(arrays)}")
    if ("x_val" in data) != ("y_val" in data):
        raise DiagnoseError(f"{target}: x_val and y_val go together")
    return data
