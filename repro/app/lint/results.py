"""Checks of a results folder: it holds the study as it is written, and what is made of it."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from repro.app.lint.problem import Problem, Repository
from repro.findings.ledger import FILE, read_ledger
from repro.store.provenance import FILE as PROVENANCE
from repro.store.provenance import read_provenance
from repro.store.results import NEEDED, read_results
from repro.store.tables import VERDICTS
from repro.study.experiments import find_experiment, find_mechanism
from repro.study.files import read_regular
from repro.study.models import Study

TABLES = (*NEEDED, "claims.csv")


def tables_are_of_the_study(study: Study, repository: Repository) -> Iterator[Problem]:
    """Every run of the study is there and no other, and every claim with its verdict."""
    folder = Path("results") / study.name
    missing = [name for name in TABLES if not (repository.root / folder / name).is_file()]
    for name in missing:
        yield Problem(folder / name, "is not there", f"run python -m repro run {study.name}")
    if missing:
        return
    results = read_results(repository.root / folder)
    if not _has_every_run(study, results.runs):
        yield Problem(
            folder / "runs.csv",
            "has not the runs that the study has",
            f"run python -m repro run {study.name}",
        )
    if not _has_every_verdict(study, results.claims):
        yield Problem(
            folder / "claims.csv",
            "has not the claims that the study has, each with a verdict",
            f"run python -m repro verdicts {study.name}",
        )


def runs_are_by_this_code(study: Study, repository: Repository) -> Iterator[Problem]:
    """The committed runs are by the code as it is, or were carried over to it."""
    folder = repository.results(study.name)
    if not (folder / PROVENANCE).is_file():
        return  # said already
    recorded = read_provenance(folder).code
    current = find_experiment(study.name).code
    if recorded != current:
        yield Problem(
            repository.short(folder / PROVENANCE),
            f"the runs are by other code: {recorded[:8]}, which now is {current[:8]}",
            f"run python -m repro adopt {study.name} if no number has changed, else "
            f"python -m repro run {study.name}",
        )


def _has_every_verdict(study: Study, claims: pd.DataFrame) -> bool:
    says = {key: claim.says for key, claim in study.claims.items()}
    written = dict(zip(claims.claim, claims.says, strict=True))
    return written == says and set(claims.verdict) <= set(VERDICTS)


def _has_every_run(study: Study, runs: pd.DataFrame) -> bool:
    expected = [(name, seed) for name in study.all_variants for seed in study.seeds_of(name)]
    return list(zip(runs.variant, runs.seed, strict=True)) == expected


def figures_are_there(study: Study, repository: Repository) -> Iterator[Problem]:
    """The runs are drawn, and what the mechanism module draws."""
    for name in ("runs", "mechanism"):
        expected = name == "runs" or find_mechanism(study.name) is not None
        path = repository.results(study.name) / f"{name}.png"
        if path.is_file() != expected:
            wrong = "is not there" if expected else "is there, and no module that draws it"
            remedy = f"run python -m repro figures {study.name}" if expected else "delete it"
            yield Problem(repository.short(path), wrong, remedy)


def ledger_is_that_of_the_tables(study: Study, repository: Repository) -> Iterator[Problem]:
    """The results folder's README is what its tables say."""
    folder = repository.results(study.name)
    if not all((folder / name).is_file() for name in TABLES):
        return  # said already
    text = read_ledger(study, folder)
    path = folder / FILE
    if not path.is_file() or read_regular(path) != text.encode():
        wrong = "is not what the tables say" if path.is_file() else "is not there"
        remedy = f"run python -m repro ledger {study.name}"
        yield Problem(repository.short(path), wrong, remedy)


CHECKS = (
    tables_are_of_the_study,
    runs_are_by_this_code,
    figures_are_there,
    ledger_is_that_of_the_tables,
)
