"""Choose how many processes train, and whether more than one pays."""

import multiprocessing
from typing import Any

import numpy as np
import tensorflow as tf

from repro.training.alone import steps_of as steps_an_epoch
from repro.training.blocks import blocks_at_once
from repro.training.feeding import Arrays
from repro.training.job import Job

START = 6.0  # seconds until a new process trains, about: imports, then its graph; see bench.jobs
THREADS_GAIN = 1.5  # processes of one thread that do what the threads of this one do, about
FEW_STEPS = 500  # that take less than any start
TIMED = 20  # steps of a block


def check_n_jobs(n_jobs: Any) -> None:
    """Raise unless it is None or an integer other than 0."""
    if n_jobs is None:
        return
    if not isinstance(n_jobs, int | np.integer) or isinstance(n_jobs, bool):
        raise TypeError(f"n_jobs must be an integer or None, got {n_jobs!r}")
    if n_jobs == 0:
        raise ValueError("n_jobs=0 has no meaning; 1 is this process, -1 all cores")


def processes_for(n_jobs: int | None) -> int:
    """Return the number of processes that `n_jobs` stands for, as scikit-learn counts them."""
    if n_jobs == 1:
        return 1
    if n_jobs is None and (blocks_at_once() > 1 or multiprocessing.parent_process() is not None):
        return 1  # blocks already train side by side, or another process decides on the cores
    from joblib.externals.loky import cpu_count  # it counts what this process may use

    if n_jobs is None:
        return int(cpu_count())
    return int(n_jobs if n_jobs > 0 else max(cpu_count() + 1 + n_jobs, 1))


def why_here(job: Job) -> str | None:
    """Name what keeps a job in this process; None if nothing does that can be told beforehand."""
    if multiprocessing.current_process().daemon:
        return "this process is a daemon, which can not start others"
    if tf.config.list_logical_devices("GPU"):
        return "TensorFlow has a GPU, which processes would share"
    if not all(data is None or isinstance(data, Arrays) for data in (job.data, job.validation)):
        return "the data are a data set, which is read once for all seeds"
    if job.callbacks is not None:
        return "callbacks belong to this process: what they change would be changed in another"
    return None


def steps_of(job: Job) -> int:
    """Return the steps of one block's training, but for its validations."""
    return (job.epochs - job.initial_epoch) * (steps_an_epoch(job) or 0)


def pays(seconds: float, processes: int) -> bool:
    """Return whether so many processes end before this one does, which takes these seconds."""
    return seconds * (1 - THREADS_GAIN / processes) > START
