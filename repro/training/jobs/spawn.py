"""Signals and worker processes: one thread each, and no Ctrl-C before they can handle it."""

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import util

# Threads that share a product spend much of their time on keeping in step.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
}

# they end a program without cleaning up; the last as its processor time is used up
ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU)
INTERRUPTING = (signal.SIGINT, *ENDING)


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Keep back what would interrupt the main thread; the first such signal comes afterwards.

    Blocking them would not do: another thread, as of a library, takes what this one blocks.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # which no signal interrupts
        return
    received: list[int] = []
    heeded = [n for n in INTERRUPTING if signal.getsignal(n) not in (signal.SIG_IGN, None)]
    handlers = {number: signal.getsignal(number) for number in heeded}
    try:
        for number in heeded:
            signal.signal(number, lambda sent, _: received.append(sent))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if received:
        signal.raise_signal(received[0])


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Keep signals back, as `signals_deferred`, and SIGINT from processes that start meanwhile.

    These unblock it when they can handle it.
    """
    with signals_deferred():
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def ignore_interrupts() -> None:
    """Leave Ctrl-C, which reaches a whole group of processes, to the one that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def end_children() -> None:
    """Kill the processes that `multiprocessing` started, before this one is ended by a signal."""
    for process in multiprocessing.active_children():
        process.kill()
    with suppress(Exception):  # of semaphores: Python would warn of those that are left
        util._run_finalizers(0)  # type: ignore[attr-defined]
