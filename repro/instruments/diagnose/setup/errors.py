"""The error that `diagnose` raises, and other exceptions told in one line."""

import re
from collections.abc import Collection
from itertools import islice

SHOWN = 24  # names in a message; a table may have a million columns
LONGEST = 60  # characters of a name
ARRAY = re.compile(r"\[[-+.,\d\s\[\]einfa]*\n[-+.,\d\s\[\]einfa]*\]")  # printed over lines


class DiagnoseError(ValueError):
    """The network or its data can't be diagnosed; the message says why and what would do.

    Examples:
        >>> from repro import diagnose
        >>> diagnose(lambda: None, [[1.0], [2.0]], [1.0, 2.0])
        Traceback (most recent call last):
            ...
        DiagnoseError: build() must return a compiled keras.Model, got NoneType
    """


def one_line(error: BaseException) -> str:
    """Return an exception's type and message in one line."""
    try:
        text = ARRAY.sub("[…]", re.sub(r"\x1b\[\d+m|\{\{.*?\}\}", "", str(error)))
        lines = [line.strip() for line in text.splitlines() if line.strip()]
    except Exception:  # of a class of the user's, whose own text fails
        lines = []
    # TensorFlow puts the lines of its own code first, Keras the layer that it was in
    first = lines[0] if lines else ""
    row = -1 if first.startswith("in user code") else int("Exception encountered" in first)
    kind = type(error).__name__
    message = lines[min(row, len(lines) - 1)].removeprefix(f"{kind}: ") if lines else ""
    return f"{kind}: {message}"[:200]


def listed(names: Collection[object]) -> str:
    """Return names that a file has, for a message: the first of them, and how many there are."""
    shown = ", ".join(short(name) for name in islice(names, SHOWN))
    return f"{shown} and {len(names) - SHOWN:,} more" if len(names) > SHOWN else shown or "nothing"


def short(name: object) -> str:
    """Return a name that a file has, or its beginning."""
    text = str(name)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
