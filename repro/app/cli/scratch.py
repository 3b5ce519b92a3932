"""A temporary folder that is deleted however the command ends, by signals too, however many."""

import atexit
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType

from repro.running.signals import ENDING, signals_deferred

_folders: set[Path] = set()  # that are there


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
    with _ended_afterwards():
        with signals_deferred():
            folder = Path(mkdtemp(prefix=prefix))
            _folders.add(folder)
        try:
            yield folder
        finally:
            delete_scratch_folders()


@atexit.register  # if Ctrl-C comes before this is called elsewhere
def delete_scratch_folders() -> None:
    """Delete those that are there; a signal meanwhile is delivered afterwards."""
    with signals_deferred():
        while _folders:
            shutil.rmtree(_folders.pop(), ignore_errors=True)


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
        delete_scratch_folders()  # if a signal kept it from being done
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)
    if ended:
        signal.raise_signal(ended)


def _end(number: int, frame: FrameType | None) -> None:
    for ending in ENDING:
        if signal.getsignal(ending) is _end:
            signal.signal(ending, signal.SIG_IGN)  # once is enough
    raise _Ended(number)
