"""Turn what pydantic finds wrong in a file into lines that name key, fault and value."""

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from repro.study.errors import nearest
from repro.study.text import printable

LONGEST_VALUE = 60  # characters of a value in a message
MOST_TOLD = 20  # of the things that are wrong


def explain(error: ValidationError, known: Iterable[str] = ()) -> list[str]:
    """Return one line for each thing that pydantic found: the key, what is wrong, the value.

    Args:
        error: of the validation.
        known: names that an unknown key may have been meant to be.
    """
    return first_told(_explained(error, known))


def first_told(problems: Iterable[str]) -> list[str]:
    """Return as many problems as are told at once; the nearest names of each take time."""
    first = list(itertools.islice(problems, MOST_TOLD + 1))
    return [*first[:MOST_TOLD], "there is more"] if len(first) > MOST_TOLD else first


def _explained(error: ValidationError, known: Iterable[str]) -> Iterator[str]:
    for e in error.errors(include_url=False):
        key = ".".join(map(str, e["loc"]))
        likely = _likely(e, known)
        meant = f"; did you mean {likely!r}?" if likely else ""
        yield f"{key}: {e['msg']}, got {_short(e['input'])}{meant}"


def _likely(error: ErrorDetails, known: Iterable[str]) -> str:
    """Return the name, or the value of a few, that was probably meant; "" if there is none."""
    if error["type"] == "extra_forbidden":
        return nearest(str(error["loc"][-1]), known)
    if error["type"] == "literal_error" and isinstance(error["input"], str):
        return nearest(error["input"], re.findall(r"'([^']*)'", error["ctx"]["expected"]))
    return ""


def _short(value: Any) -> str:
    text = printable(repr(value))
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
