"""End without a traceback, and with 130, at Ctrl-C while a command is still being imported.

`repro.app.cli.exits` takes over when the command begins. Nothing is imported here that takes time.
"""

import os
import signal
import sys
from types import FrameType


def _is_command() -> bool:
    """Return whether this process was started to run a command of this package."""
    if sys.argv[:1] == ["-m"]:  # while Python looks for the module
        return any(name.split(".")[0] == "repro" for name in sys.orig_argv[1:4])
    return bool(sys.argv) and sys.argv[0].endswith("/repro")


def _end(number: int, frame: FrameType | None) -> None:
    try:
        os.write(2, b"Stopped at once: nothing had begun.\n")
    finally:  # there may be nobody to read it
        os._exit(130)


if _is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _end)
