"""A terminal that shows controls as text and ends when its reader has gone; what it would show."""

import errno
import io
import os
import shutil
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text

from repro.study.text import printable

WIDEST = 100  # columns of a text, in a file or a notebook


class Terminal(Console):
    """A console of rich's that writes controls out, and raises when its reader has gone."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text to be shown, with controls written out."""
        return super().render_str(printable(text), **options)

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError, where rich would end the process by itself."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from None


def text_of(show: Callable[[Console], None], width: int | None = None) -> str:
    """Return what a console would show, without colours, each line with its end.

    Args:
        show: prints on the console that it is given.
        width: in columns; if None, what fits where it is printed.
    """
    out = io.StringIO()
    show(Console(file=out, width=width or _width(), no_color=True))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _width() -> int:
    """Return the columns of the terminal that is printed to, `WIDEST` at most."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return min(WIDEST, shutil.get_terminal_size().columns) if is_terminal else WIDEST
