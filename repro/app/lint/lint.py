"""`python -m repro lint`: all checks of one study, or of all."""

from collections.abc import Iterator, Sequence
from subprocess import SubprocessError

from repro.app.lint import (
    arms,
    code,
    estimands,
    forms,
    imports,
    numbers,
    pages,
    results,
    sentences,
    study,
)
from repro.app.lint.problem import Check, Problem, Repository, this_repository
from repro.app.terminal.streams import say
from repro.study.errors import StudyError
from repro.study.folder import study_names
from repro.study.models import Study
from repro.study.schema import load_study

# One function a rule; the tests of the repository call the same.
CHECKS: tuple[Check, ...] = (
    code.texts_can_be_read,
    *study.CHECKS,
    *imports.CHECKS,
    *code.CHECKS,
    *pages.CHECKS,
    *results.CHECKS,
    *estimands.CHECKS,
    *arms.CHECKS,
    *forms.CHECKS,
    *sentences.CHECKS,
    *numbers.CHECKS,
)
# Checks that are left out once this one has found something: they need what it looks at.
LEFT_OUT_AFTER: dict[Check, tuple[Check, ...]] = {
    code.texts_can_be_read: CHECKS,
    results.tables_are_of_the_study: (*estimands.CHECKS, *numbers.CHECKS),
}


def lint(names: Sequence[str]) -> int:
    """Print what is wrong with these studies, or with all, a line each; return the exit status.

    0: nothing; 1: something.

    Raises:
        StudyError: for a name that is no study's, or outside a checkout.
    """
    repository = this_repository()
    if repository is None:
        raise StudyError("lint needs a clone of the repository, with docs/ and results/")
    unknown = [name for name in names if name not in study_names()]
    if unknown:
        load_study(unknown[0])  # says which there are
    count = 0
    for name in names or study_names():
        for problem in problems(name, repository):
            say(problem)
            count += 1
    if not code.ruff_is_installed():
        say("ruff is not installed, so its rules were not checked")
    return 1 if count else 0


def problems(name: str, repository: Repository) -> Iterator[Problem]:
    """Yield what is wrong with a study; of what can't be read, that alone."""
    try:
        loaded = load_study(name)
    except StudyError as error:
        yield from _problems_of_the_file(name, error, repository)
        return
    left_out = set[Check]()
    for check in CHECKS:
        if check in left_out:
            continue
        for problem in _problems_by(check, loaded, repository):
            left_out.update(LEFT_OUT_AFTER.get(check, ()))
            yield problem


def _problems_of_the_file(
    name: str, error: StudyError, repository: Repository
) -> Iterator[Problem]:
    path = repository.study_file(name)
    for line in str(error).splitlines():
        prose = line.removeprefix(f"{path}: ")
        yield Problem(repository.short(path), prose, "mend that first; the other checks need it")


def _problems_by(check: Check, loaded: Study, repository: Repository) -> Iterator[Problem]:
    """Yield what a check finds, or why it could not look."""
    try:
        yield from check(loaded, repository)
    except SubprocessError as error:  # of a machine that has much to do, for one
        unfinished = f"{check.__name__} could not be looked at ({error})"
        yield Problem(f"repro/{loaded.name}", unfinished, "run lint again")
    except StudyError as error:  # a table that is none, for one
        remedy = f"run python -m repro run {loaded.name}"
        yield Problem(f"results/{loaded.name}", str(error), remedy)
