"""Choose how many processes train a job."""

import math
import multiprocessing
from typing import Any

import numpy as np
import tensorflow as tf

from repro.training.alone import steps_of
from repro.training.feeding.arrays import Arrays
from repro.training.job import Job
from repro.training.sizes import SEEDS_A_BLOCK, one_thread_a_block

# A job that n_jobs says nothing of goes to processes from so many multiplications on. They take
# some tens of seconds, the start of a process 4 to 8 (bench.jobs). The count is the same on every
# machine and in every call, and so are a job's numbers; the seconds are not.
PAYS_FROM = 1e12
A_STEP = 1e7  # multiplications that take as long as what each step costs besides
PASSES = 3  # forward, and the gradients of weights and inputs


def check_n_jobs(n_jobs: Any) -> None:
    """Raise unless it is None or an integer other than 0."""
    if n_jobs is None:
        return
    if not isinstance(n_jobs, int | np.integer) or isinstance(n_jobs, bool):
        raise TypeError(f"n_jobs must be an integer or None, got {n_jobs!r}")
    if n_jobs == 0:
        raise ValueError("n_jobs=0 has no meaning; 1 is this process, -1 all cores")


def processes_for(n_jobs: int | None, job: Job, models: int) -> int:
    """Return the number of processes that train so many models of a job.

    Args:
        n_jobs: counted as scikit-learn does: None is what `joblib.parallel_config` says, and where
            that says nothing, all cores for long jobs that processes can take.
        job: what to train.
        models: of all seeds, and all cells of a grid.
    """
    if n_jobs == 1:
        return 1
    from joblib.parallel import cpu_count, effective_n_jobs

    if n_jobs is not None and multiprocessing.current_process().daemon:
        return n_jobs if n_jobs > 0 else max(1, cpu_count() + 1 + n_jobs)  # joblib counts 1
    count = int(effective_n_jobs(n_jobs))
    if n_jobs is None and count == 1 and _pays(job, models):
        return int(cpu_count())
    return count


def why_one_process(job: Job) -> str | None:
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


def _pays(job: Job, models: int) -> bool:
    if one_thread_a_block() or multiprocessing.parent_process() is not None:
        return False  # blocks already train side by side, or another process decides on the cores
    if why_one_process(job) is not None or not job.data.dense:
        return False
    return multiplications(job, models) >= PAYS_FROM


def multiplications(job: Job, models: int) -> float:
    """Return about how many multiplications it takes to train so many models on arrays."""
    epochs = job.epochs - job.initial_epoch
    steps = epochs * (steps_of(job) or 0)
    products = PASSES * job.cost.products * steps * job.batch_size * models
    return products + A_STEP * steps * math.ceil(models / SEEDS_A_BLOCK)
