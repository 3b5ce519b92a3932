"""A job as it is sent to another process: in a file, its data in others, which are mapped."""

import json
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from repro.training.building import one_line
from repro.training.feeding.arrays import Arrays
from repro.training.feeding.structures import map_tensors
from repro.training.job import Job
from repro.training.jobs.unfit import Unfit
from repro.training.model_settings import settings_of

# what is no setting of a model, and marshalled code, of which `held` tells a digest
OF_A_PROCESS = re.compile(r"environ\[|<(Root)?Logger|Handler|[.]config[.]code ")
JOB, SETTINGS = ".pickle", ".settings"  # the endings of a job's files


@dataclass(frozen=True)
class Stored:
    """A tensor in a file."""

    path: Path
    dtype: str


@dataclass(frozen=True)
class Parcel:
    """A job in files.

    Attributes:
        folder: of its files. One has the job without data, sample and callbacks, once for all
            blocks, since `build` may hold much; its check has been done.
        name: that no other parcel there has.
        first: the first of all seeds.
        data: for each of training and validation, None or the files of its arrays.
        n: the numbers of samples of both.
        settings: those of Keras that concern the whole process.
    """

    folder: Path
    name: str
    first: int
    data: tuple[Any, Any]
    n: tuple[int, int]
    settings: dict[str, Any]

    def describe(self, model: keras.Model) -> None:
        """Write down the settings of a first model, by which another process knows its own."""
        self.file(SETTINGS).write_text(json.dumps(_told_settings(model)), encoding="utf-8")

    def what_differs(self, model: keras.Model) -> str | None:
        """Name a setting in which this process's first model differs; None if there is none."""
        texts = json.loads(self.file(SETTINGS).read_text("utf-8"))
        expected, own = Counter(map(tuple, texts)), Counter(_told_settings(model))
        missing, other = dict(expected - own), dict(own - expected)
        if not missing and not other:
            return None
        name = next(name for name, _ in (*other, *missing))
        values = [dict(list(pairs)).get(name, "nothing") for pairs in (other, missing)]
        return f"{name} is {values[0]:.60}, and {values[1]:.60} in this process"

    def file(self, ending: str) -> Path:
        """Return the path of a file that belongs to it."""
        return self.folder / f"{self.name}{ending}"


def _told_settings(model: keras.Model) -> list[tuple[str, str]]:
    """Return a model's settings as texts; none if they can't be told."""
    with suppress(Exception):
        texts = [(name, str(value)) for name, value in settings_of(model)]
        return [(name, text) for name, text in texts if not OF_A_PROCESS.search(f"{name} {text}")]
    return []


class Packer:
    """Pack jobs, and write their data to a folder, the same data once."""

    def __init__(self, folder: Path):
        self._folder, self._numbers = folder, count()
        self._written: dict[int, tuple[Arrays, Any]] = {}

    def pack(self, job: Job, first: int) -> Parcel:
        """Return the parcel of a job and the first of its seeds.

        Raises:
            Unfit: if `build` holds what can't be sent.
            OSError: if there is no room.
        """
        parts = (job.data, job.validation)
        bare: Any = {"data": None, "validation": None, "callbacks": None, "check": False}
        alone = replace(job, blueprint=replace(job.blueprint, sample=(None,) * 3), **bare)
        name = str(next(self._numbers))
        (self._folder / f"{name}{JOB}").write_bytes(_pickled(alone))
        return Parcel(
            folder=self._folder,
            name=name,
            first=first,
            data=tuple(data and self._write(data) for data in parts),  # type: ignore[arg-type]
            n=tuple(data.n if data else 0 for data in parts),  # type: ignore[arg-type,union-attr]
            settings=keras_settings(),
        )

    def _write(self, data: Arrays) -> Any:
        if id(data) not in self._written:
            self._written[id(data)] = data, map_tensors(self._write_tensor, data.data)
        return self._written[id(data)][1]

    def _write_tensor(self, tensor: tf.Tensor) -> Stored:
        path = self._folder / f"{next(self._numbers)}.npy"
        np.save(path, tensor.numpy(), allow_pickle=False)
        return Stored(path, tensor.dtype.name)


def _pickled(job: Job) -> bytes:
    from joblib.externals.loky.backend.reduction import dumps

    try:
        return bytes(dumps(job))
    except Exception as error:  # whatever the things that it holds raise
        raise Unfit(f"build can not be sent to another process ({one_line(error)})") from error


def unpack(parcel: Parcel) -> Job:
    """Return the job, with its data; Keras' settings become those of the process that packed it."""
    from joblib.externals.loky.backend.reduction import loads

    take_over(parcel.settings)
    data, validation = (
        Arrays(map_tensors(_read_tensor, stored), n) if stored else None
        for stored, n in zip(parcel.data, parcel.n, strict=True)
    )
    if data is None:
        raise ValueError("a parcel without data")
    job: Job = loads(parcel.file(JOB).read_bytes())  # this process's parent has written it
    blueprint = replace(job.blueprint, sample=data.sample(job.batch_size))
    return replace(job, blueprint=blueprint, data=data, validation=validation)


def keras_settings() -> dict[str, Any]:
    """Return what `keras.config` holds that changes models."""
    return {
        "floatx": keras.config.floatx(),
        "epsilon": keras.config.epsilon(),
        "image_data_format": keras.config.image_data_format(),
        "dtype_policy": keras.config.dtype_policy().name,
    }


def take_over(settings: dict[str, Any]) -> None:
    """Set what `keras_settings` returned in another process."""
    for name, value in settings.items():
        getattr(keras.config, f"set_{name}")(value)


def _read_tensor(stored: Stored) -> tf.Tensor:
    mapped = np.load(stored.path, mmap_mode="r", allow_pickle=False)
    return tf.constant(mapped.view(tf.as_dtype(stored.dtype).as_numpy_dtype))
