"""The terminal: what is shown there is text, whatever it is made of."""

import errno
import os
from typing import Any

from rich.console import Console
from rich.text import Text

from repro.study.text import printable


class Terminal(Console):
    """A console of rich's whose texts move no cursor, and which ends with its reader."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text to be shown, with controls written out."""
        return super().render_str(printable(text), **options)

    def on_broken_pipe(self) -> None:
        """Raise, so that the command ends as one does whose reader has gone."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from None
