"""Write a fit to a file, and read it back: arrays and JSON, nothing that runs."""

import json
import math
import zipfile
from dataclasses import astuple
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le, MinLen
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from repro.training.alone import Trained
from repro.training.building import NUMBERS, Blueprint, Build, one_line
from repro.training.changed import Changed
from repro.training.feeding.structures import Triple

FORMAT = 1
PLAIN = (int, float, str, type(None))  # arguments that are saved
LARGEST = 2**30  # numbers in the first batch, which reading makes anew
LONGEST = 16  # bytes of a number
KINDS = "biufUS"  # of the arrays
OTHER = "object"  # logs that are text or nothing, or of several types
REFUSED = (KeyError, TypeError, ValueError, EOFError, AttributeError, OverflowError)

Row = dict[str, Any]


def _type_of_logs(name: str) -> str:
    """Return the name of a type; raise `ValueError` for any but short numbers and `OTHER`."""
    dtype = np.dtype(name)
    if name == OTHER:
        return name
    if dtype.itemsize > LONGEST or dtype.shape or dtype.fields or dtype.kind not in "biufV":
        raise ValueError("it is no type of numbers")
    return name


class Description(BaseModel):
    """The rest of a saved fit, besides its arrays."""

    model_config = ConfigDict(extra="forbid")
    format: Literal[1]
    one_at_a_time: str | None
    sample: Any
    arguments: dict[str, bool | int | float | str | None]
    to_give_again: list[str]
    rows: Annotated[dict[Annotated[int, Ge(0), Le(2**32 - 1)], list[Row]], MinLen(1)]
    dtypes: dict[str, Annotated[str, AfterValidator(_type_of_logs)]]
    changed: dict[int, tuple[str, bool, bool]] = {}


def write_fit(
    path: str | Path, trained: dict[int, Trained], sample: Triple, description: dict[str, Any]
) -> None:
    """Write the histories and the states of all models; the file is whole or is not there.

    Args:
        path: of the file.
        trained: by seed.
        sample: the first batch, of which the shapes are kept.
        description: the rest of a `Description`.
    """
    arrays: dict[str, Any] = {
        f"{seed}/{place}": _native(value)
        for seed, own in trained.items()
        for place, value in enumerate(own.whole)
    }
    description = description | {
        "format": FORMAT,
        "sample": _spec(sample),
        "rows": {str(seed): _plain(own.rows) for seed, own in trained.items()},
        "dtypes": _dtypes(trained),
        "changed": {s: astuple(own.changed) for s, own in trained.items() if own.changed},
    }
    text = np.frombuffer(json.dumps(description).encode(), np.uint8)
    path = Path(path)
    _require_file(path)  # a device would be replaced
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            np.savez(file, allow_pickle=False, description=text, **arrays)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_fit(path: str | Path, build: Build) -> tuple[dict[int, Trained], Blueprint, Description]:
    """Read what `write_fit` wrote: trainings by seed, what makes models, and the rest.

    Raises:
        ValueError: if the file is no saved fit, or not of this `build`.
    """
    try:
        description, arrays = _read(Path(path))
        _require_small(description.sample)
        blueprint = Blueprint(build, _sample(description.sample))
        trained = {
            seed: Trained(
                [_typed(row, description.dtypes) for row in rows],
                _state(arrays, seed),
                changed=_changed(description, seed),
            )
            for seed, rows in description.rows.items()
        }
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{path} is no saved fit ({place or 'JSON'}: {first['msg']})") from error
    except (*REFUSED, zipfile.BadZipFile, tf.errors.OpError) as error:
        raise ValueError(f"{path} is no saved fit ({error})") from error
    _check_same_build(blueprint, trained, path)
    return trained, blueprint, description


def _read(path: Path) -> tuple[Description, dict[str, NDArray[Any]]]:
    _require_file(path)  # a pipe would be waited for
    with zipfile.ZipFile(path) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ValueError("it is compressed, which `save` never does: it may unpack to anything")
    with np.load(path, allow_pickle=False) as file:
        if len(set(file.files)) < len(file.files):
            raise ValueError("two arrays have one name")
        description = Description.model_validate_json(file["description"].tobytes())
        arrays = {name: file[name] for name in file.files}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in KINDS:
            raise ValueError(f"{name!r:.40} is no array of numbers")
    return description, arrays


def _require_file(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is no regular file")


def _plain(rows: list[Row]) -> list[Row]:
    return [{name: np.asarray(v).tolist() for name, v in row.items()} for row in rows]


def _native(value: NDArray[Any]) -> NDArray[Any]:
    # numpy reads back its own types alone; a short float of others is exact in 32 bits
    return value if value.dtype.kind in KINDS else value.astype("float32")


def _dtypes(trained: dict[int, Trained]) -> dict[str, str]:
    named: dict[str, set[str]] = {}
    for row in [row for own in trained.values() for row in own.rows]:
        for name, value in row.items():
            dtype = np.asarray(value).dtype
            named.setdefault(name, set()).add(dtype.name if dtype.kind in NUMBERS else OTHER)
    return {name: kinds.pop() if len(kinds) == 1 else OTHER for name, kinds in named.items()}


def _typed(row: Row, dtypes: dict[str, str]) -> Row:
    return {name: np.asarray(row[name], dtypes[name])[()] for name in ("epoch", *row)}


def _changed(description: Description, seed: int) -> Changed | None:
    changed = description.changed.get(seed)
    return Changed(*changed) if changed else None


def _state(arrays: dict[str, NDArray[Any]], seed: int) -> list[NDArray[Any]]:
    count = sum(name.startswith(f"{seed}/") for name in arrays)
    return [arrays[f"{seed}/{place}"] for place in range(count)]


def _spec(structure: Any) -> Any:
    """Describe the tensors of a structure in plain values."""
    if isinstance(structure, dict):
        return {"dict": {name: _spec(value) for name, value in structure.items()}}
    if isinstance(structure, list | tuple):
        return {"list": [_spec(value) for value in structure]}
    if structure is None:
        return None
    return {"shape": list(structure.shape), "dtype": tf.as_dtype(structure.dtype).name}


def _sample(spec: Any) -> Any:
    """Return zeros in place of the tensors that `_spec` describes."""
    if spec is None:
        return None
    if "dict" in spec:
        return {name: _sample(value) for name, value in spec["dict"].items()}
    if "list" in spec:
        return tuple(map(_sample, spec["list"]))
    return tf.zeros([n or 1 for n in spec["shape"]], tf.as_dtype(spec["dtype"]))


def _require_small(spec: Any) -> None:
    """Raise `ValueError` for a first batch of more numbers than `LARGEST`."""
    if (count := _count(spec)) > LARGEST:
        raise ValueError(f"its first batch has {count:.2g} numbers")


def _count(spec: Any) -> int:
    """Return how many numbers the tensors that `_spec` describes have."""
    if spec is None:
        return 0
    if "dict" in spec:
        return sum(map(_count, spec["dict"].values()))
    if "list" in spec:
        return sum(map(_count, spec["list"]))
    return math.prod(n or 1 for n in spec["shape"])


def _check_same_build(blueprint: Blueprint, trained: dict[int, Trained], path: Any) -> None:
    seed, own = next(iter(trained.items()))
    try:
        blueprint.model(seed, own.state)
    except ValueError as error:
        shapes = one_line(error).split(", dtype=")[0]  # behind it Keras prints the weights
        raise ValueError(f"{path} was saved from models of another build ({shapes})") from error
