"""The error for what a study says or is asked, and how it names what would be right."""

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 24  # names; a study may have many variants, and its grids hundreds


class StudyError(ValueError):
    """A study file, or what was asked of it, is wrong; the message names file, key and remedy."""


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
    nearest = get_close_matches(name, names, n=1)
    meant = f"did you mean {nearest[0]!r}? There are" if nearest else "there are"
    shown = [known for known in names if "@" not in known][:SHOWN]  # a grid's have settings behind
    hidden = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    place = f" of {owner}" if owner else ""
    first = f"no {kind}{place} is named {name!r}"
    if nearest == names:
        return f"{first}; did you mean {nearest[0]!r}?"
    return f"{first}; {meant} {', '.join(shown)}{hidden}"
