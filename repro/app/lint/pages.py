"""Checks of the pages on which a reader finds a study."""

from collections.abc import Iterator

from repro.app.lint.problem import Problem, Repository
from repro.study.schema import Study

LICENCES = "docs/supply-chain.md"
README = "README.md"


def page_is_there_and_linked(study: Study, repository: Repository) -> Iterator[Problem]:
    """The thread has a page, and the README leads to it."""
    page = repository.short(repository.page(study.name))
    if not (repository.root / page).is_file():
        yield Problem(page, "is not there", "tell there what was found, and why")
    if f"]({page})" not in _text(repository, README):
        yield Problem(README, f"has no link to {page}", "add a line with the thread's answer")


def licence_is_listed(study: Study, repository: Repository) -> Iterator[Problem]:
    """The table of licences has the thread, with what its study file says."""
    rows = [line for line in _text(repository, LICENCES).splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row.startswith("| the thread") and f"`{study.name}`" in row]
    licence = study.thread.licence
    if not any(row.split("|")[2].strip() == licence for row in rows):
        yield Problem(
            LICENCES,
            f"its table does not say that {study.name} is under {licence!r}",
            f"add the row: | the thread of `{study.name}` | {licence} |",
        )


def _text(repository: Repository, name: str) -> str:
    return (repository.root / name).read_text(encoding="utf-8")


CHECKS = (page_is_there_and_linked, licence_is_listed)
