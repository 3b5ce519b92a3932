"""The folders of study files and results; light to import, for `--help`."""

import re
import tomllib
from pathlib import Path
from typing import Any

from repro.study.files import read_regular

RESULTS = Path("results")  # in the folder that a command is called in
STUDY_BYTES = 2**20  # that a study file has at most
# a.b.c.…: the time that tomllib takes for such a key grows by the square of its parts
PART = r"""(?>"[^"\n]*"|'[^'\n]*'|[\w-]+)[ \t]*"""
LONG_KEY = re.compile(rf"""(?<![\w"'-])(?:{PART}\.[ \t]*+){{50}}""")


def studies_folder() -> Path:
    """Return `experiments/`: in a checkout beside the package, in an installation inside it."""
    package = Path(__file__).parent.parent
    beside = package.parent / "experiments"
    return beside if beside.is_dir() else package / "experiments"


def study_names() -> list[str]:
    """Return the names of all studies."""
    return sorted(path.stem for path in studies_folder().glob("*.toml"))


def read_tables(path: Path) -> dict[str, Any]:
    """Read a study file's tables, which nothing else checks yet.

    Raises:
        OSError: if it can't be read, or has too many bytes.
        ValueError: if it is no TOML, or has a key of too many parts.
        RecursionError: if it is nested too deeply to be read.
    """
    text = read_regular(path, STUDY_BYTES, follow=True).decode()
    if LONG_KEY.search(text):
        raise ValueError("a key is nested more deeply than any study is")
    return tomllib.loads(text)
