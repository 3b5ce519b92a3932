"""Worker processes of this machine: how many, how they start and end, and whether they work."""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import FrameType
from typing import Any

from repro.startup import TRAINS
from repro.training.jobs import heartbeat, spawn

ONE_THREAD = {"NUMBA_NUM_THREADS": "1", **spawn.ONE_THREAD}


class PoolError(RuntimeError):
    """The workers can't be had, or were lost; the message says why and what to do."""


class WatchedPool(ProcessPoolExecutor):
    """A pool whose processes are known, and inherit what only they are to have."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._own: list[multiprocessing.process.BaseProcess] = []
        self._heartbeat = heartbeat.Heartbeat()

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        """Give it work, for which a process may be started."""
        others, self._heartbeat = multiprocessing.active_children(), heartbeat.Heartbeat()
        with spawn.interrupts_held(), _environment(ONE_THREAD | {TRAINS: "1"}):
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
            pause = heartbeat.PATIENCE / heartbeat.LOOKS
            finished, waiting = wait(futures, pause, FIRST_EXCEPTION)
            for future in finished:
                future.result()  # raises what it raised, while others still run
            if not waiting:
                return [future.result() for future in futures]
            if self.is_stalled():
                raise PoolError(
                    f"the processes used no processor time for {heartbeat.PATIENCE:g} s, as where "
                    "they were stopped; run again"
                )

    def is_stalled(self) -> bool:
        """Return whether its processes have used no processor time for too long."""
        return self._heartbeat.is_idle([process.pid or 0 for process in self._own])

    def kill(self) -> None:
        """End its processes, and what they do."""
        for process in self._own:
            process.kill()
        self.shutdown(wait=False, cancel_futures=True)


def quiet_figures() -> None:
    """Keep matplotlib from telling of the folders that it can't write to, a home above all."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def processes(count: int) -> Iterator[WatchedPool]:
    """Return a pool as `new_pool` does; left because of an error, its processes are killed.

    Raises:
        PoolError: if one of them is killed from outside.
    """
    pool = new_pool(count)
    try:
        with ended_with_this_one():
            yield pool
    except BrokenProcessPool:
        kill_all()
        raise PoolError("a process was killed, as where memory is short; run again") from None
    except BaseException:
        kill_all()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def new_pool(count: int) -> WatchedPool:
    """Return a pool of so many single-threaded processes that end when this one does."""
    context = multiprocessing.get_context("spawn")
    return WatchedPool(count, context, initializer=_start)


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


@contextmanager
def ended_with_this_one() -> Iterator[None]:
    """End all processes, at a signal that ends a program, before it ends this one."""
    in_main = threading.current_thread() is threading.main_thread()
    signals = [n for n in spawn.ENDING if in_main and signal.getsignal(n) is signal.SIG_DFL]
    for number in signals:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    threading.excepthook = lambda _: None  # a pool's thread may see its processes end before this
    spawn.end_children()
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


def kill_all() -> None:
    """Kill all processes that this one has started by `multiprocessing`."""
    for process in multiprocessing.active_children():
        process.kill()


def _start() -> None:
    quiet_figures()
    spawn.ignore_interrupts()
    threading.Thread(target=_end_with_driver, daemon=True).start()


def _end_with_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)
