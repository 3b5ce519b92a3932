"""The start of worker processes: one thread each, and no Ctrl-C before they can handle it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

# Threads that share a product spend much of their time on keeping in step.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
}


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Block SIGINT, in this process and for those started meanwhile until they unblock it."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def ignore_interrupts() -> None:
    """Leave Ctrl-C, which reaches a whole group of processes, to the one that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
