"""Train, in a worker process, blocks of seeds of the jobs that it is sent."""

import json
import math
import os
import shutil
import threading
import time
from contextlib import suppress
from multiprocessing import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.training.jobs.spawn import ignore_interrupts
from repro.training.jobs.unfit import Unfit

if TYPE_CHECKING:
    from repro.training.alone import Trained
    from repro.training.building import State
    from repro.training.jobs.first_steps import Expected
    from repro.training.jobs.parcel import Parcel
    from repro.training.trainer import Trainer

LOG, ALIKE = ".jsonl", ".alike"  # files of a block's epochs; of a job that is the same here
LOOKS_EVERY = 0.5  # seconds, whether the process that sends the work is still there
LAST = 2.0  # seconds that a worker which is told to end may take

_trainers: dict[str, "Trainer"] = {}  # the last job's: its graphs serve all its blocks
_folders: set[Path] = set()  # of the jobs; whoever sent them may be killed before deleting them


def begin(parent: int) -> None:
    """Leave Ctrl-C to the process that sends the work, and end when that one does."""
    ignore_interrupts()
    _keep_memory()
    threading.Thread(target=_end_with, args=[parent], daemon=True).start()


def _keep_memory() -> None:
    # Where psutil is installed, as with every notebook, loky takes a process that has grown by 300
    # MB for one that leaks, and replaces it. One block's graph and data are as much, or much more.
    # It also warns then, in a thread of its own, which ends if warnings are errors.
    from joblib.externals.loky import process_executor

    process_executor._MAX_MEMORY_LEAK_SIZE = math.inf


def get_ready() -> None:
    """Import what training takes, while the other process still builds its own graph."""
    from repro.training import blocks  # noqa: F401
    from repro.training.jobs import first_steps  # noqa: F401


def train_block(
    *,
    parcel: "Parcel",
    place: int,
    seeds: list[int],
    start: dict[int, "State"],
    expected: "list[Expected]",
) -> list[tuple[int, "Trained"]]:
    """Train a block of a job; return each seed and its training.

    Args:
        parcel: the job.
        place: of the block among the job's.
        seeds: the block's.
        start: states to go on from, by seed.
        expected: what the other process's first steps made of them; empty if it took none.

    Raises:
        Unfit: if the first steps differ here, beyond rounding, or anything fails.
        NotFused: if the seeds can't be trained at once.
    """
    from repro.training.block import NotFused

    failure: Exception
    try:
        return _train_block(parcel, place, seeds, start=start, expected=expected)
    except (NotFused, Unfit) as error:
        failure = type(error)(str(error))
    except BaseException as error:  # also `sys.exit()`
        failure = Unfit(_failure(error))
    raise failure  # here, where it has no cause or context, which might be what can't be sent


def _failure(error: BaseException) -> str:
    from repro.training.building import one_line

    notes = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))
    return f"a worker failed with {type(error).__name__} ({one_line(error)}{notes})"


def _train_block(
    parcel: "Parcel", place: int, seeds: list[int], *, start: Any, expected: "list[Expected]"
) -> list[tuple[int, "Trained"]]:
    from repro.training import quiet

    _folders.add(parcel.folder)
    with quiet.without_graph_notes():
        trainer = _trainer_of(parcel)
        trainer.start = start
        if expected:
            _check_alike(trainer, seeds, expected)
            with suppress(OSError):  # as of a full disk: then progress is not shown
                parcel.file(ALIKE).touch()
        log = parcel.file(f"_{place}{LOG}")
        trainer.advance = lambda count, logs: _log_epoch(log, count, logs)
        return list(trainer.train([seeds]))


def _check_alike(trainer: "Trainer", seeds: list[int], expected: "list[Expected]") -> None:
    from repro.training.jobs.first_steps import what_is_unexpected

    _, models, block = trainer.prepare(seeds)
    if differs := what_is_unexpected(block, seeds, models, expected):
        raise Unfit(
            f"build() makes another model in another process: {differs} after the first steps"
        )


def _trainer_of(parcel: "Parcel") -> "Trainer":
    key = str(parcel.file(""))
    if key not in _trainers:
        from repro.training.jobs.parcel import unpack
        from repro.training.trainer import Trainer

        _trainers.clear()
        try:
            job = unpack(parcel)
        except OSError as error:
            raise Unfit(f"the data can not be read in another process ({error})") from None
        trainer = Trainer(job, {}, lambda count, logs: None)
        trainer.first = job.blueprint.model(parcel.first)
        if differs := parcel.what_differs(trainer.first):
            raise Unfit(f"build() makes another model in another process: there {differs}")
        _trainers[key] = trainer
    return _trainers[key]


def _log_epoch(log: Path, count: int, logs: dict[str, Any]) -> None:
    import numpy as np

    means = {name: float(np.mean(values)) for name, values in logs.items()}
    with suppress(OSError), log.open("a", encoding="utf-8") as file:  # it is progress alone
        file.write(json.dumps({"count": count, "logs": means}) + "\n")


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOKS_EVERY)
        if util.is_exiting():  # while threads or processes of somebody's may go on for ever
            time.sleep(LAST)
            os._exit(0)
    for folder in tuple(_folders):
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)
