"""Train blocks in worker processes, each on one core.

One process on all cores spends much of its time on keeping its threads in step; processes of one
thread each do not, and what kills one of them does not kill the run. Each is a pool of its own, so
that it is known whose block is lost.

A worker's heartbeat is the processor time that it uses: a thread of its own would beat on while
what it waits for, such as memory, never comes. If it has used none for `PATIENCE`, it is given up,
and its block counts as crashed.
"""

import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
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
PATIENCE = 300.0  # seconds without any processor time, after which a worker is given up
LOOKS = 20  # at a worker within that time
FILES = 16  # that the driver has open for a worker, at most

Result = list[StoredRun] | Exception


class PoolError(RuntimeError):
    """The workers can't be had, or were lost; the message says why and what to do."""


class Stalled(RuntimeError):
    """A worker used no processor time any more, and was given up."""


class Workers:
    """Single-threaded worker processes.

    Args:
        count: how many; by default one a core.
    """

    def __init__(self, count: int | None = None):
        self.count = count or cores()
        self._tries: dict[Block, int] = {}
        self._free: list[_Pool] = []

    def __enter__(self) -> Self:
        _allow_files(FILES * self.count)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:  # stopped at once: what is in flight is given up
            _kill_all()
        for worker in self._free:
            worker.shutdown()

    def train(
        self, experiment: str, data: str | None, blocks: Iterable[Block]
    ) -> Iterator[tuple[Block, Result]]:
        """Yield each block with its runs, or with what it raised, as it is done.

        A block is taken from `blocks` only when a worker is free for it.
        """
        waiting, retries = iter(blocks), list[Block]()
        running: dict[Future[list[StoredRun]], tuple[Block, _Pool]] = {}
        while True:
            while len(running) < self.count:
                block = retries.pop() if retries else next(waiting, None)
                if block is None:
                    break
                worker = self._free.pop() if self._free else new_pool(1)
                try:
                    running[worker.submit(train_block, experiment, data, block)] = block, worker
                except BrokenProcessPool:  # while it had no work
                    retries.append(block)
            if not running:
                return
            finished = wait(running, PATIENCE / LOOKS, FIRST_COMPLETED).done
            for future, (block, worker) in list(running.items()):
                if future not in finished and not worker.is_stalled():
                    continue
                del running[future]
                result = self._result(future, worker)
                if isinstance(result, BrokenProcessPool) and not self._is_tired(block):
                    retries.append(block)
                else:
                    yield block, result

    def _result(self, future: Future[list[StoredRun]], worker: "_Pool") -> Result:
        """Return what a worker's block gave; keep the worker for the next if it can go on."""
        if not future.done():
            worker.kill()
            return Stalled(
                f"its worker used no processor time for {PATIENCE:g} s, as where it gets no memory"
            )
        try:
            runs = future.result()
        except BrokenProcessPool as error:
            return error
        except Exception as error:  # whatever an experiment raises, the others go on
            self._free.append(worker)
            return error
        self._free.append(worker)
        return runs

    def _is_tired(self, block: Block) -> bool:
        """Return whether a block, tried once more, has been tried often enough."""
        self._tries[block] = self._tries.get(block, 1) + 1
        return self._tries[block] > TRIES


def _allow_files(count: int) -> None:
    """Let this process open so many files, if it may: by default 1,024, which 64 cores need."""
    allowed, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= allowed < min(count, limit):  # -1 is no limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, limit), limit))


def _processor_time(process: multiprocessing.process.BaseProcess) -> float:
    """Return the ticks that a process has used; 0 of one that is gone."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return float(fields[11]) + float(fields[12])  # in its own code, and in the system's for it


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def processes(count: int) -> Iterator["_Pool"]:
    """Return a pool as `new_pool` does; left because of an error, its processes are killed.

    Raises:
        PoolError: if one of them is killed from outside.
    """
    pool = new_pool(count)
    try:
        yield pool
    except BrokenProcessPool:
        _kill_all()
        raise PoolError("a process was killed, as where memory is short; run again") from None
    except BaseException:
        _kill_all()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def new_pool(count: int) -> "_Pool":
    """Return a pool of so many single-threaded processes that end when this one does."""
    context = multiprocessing.get_context("spawn")
    return _Pool(count, context, initializer=_start)


class _Pool(ProcessPoolExecutor):
    """A pool whose processes are known, and inherit what only they are to have."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._own: list[multiprocessing.process.BaseProcess] = []
        self._looked, self._used, self._idle = time.monotonic(), -1.0, 0

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        """Give it work, for which a process may be started."""
        others, self._idle = multiprocessing.active_children(), 0
        with _interrupts_held(), _environment(ONE_THREAD):
            future = super().submit(*args, **kwargs)
        self._own += [p for p in multiprocessing.active_children() if p not in others]
        return future

    def results(self, function: Callable[..., Any], *arguments: Iterable[Any]) -> list[Any]:
        """Return what a function gives for each of the arguments, as `map` does.

        Raises:
            PoolError: if the processes use no processor time any more, as where they were stopped.
        """
        calls = zip(*arguments, strict=True)
        futures = [self.submit(function, *call) for call in calls]
        while True:
            finished, waiting = wait(futures, PATIENCE / LOOKS, FIRST_EXCEPTION)
            for future in finished:
                future.result()  # raises what it raised, while others still run
            if not waiting:
                return [future.result() for future in futures]
            if self.is_stalled():
                raise PoolError(
                    f"the processes used no processor time for {PATIENCE:g} s, as where they were "
                    "stopped; run again"
                )

    def is_stalled(self) -> bool:
        """Return whether no processor time was used at any of the last `LOOKS`, from time to time.

        Looks are counted, not seconds: while all is stopped, as by Ctrl-Z, there are none.
        """
        if time.monotonic() - self._looked < PATIENCE / LOOKS:
            return self._idle >= LOOKS
        used = sum(map(_processor_time, self._own))
        self._idle = self._idle + 1 if used == self._used else 0
        self._looked, self._used = time.monotonic(), used
        return self._idle >= LOOKS

    def kill(self) -> None:
        """End its processes, and what they do."""
        for process in self._own:
            process.kill()
        self.shutdown(wait=False, cancel_futures=True)


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
