"""A folder for what is needed no longer than a command runs, gone however the command ends."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGHUP)  # they end a program where it is


class _Ended(BaseException):
    """Raised in place of the end that a signal would be."""

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


@contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """Yield a new folder, which is deleted in the end: after a signal that ends the program, too.

    Args:
        prefix: of its name.
    """
    with _ended_afterwards(), TemporaryDirectory(prefix=prefix) as folder:
        yield Path(folder)


@contextmanager
def _ended_afterwards() -> Iterator[None]:
    """Let `ENDING` signals end the process once what is open here is closed.

    Those that somebody else handles, or the caller ignores, are left alone.
    """
    heeded = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in heeded:
        signal.signal(number, _end)
    ended = 0
    try:
        yield
    except _Ended as end:
        ended = end.number
    finally:
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)
    if ended:
        signal.raise_signal(ended)


def _end(number: int, frame: FrameType | None) -> None:
    for ending in ENDING:
        if signal.getsignal(ending) is _end:
            signal.signal(ending, signal.SIG_IGN)  # once is enough
    raise _Ended(number)
