"""Print lines on the standard streams, in whatever encoding these have."""

import codecs
import os
import re
import sys
import unicodedata
import warnings
from typing import Any

from repro.study.text import printable

LOOKALIKES = {
    "…": "...",
    "–": "-",
    "—": "-",
    "−": "-",
    "⁻": "-",
    "·": "*",
    "×": "x",
    "≤": "<=",
    "≥": ">=",
    "±": "+-",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "†": "+",
    "→": "->",
    "━": "-",
    "╸": "-",
    "╺": "-",
}
RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
PYTHONS_FORM = warnings.formatwarning
PLAIN = "repro-plain"  # the name of the handler of what a stream's encoding lacks


def say(text: object) -> None:
    """Print a line, with controls written out."""
    print(printable(str(text)))


def warn(text: object) -> None:
    """Print a line on the error stream, with controls written out; drop it if the disk is full.

    Raises:
        BrokenPipeError: if the stream's reader has gone.
    """
    try:  # click would write UTF-8 where ASCII is asked for
        print(printable(str(text)), file=sys.stderr)
    except BrokenPipeError:
        raise
    except OSError:  # the exit code says it all the same
        return


def prepare_streams() -> None:
    """Make the streams take any text, whatever their encoding, and open closed ones on /dev/null.

    Otherwise the next file that is opened would get a closed stream's number.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:  # as Python has it, and few libraries expect
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))
    warnings.formatwarning = _form_of_warning
    codecs.register_error(PLAIN, _plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=_usable(stream.encoding), errors=PLAIN)


def _usable(encoding: str) -> str:
    """Return an encoding, or ASCII for one that takes no replacement for what it lacks."""
    try:
        "\ud800".encode(encoding, PLAIN)
    except UnicodeError:  # such as of idna
        return "ascii"
    return encoding


def _form_of_warning(*parts: Any, **named: Any) -> str:
    """Return a warning's lines as Python forms them, with controls written out."""
    return printable(PYTHONS_FORM(*parts, **named))


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Return a replacement for characters that an encoding lacks: letters like them, or "?"."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    last_written = error.object[max(0, error.start - 1) : error.start]
    plain = re.sub(f"(?<![{RAISED}])(?=[{RAISED}])", "^", characters)  # 10^-5, not 105
    if last_written and last_written in RAISED:
        plain = plain.removeprefix("^")
    return "".join(map(_lookalike, plain)), error.end


def _lookalike(character: str) -> str:
    if character in LOOKALIKES:
        return LOOKALIKES[character]
    letters = unicodedata.normalize("NFKD", character)
    return "".join(letter for letter in letters if letter.isascii()) or "?"
