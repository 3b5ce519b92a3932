"""End a command: each exit code has one meaning, and each error is reported in one line.

    0    done; also what asks for help, or for the version
    1    found: a number that differs, a run that crashed, what `lint` minds
    2    wrong use, or an environment in which it can't be done: a name, a file, a full disk
    130  interrupted: Ctrl-C, or SIGTERM while it trains
    141  nobody reads any more, as behind `| head`

Whatever the code is, what was stored or written before is whole.
"""

import atexit
import errno
import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

import click

from repro.app.cli.environment import check_figure_settings, settle_home
from repro.app.cli.scratch import delete_scratch_folders
from repro.app.terminal.streams import prepare_streams, warn
from repro.running.signals import end_children

FINISHED, FINDING, WRONG, INTERRUPTED, UNREAD = 0, 1, 2, 130, 141
# the last: Python's own code, or a library's, that could not get memory and did not say so
UNABLE = (OSError, MemoryError, ImportError, SystemError)
UNFINISHED = "what was stored or written before is whole; run again"


def run_to_end(command: click.Command, prog_name: str) -> NoReturn:
    """Run a command with this process' arguments, and end the process with its exit code."""
    handled = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    if handled:
        signal.signal(signal.SIGINT, _stop_now)  # until `reported` does something to be ended
        # the last that Python calls: then it gives up its handlers, and Ctrl-C would kill it
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    # twice, since there may be nobody to read what is wrong either
    code = _ended(lambda: _ended(lambda: _invoked(command, prog_name)))
    if handled:
        # while Python ends, a Ctrl-C more would be Python's own
        signal.signal(signal.SIGINT, signal.SIG_IGN if code == INTERRUPTED else _stop_now)
    code = _flushed(code)
    if code == INTERRUPTED:
        _leave(code)
    sys.exit(code)


def _leave(code: int) -> NoReturn:
    """End the process as Python does, but with this code.

    If a text was being executed at Ctrl-C, as where a dataclass is made, Python would in the end
    kill itself by SIGINT.
    """
    end_children()  # or their end would be awaited
    atexit._run_exitfuncs()
    os._exit(code)


def _invoked(command: click.Command, prog_name: str) -> int:
    # not click's main(): it has an exit code of its own for a closed pipe
    with command.make_context(prog_name, sys.argv[1:]) as context:
        command.invoke(context)
    return FINISHED


def _ended(job: Callable[[], int]) -> int:
    """Do a job; return the exit code for the way in which it ends."""
    try:
        prepare_streams()
        return job()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FINISHED if end.code is None else WRONG
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        if isinstance(error, click.UsageError) and error.ctx:
            error.ctx.color = True  # what was typed is repeated whole, not without its escapes
        error.show(shown)
        warn(shown.getvalue().rstrip())
        return WRONG
    except (KeyboardInterrupt, click.Abort) as stop:
        return _interrupted(stop)
    except BrokenPipeError:
        return UNREAD
    except UNABLE as error:
        return _unable(error)


def reported(job: Callable[[], int]) -> int:
    """Do a command's job; return its exit code, after a line on the error that ended it, if any."""
    # Set before TensorFlow and matplotlib are imported.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["MPLBACKEND"] = "agg"  # figures are written, never shown
    os.environ.pop("SOURCE_DATE_EPOCH", None)  # nor dated; numpy ends on what is no number
    from repro.data import DataCorrupt, DataUnavailable
    from repro.running.processes import PoolError, quiet_figures
    from repro.store.database import StoreError
    from repro.study.errors import StudyError

    quiet_figures()
    try:
        settle_home()
        check_figure_settings()
        if signal.getsignal(signal.SIGINT) is _stop_now:
            signal.signal(signal.SIGINT, _stop)
        return job()
    except (StudyError, StoreError, PoolError, DataCorrupt, DataUnavailable) as error:
        warn(f"Error: {error}")
        return WRONG
    except BrokenPipeError:  # for the process to end with
        raise
    except UNABLE as error:
        return _unable(error)
    except KeyboardInterrupt as stop:  # some say more (repro.running.runner.explain_interrupt)
        return _interrupted(stop)


def _unable(error: Exception) -> int:
    if isinstance(error, OSError):
        problem = f"{_place(error)}: {error.strerror or error}"
    elif isinstance(error, ImportError):
        problem = f"what is installed can't be imported: {_reason(error)}"
    else:
        problem = "there is not enough memory"
        problem += f", perhaps: {error}" if isinstance(error, SystemError) else ""
    warn(f"Error: {problem}; nothing is lost")
    return WRONG


def _reason(error: BaseException) -> str:
    """Return why something can't be imported: libraries put pages around the line that tells."""
    inner = error.__cause__ or error.__context__
    if "\n" in str(error) and isinstance(inner, ImportError):
        return _reason(inner)
    return str(error).partition("\n")[0]


def _place(error: OSError) -> str:
    if error.filename:
        return os.fsdecode(error.filename)
    # a folder was asked for: the current one, which is gone, or one for temporary files
    return "a folder" if isinstance(error, FileNotFoundError) else "the output"


def _interrupted(stop: BaseException) -> int:
    if signal.getsignal(signal.SIGINT) is _stop:
        signal.signal(signal.SIGINT, _stop_now)
    with suppress(BrokenPipeError):  # there may be nobody to read it
        warn(f"Stopped at once: {str(stop) or UNFINISHED}.")
    return INTERRUPTED


def _flushed(code: int) -> int:
    """Flush the standard streams; return the exit code, another one if that fails."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError as error:
            # or Python would try again, and complain, when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if error.errno == errno.EPIPE:
                code = code or UNREAD
            elif stream is sys.stdout:
                code = code or _unable(error)
    return code


def _stop(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt at the first Ctrl-C, so that the job cleans up; the next one ends."""
    signal.signal(signal.SIGINT, _stop_now)
    raise KeyboardInterrupt


def _stop_now(number: int, frame: FrameType | None) -> None:
    """End the process and its workers at once; files on disk are whole at every moment."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_children()
    delete_scratch_folders()
    with suppress(OSError):  # there may be nobody to read it
        os.write(2, f"Stopped at once: {UNFINISHED}.\n".encode())
    os._exit(INTERRUPTED)
