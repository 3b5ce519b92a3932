"""Train blocks in worker processes, each on one core.

One process on all cores spends much of its time on keeping its threads in step; processes of one
thread each do not, and what kills one of them does not kill the run.

The workers' heartbeat is the processor time that they use: a thread of their own would beat on
while what they wait for, such as memory, never comes. If none of them has used any for `PATIENCE`,
they are given up, and the blocks in flight count as crashed.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

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
PATIENCE = 300.0  # seconds without any processor time, after which the workers are given up
LOOKS = 20  # at the workers within that time

Result = list[StoredRun] | Exception


class PoolError(RuntimeError):
    """The workers can't be had, or were lost; the message says why and what to do."""


class Stalled(RuntimeError):
    """A worker used no processor time any more, and was given up."""


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
            _kill_all()
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
                try:
                    running[self._pool.submit(train_block, experiment, data, block)] = block
                except BrokenProcessPool:  # while none of its processes had work
                    retries.append(block)
                    if running:
                        break  # they say so, too
                    self._renew()
            if not running:
                return
            finished = _finished(running)
            if not finished:
                yield from self._given_up(running)
            for future in finished:
                block = running.pop(future)
                try:
                    yield block, future.result()
                except BrokenProcessPool as error:
                    # which worker died is not known: all blocks in flight are tried again
                    lost = [block, *running.values()]
                    running.clear()
                    self._renew()
                    tired = [block for block in lost if self._is_tired(block)]
                    retries += [block for block in lost if block not in tired]
                    yield from ((block, error) for block in tired)
                    break
                except Exception as error:  # whatever an experiment raises, the others go on
                    yield block, error

    def _is_tired(self, block: Block) -> bool:
        """Return whether a block, tried once more, has been tried often enough."""
        self._tries[block] = self._tries.get(block, 1) + 1
        return self._tries[block] > TRIES

    def _given_up(self, running: dict[Future[Any], Block]) -> Iterator[tuple[Block, Result]]:
        yield from ((block, _stalled()) for block in running.values())
        running.clear()
        self._renew()

    def _renew(self) -> None:
        """Take other processes in the place of those that died or stalled."""
        _kill_all()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = new_pool(self.count)


def _finished(running: Iterable[Future[Any]]) -> set[Future[Any]]:
    """Wait for any of the blocks; return those that are done, none if all workers stall."""
    since, earlier = time.monotonic(), -1.0
    while True:
        period = PATIENCE / LOOKS
        finished = wait(running, timeout=period, return_when=FIRST_COMPLETED).done
        if finished:
            return finished
        used = sum(map(_processor_time, multiprocessing.active_children()))
        if used != earlier:
            since, earlier = time.monotonic(), used
        elif time.monotonic() - since > PATIENCE:
            return set()


def _processor_time(process: multiprocessing.process.BaseProcess) -> float:
    """Return the ticks that a process has used; 0 of one that is gone."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return float(fields[11]) + float(fields[12])  # in its own code, and in the system's for it


def _stalled() -> Stalled:
    return Stalled(
        f"its worker used no processor time for {PATIENCE:g} s, as where it gets no memory"
    )


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Return a pool as `new_pool` does; left because of an error, its processes are killed."""
    pool = new_pool(count)
    try:
        yield pool
    except BaseException:
        _kill_all()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def new_pool(count: int) -> ProcessPoolExecutor:
    """Return a pool of so many single-threaded processes that end when this one does."""
    context = multiprocessing.get_context("spawn")
    return _Pool(count, context, initializer=_start)


class _Pool(ProcessPoolExecutor):
    """A pool whose processes inherit what only they are to have."""

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        """Give it work, for which a process may be started."""
        with _interrupts_held(), _environment(ONE_THREAD):
            return super().submit(*args, **kwargs)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C from a process that can't say yet what it means."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set variables for a while: numba here raises if its number of threads changes for good."""
    original = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in original.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _kill_all() -> None:
    for process in multiprocessing.active_children():
        process.kill()


def _start() -> None:
    # Ctrl-C reaches the whole process group: what it means is for the driver to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    threading.Thread(target=_end_with_driver, daemon=True).start()


def _end_with_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)
