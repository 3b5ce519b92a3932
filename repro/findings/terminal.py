"""A terminal that shows controls as text, and ends when its reader has gone."""

import errno
import os
from typing import Any

from rich.console import Console
from rich.text import Text

from repro.study.text import printable


class Terminal(Console):
    """A console of rich's that writes controls out, and raises when its reader has gone."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text to be shown, with controls written out."""
        return super().render_str(printable(text), **options)

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError, where rich would end the process by itself."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from None
