"""The error for a wrong study file or request; its message names what would be right."""

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 24  # names; a study may have many variants, and its grids hundreds


class StudyError(ValueError):
    """A study file, or what was asked of it, is wrong; the message names file, key and remedy."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like another; "" if none is like it."""
    return next(iter(get_close_matches(name, known, n=1)), "")


def unknown(kind: str, name: str, known: Iterable[str], *, owner: str = "") -> str:
    """Return a sentence on a name that is not there, with the nearest one and all others.

    Args:
        kind: of thing that is named, such as "variant".
        name: that was given.
        known: names that there are.
        owner: the study or experiment that they belong to.

    Example:
        >>> unknown("metric", "los", ["loss", "accuracy"])
        "no metric is named 'los'; did you mean 'loss'? There are loss, accuracy"
    """
    names = list(known)
    likely = nearest(name, names)
    meant = f"did you mean {likely!r}? There are" if likely else "there are"
    shown = [known for known in names if "@" not in known][:SHOWN]  # a grid's have settings behind
    hidden = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    place = f" of {owner}" if owner else ""
    first = f"no {kind}{place} is named {name!r}"
    if [likely] == names:
        return f"{first}; did you mean {likely!r}?"
    return f"{first}; {meant} {', '.join(shown)}{hidden}"
