"""Train blocks in worker processes, each on one core.

One process on all cores spends much of its time on keeping its threads in step; processes of one
thread each do not, and what kills one of them does not kill the run.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Self

from repro.running.train import train_block
from repro.store.runs import StoredRun
from repro.study.plan import Block

ONE_THREAD = {
    "NUMBA_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
}
TRIES = 3  # of a block whose worker was killed

Result = list[StoredRun] | Exception


class PoolError(RuntimeError):
    """The workers can't be had, or were lost; the message says why and what to do."""


class Workers:
    """A pool of single-threaded worker processes.

    Args:
        count: how many; by default one a core.
    """

    def __init__(self, count: int | None = None):
        self.count = count or cores()
        self._tries: dict[Block, int] = {}

    def __enter__(self) -> Self:
        self._pool = new_pool(self.count)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:  # stopped at once: what is in flight is given up
            for process in multiprocessing.active_children():
                process.kill()
        self._pool.shutdown(cancel_futures=True)

    def train(
        self, experiment: str, data: str | None, blocks: Iterable[Block]
    ) -> Iterator[tuple[Block, Result]]:
        """Yield each block with its runs, or with what it raised, as it is done.

        A block is taken from `blocks` only when a worker is free for it.
        """
        waiting = iter(blocks)
        retries: list[Block] = []
        running: dict[Future[list[StoredRun]], Block] = {}
        while True:
            while len(running) < self.count:
                block = retries.pop() if retries else next(waiting, None)
                if block is None:
                    break
                running[self._pool.submit(train_block, experiment, data, block)] = block
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                block = running.pop(future)
                try:
                    yield block, future.result()
                except BrokenProcessPool as error:
                    # which worker died is not known: all blocks in flight are tried again
                    lost = [block, *running.values()]
                    running.clear()
                    self._pool = new_pool(self.count)
                    for block in lost:
                        self._tries[block] = self._tries.get(block, 1) + 1
                        if self._tries[block] > TRIES:
                            yield block, error
                        else:
                            retries.append(block)
                    break
                except Exception as error:  # whatever an experiment raises, the others go on
                    yield block, error


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def new_pool(count: int) -> ProcessPoolExecutor:
    """Return a pool of so many single-threaded processes that end when this one does."""
    os.environ.update(ONE_THREAD)  # inherited by the workers, which do the computing
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, context, initializer=_start)


def _start() -> None:
    # Ctrl-C reaches the whole process group: what it means is for the driver to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_driver, daemon=True).start()


def _end_with_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)
