"""Errors of a user's own file, when a command runs it: they name the file."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from repro.study.errors import StudyError


@contextmanager
def errors_of(target: str) -> Iterator[None]:
    """Turn what the code of `FILE.py:NAME` raises into a `StudyError`, which a command reports."""
    from repro.instruments.diagnose import DiagnoseError
    from repro.instruments.diagnose.setup.errors import one_line

    # the error says what was got; Python would add three lines
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    try:
        yield
    except DiagnoseError as error:
        raise StudyError(str(error)) from error
    except (Exception, KeyboardInterrupt):
        raise
    except SystemExit as end:  # it would end the command without a word
        raise StudyError(f"{target} ended the program (SystemExit: {end.code})") from None
    except BaseException as error:  # such as asyncio's CancelledError
        raise StudyError(f"{target} raised {one_line(error)}") from error
