"""Say how many processes train, and what keeps a job in this one."""

import multiprocessing
from typing import Any

import numpy as np
import tensorflow as tf

from repro.training.feeding import Arrays
from repro.training.job import Job


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
    if n_jobs in (None, 1):  # where threads share sums, other processes would round otherwise
        return 1
    from joblib.externals.loky import cpu_count  # it counts what this process may use

    count = 1 if n_jobs is None else n_jobs
    return int(count if count > 0 else max(cpu_count() + 1 + count, 1))


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
