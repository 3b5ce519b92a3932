"""`python -m repro new`: the files of a new study, from templates, with the places marked."""

import re
from importlib.util import find_spec
from keyword import iskeyword
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
    for path, text in files.items():
        target = repository.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, text.encode())
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


def _refuse(name: str, repository: Repository, paths: list[Path]) -> None:
    if not re.fullmatch(NAME, name) or len(name) > LONGEST_NAME or iskeyword(name):
        raise StudyError(
            f"{name!r} is no name for a study: take a Python identifier in small letters, at most "
            f"{LONGEST_NAME}, such as xor_gate"
        )
    if name in study_names():
        raise StudyError(f"a study is named {name!r} already; take another name")
    if find_spec(f"repro.{name}") is not None:
        raise StudyError(f"repro.{name} is a module of the package; take another name")
    for path in paths:
        if (repository.root / path).exists():
            raise StudyError(f"{path} is there already; take another name, or delete it")
