"""Train blocks on a worker of a cluster.

dask runs a task in a thread, which nothing can stop, in a process that may have many threads. So a
worker keeps a process of its own that trains, as a driver without a cluster does, and kills it when
nobody waits for its runs any more.
"""

import multiprocessing
import os
import signal
from concurrent.futures import wait
from typing import Any

from distributed import Status, Worker, get_worker

from repro import __version__
from repro.data import load
from repro.running.processes import PoolError, new_pool
from repro.running.train import train_block
from repro.store.runs import StoredRun
from repro.study.experiments import find_experiment
from repro.study.identity import fingerprint, flat
from repro.study.keras_settings import settings_told
from repro.study.plan import Block

POLL = 0.5  # seconds between two looks whether a block is still wanted
OPEN = (Status.running, Status.paused, Status.closing_gracefully)

Facts = dict[str, str]


class Trainer:
    """A process on a worker that trains block after block.

    dask keeps it there, and lets go of it with the driver; then the process ends.
    """

    def __init__(self, experiment: str, data: str | None):
        os.environ["KERAS_BACKEND"] = "tensorflow"  # as `repro.app.cli.exits.reported` does
        # A nanny makes its worker a daemon, whose children could outlive it; ours do not.
        vars(multiprocessing.current_process())["_config"]["daemon"] = False
        self.pool = new_pool(1)
        self.pid, self.facts = self.pool.submit(_introduce, experiment, data).result()


def facts(experiment: str, data: str | None) -> Facts:
    """Return all that a run's numbers depend on besides its settings, by name."""
    return {
        "package": f"repro-relu {__version__}",
        "code": find_experiment(experiment).code,
        "data": load(data).sha256 if data else "",
        **flat(fingerprint(), member="present"),
        **settings_told(),
    }


def start_trainer(experiment: str, data: str | None, expected: Facts) -> Trainer:
    """Start a process that trains, on the worker that is asked to.

    Raises:
        PoolError: if its numbers would not be the driver's; says by what they differ.
    """
    trainer = Trainer(experiment, data)
    if differences := _differences(trainer.facts, expected):
        trainer.pool.shutdown()
        raise PoolError(", ".join(differences))
    return trainer


def train_on(trainer: Trainer, experiment: str, data: str | None, block: Block) -> list[StoredRun]:
    """Train a block; give it up when the driver, or the scheduler, is gone."""
    worker = get_worker()
    key = worker.get_current_task()
    future = trainer.pool.submit(train_block, experiment, data, block)
    while not wait([future], timeout=POLL).done:
        if not _is_wanted(worker, key):
            os.kill(trainer.pid, signal.SIGKILL)
    return future.result()


def _is_wanted(worker: Worker, key: Any) -> bool:
    # dask forgets the tasks of a driver that is gone; one that runs is then "cancelled"
    task = worker.state.tasks.get(key)
    return worker.status in OPEN and task is not None and task.state == "executing"


def _introduce(experiment: str, data: str | None) -> tuple[int, Facts]:
    return os.getpid(), facts(experiment, data)


def _differences(worker: Facts, driver: Facts) -> list[str]:
    return [
        f"{name} is {_short(worker.get(name))} there, {_short(driver.get(name))} here"
        for name in sorted(worker.keys() | driver.keys())
        if worker.get(name) != driver.get(name)
    ]


def _short(value: str | None) -> str:
    is_digest = value is not None and len(value) == 64
    return "absent" if value is None else repr(value[:12] if is_digest else value)
