"""`python -m repro new`: the files of a new study, from templates, with the places marked."""

import re
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from keyword import iskeyword, issoftkeyword
from pathlib import Path

from repro.app.lint.problem import Repository, this_repository
from repro.app.terminal.streams import say
from repro.store.files import write_whole
from repro.study.errors import StudyError
from repro.study.folder import study_names
from repro.study.naming import LONGEST_NAME, NAME

TEMPLATES = Path(__file__).parent / "templates"
SUFFIX = ".template"  # so that no tool takes a template for what will be made of it
PLACEHOLDER = "NAME"  # in the paths and in the texts of the templates
NEXT = """
Next: fill in what is marked TODO, then
  python -m repro run {name} --seeds 4   trains a few seeds
  python -m repro run {name}             trains the study as it is written
  python -m repro lint {name}            says what is missing, and the remedy
docs/add-a-thread.md follows a thread from its text to its figure."""


def new(name: str, *, posted: bool) -> int:
    """Write the files of a new study and say which; return the exit status, which is 0.

    Args:
        name: of the study, its thread, its results and its page.
        posted: write a package with the thread's own numpy code, not a single module with Keras.

    Raises:
        StudyError: for a name that is no identifier or is in use; nothing is written then.
    """
    repository = this_repository()
    if repository is None:
        raise StudyError("new needs a clone of the repository, with docs/ and tests/")
    files = new_files(name, posted=posted)
    _refuse(name, repository, list(files))
    _write({repository.root / path: text for path, text in files.items()})
    for path in files:
        say(f"wrote {path}")
    say(NEXT.format(name=name))
    return 0


def new_files(name: str, *, posted: bool) -> dict[Path, str]:
    """Return the texts of a new study's files by their paths in the repository."""
    files = {}
    for kind in ("every", "posted" if posted else "light"):
        folder = TEMPLATES / kind
        for template in sorted(folder.rglob(f"*{SUFFIX}")):
            path = str(template.relative_to(folder)).removesuffix(SUFFIX)
            text = template.read_text(encoding="utf-8")
            files[Path(path.replace(PLACEHOLDER, name))] = text.replace(PLACEHOLDER, name)
    return files


def _write(files: Mapping[Path, str]) -> None:
    """Write files, all or none: some alone would keep their name from being taken again."""
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text.encode())
    except BaseException:
        for path in files:
            with suppress(OSError):  # such as of a disk that became read-only
                path.unlink()
        raise


def _refuse(name: str, repository: Repository, paths: list[Path]) -> None:
    is_word = iskeyword(name) or issoftkeyword(name) or name == "type"  # which is one since 3.12
    if not re.fullmatch(NAME, name) or len(name) > LONGEST_NAME or is_word:
        raise StudyError(
            f"{name!r} is no name for a study: take a Python identifier in small letters, at most "
            f"{LONGEST_NAME}, such as xor_gate"
        )
    if name in study_names():
        raise StudyError(f"a study is named {name!r} already; take another name")
    for module in (f"repro.{name}", name):
        if find_spec(module) is not None:
            raise StudyError(f"{module} is a module, which can be imported; take another name")
    for path in (Path(name), Path("tests", name), *paths):
        if (repository.root / path).exists():
            raise StudyError(f"{path} is there already; take another name, or delete it")
