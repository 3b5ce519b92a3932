"""Turn what pydantic finds wrong in a file into lines that name key, fault and value."""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from repro.study.errors import nearest
from repro.study.text import printable

LONGEST_VALUE = 60  # characters of a value in a message


def explain(error: ValidationError, known: Iterable[str] = ()) -> list[str]:
    """Return one line for each thing that pydantic found: the key, what is wrong, the value.

    Args:
        error: of the validation.
        known: names that an unknown key may have been meant to be.
    """
    lines = []
    for e in error.errors(include_url=False):
        key = ".".join(map(str, e["loc"]))
        likely = nearest(str(e["loc"][-1]), known) if e["type"] == "extra_forbidden" else ""
        meant = f"; did you mean {likely!r}?" if likely else ""
        lines.append(f"{key}: {e['msg']}, got {_short(e['input'])}{meant}")
    return lines


def _short(value: Any) -> str:
    text = printable(repr(value))
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
