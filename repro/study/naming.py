"""The names of studies, variants, grids and claims, and of the folders that are made from them."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from repro.study.errors import StudyError
from repro.study.files import real_path
from repro.study.identity import digest
from repro.study.text import printable

NAME = r"^[a-z][a-z0-9_]*$"  # small letters: on some disks names that differ in case are one
LONGEST_NAME = 60
LONGEST_FOLDER = 180  # bytes; with "@partial" and a scratch name behind it, a disk takes 255


def wrong_names(kind: str, names: Iterable[str]) -> list[str]:
    """Return a line for each name that can't be one, with what it has to be."""
    return [
        f"{kind}: {printable(name)[:LONGEST_NAME]!r} is no name: take small letters, digits and _, "
        f"a letter first, at most {LONGEST_NAME}"
        for name in names
        if not re.fullmatch(NAME, name) or len(name) > LONGEST_NAME
    ]


def results_name(study: str, differs: Sequence[str], identifying: object) -> str:
    """Return the name of a results folder: the study's, then what differs from it behind an @.

    It is a single name, whatever the settings are; where they are too long for one, a digest takes
    the place of the last of them.

    Args:
        study: its name.
        differs: the settings, as `seeds=0-3`; none if the folder is the study's own.
        identifying: all that tells this folder from others, for the digest.
    """
    if not differs:
        return study
    named = re.sub(r"[^\w.,=+@-]", "-", ",".join(differs), flags=re.ASCII)
    room = LONGEST_FOLDER - len(study) - 1
    if len(named) > room:
        named = f"{named[: room - 9]},{digest(identifying)[:8]}"
    return f"{study}@{named}"


def results_path(named: Path | str) -> Path:
    """Return the results folder that a user names, with a name of its own that others can follow.

    Raises:
        StudyError: if it is no path of a folder.
    """
    text = str(named)
    if not text.strip() or "\0" in text:
        raise StudyError(f"{printable(text)!r} names no folder; '.' is the current one")
    path = Path(text)
    if path.name in ("", ".."):  # "@partial" goes behind a name
        path = real_path(path)
    too_long = [part for part in path.parts if len(part.encode("utf-8", "surrogateescape")) > 240]
    if too_long or not path.name:
        wrong = f"{printable(too_long[0][:20])!r}… is too long" if too_long else "it has no name"
        raise StudyError(f"{printable(text[:60])!r} can't be a results folder: {wrong}")
    return path
