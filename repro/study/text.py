"""Find and write out the characters of a text that would steer a terminal."""

import unicodedata
from collections.abc import Iterator
from typing import Any

LINES = "\n\t"  # what parts lines and columns is a text's own
JOINERS = "\u200c\u200d"  # words of some languages are written with them


def controls(text: str) -> Iterator[str]:
    """Yield the characters that are not shown but do something to what is.

    They are those that move a cursor, end a table's row, or change the direction of what follows;
    and halves of a pair, which no file can hold. Line feeds and tabs are not among them.
    """
    if text.isascii() and text.isprintable():
        return
    for character in text:
        kind = unicodedata.category(character)
        if kind in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in LINES + JOINERS:
            yield character


def printable(text: str) -> str:
    r"""Return the text with its controls written out, such as `\x1b`.

    Example:
        >>> printable("a\x1b[2Jb")
        'a\\x1b[2Jb'
    """
    written = {ord(control): ascii(control)[1:-1] for control in set(controls(text))}
    return text.translate(written) if written else text


def texts(value: Any) -> Iterator[str]:
    """Yield every text in nested dicts, lists and tuples, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)
