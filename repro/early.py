"""Help for a command while Python still imports it; then `repro.app.cli.exits` takes over.

Ctrl-C ends it without a traceback, and with 130; `python -m repro.NAME` of a name that there is
not is answered with the nearest. Nothing is imported here that takes time.
"""

import os
import signal
import sys
from importlib.util import find_spec
from types import FrameType


def _module() -> str:
    """Return the module of this package that `python -m` looks for; "" if it is none."""
    if sys.argv[:1] != ["-m"]:  # which Python replaces when it has found the module
        return ""
    names = (word.removeprefix("-m") for word in sys.orig_argv[1:4])
    return next((name for name in names if name.split(".")[0] == "repro"), "")


def _is_command() -> bool:
    """Return whether this process was started to run a command of this package."""
    return bool(_module()) or (bool(sys.argv) and sys.argv[0].endswith("/repro"))


def _refuse_unknown() -> None:
    """End the process if `python -m` looks for a thread that there is not, and say the nearest."""
    _, _, name = _module().partition(".")
    if name and "." not in name and find_spec(f"repro.{name}") is None:
        from repro.study.errors import unknown
        from repro.study.folder import study_names

        print(f"Error: {unknown('study', name, study_names())}", file=sys.stderr)
        sys.exit(2)


def _end(number: int, frame: FrameType | None) -> None:
    try:
        os.write(2, b"Stopped at once: nothing had begun.\n")
    finally:  # there may be nobody to read it
        os._exit(130)


if _is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _end)
_refuse_unknown()
