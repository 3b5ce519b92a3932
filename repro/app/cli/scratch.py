"""A temporary folder that is deleted however the command ends, by a signal too."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGHUP)  # they end a program without cleaning up


class _Ended(BaseException):
    """Raised when a signal asks the process to end, so that what is open is closed first."""

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


@contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """Yield a new folder, and delete it afterwards, even if a signal ends the program.

    Args:
        prefix: of its name.
    """
    with _ended_afterwards(), TemporaryDirectory(prefix=prefix) as folder:
        yield Path(folder)


@contextmanager
def _ended_afterwards() -> Iterator[None]:
    """Delay the end by an `ENDING` signal until the block is left.

    Signals that somebody else handles, or that are ignored, are left alone.
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
