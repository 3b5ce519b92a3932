"""Checks of what is written by hand for a study: marks that are left, style, ruff, tests."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from repro.app.lint.problem import Problem, Repository, text_of
from repro.app.lint.style import RULES
from repro.study.models import Study

MARK = "TODO"  # what `python -m repro new` leaves where something is to be filled in


def texts_can_be_read(study: Study, repository: Repository) -> Iterator[Problem]:
    """The texts of a study are files in UTF-8, and Python where they should be."""
    pages = [repository.root / "README.md", repository.root / "docs" / "supply-chain.md"]
    for path in [*repository.files(study.name), *pages]:
        try:
            text = text_of(path)
            if path.suffix == ".py":
                ast.parse(text)
        except (OSError, ValueError, SyntaxError, RecursionError) as error:
            yield Problem(
                repository.short(path), f"can't be read: {_reason(error)}", "mend that first"
            )


def _reason(error: Exception) -> str:
    return error.strerror or "" if isinstance(error, OSError) else str(error)


def no_mark_is_left(study: Study, repository: Repository) -> Iterator[Problem]:
    """Every place that was marked to be filled in has been."""
    for path in repository.files(study.name):
        for line, text in enumerate(text_of(path).splitlines(), start=1):
            if MARK in text:
                place = f"{repository.short(path)}:{line}"
                yield Problem(place, f"has the mark {MARK}", "fill it in and delete the mark")


def style_is_that_of_the_house(study: Study, repository: Repository) -> Iterator[Problem]:
    """The rules of `repro.app.lint.style` hold in the thread's modules."""
    for path in repository.modules(study.name):
        text = text_of(path)
        for rule in RULES:
            for line, mistake, remedy in rule(path, text):
                yield Problem(f"{repository.short(path)}:{line}", mistake, remedy)


def tests_are_there(study: Study, repository: Repository) -> Iterator[Problem]:
    """The thread has a test of its own."""
    if not repository.tests(study.name):
        yield Problem(
            f"tests/{study.name}/",
            "holds no test",
            "write one that trains two seeds: weights move, a seed repeats, two seeds differ",
        )


def ruff_finds_nothing(study: Study, repository: Repository) -> Iterator[Problem]:
    """Ruff's rules and its formatter agree with the thread's modules and tests."""
    if not ruff_is_installed():
        return
    files = [*repository.modules(study.name), *repository.tests(study.name)]
    for command in (["check", "--quiet"], ["format", "--check"]):
        process = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--output-format=concise", *map(str, files)],
            cwd=repository.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if process.returncode:
            lines = (process.stdout or process.stderr).strip().splitlines()
            remedy = f"run python -m ruff {command[0]}"
            yield from (Problem("ruff", line, remedy) for line in lines if _names_a_file(line))


def _names_a_file(line: str) -> bool:
    return ".py:" in line


def ruff_is_installed() -> bool:
    """Return True if ruff, which only tests and checks need, can be run."""
    return find_spec("ruff") is not None


CHECKS = (
    no_mark_is_left,
    style_is_that_of_the_house,
    tests_are_there,
    ruff_finds_nothing,
)
