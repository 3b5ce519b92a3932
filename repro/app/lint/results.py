"""Checks of a results folder: it holds the study as it is written, and what is made of it."""

from collections.abc import Iterator

import pandas as pd

from repro.app.lint.problem import Problem, Repository
from repro.findings.ledger import ledger, splice
from repro.store.results import read_results
from repro.store.tables import VERDICTS
from repro.study.experiments import find_mechanism
from repro.study.schema import Study, StudyError


def tables_are_of_the_study(study: Study, repository: Repository) -> Iterator[Problem]:
    """Every run of the study is there and no other, and every claim with its verdict."""
    try:
        results = read_results(repository.results(study.name))
    except StudyError as error:
        yield Problem(_folder(study), str(error), f"run python -m repro run {study.name}")
        return
    if not _has_every_run(study, results.runs):
        yield Problem(
            f"{_folder(study)}/runs.csv",
            "has not the runs that the study has",
            f"run python -m repro run {study.name}",
        )
    says = {key: claim.says for key, claim in study.claims.items()}
    claims = results.claims
    if dict(zip(claims.claim, claims.says, strict=True)) != says or not (
        set(claims.verdict) <= set(VERDICTS)
    ):
        yield Problem(
            f"{_folder(study)}/claims.csv",
            "has not the claims that the study has, each with a verdict",
            f"run python -m repro verdicts {study.name}",
        )


def _has_every_run(study: Study, runs: pd.DataFrame) -> bool:
    expected = [
        (name, seed)
        for name, variant in study.all_variants.items()
        for seed in range(study.seeds)[: variant.seeds]
    ]
    return list(zip(runs.variant, runs.seed, strict=True)) == expected


def figures_are_there(study: Study, repository: Repository) -> Iterator[Problem]:
    """The runs are drawn, and what the mechanism module draws."""
    for name in ("runs", "mechanism"):
        wanted = name == "runs" or find_mechanism(study.name) is not None
        path = repository.results(study.name) / f"{name}.png"
        if path.is_file() != wanted:
            wrong = "is not there" if wanted else "is there, and no module that draws it"
            remedy = f"run python -m repro figures {study.name}" if wanted else "delete it"
            yield Problem(repository.short(path), wrong, remedy)


def ledger_is_that_of_the_tables(study: Study, repository: Repository) -> Iterator[Problem]:
    """What stands between the study's marks in `README.md` is what its tables say."""
    readme = repository.root / "README.md"
    try:
        results = read_results(repository.results(study.name))
    except StudyError:
        return  # said already
    text = readme.read_text(encoding="utf-8")
    block = ledger(study, results.runs, results.claims)
    remedy = f"run python -m repro ledger {study.name} --into README.md"
    try:
        if splice(text, study.name, block) != text:
            yield Problem("README.md", f"the ledger of {study.name} is an older one", remedy)
    except ValueError as error:
        yield Problem("README.md", str(error), f"put these marks there and {remedy}")


def _folder(study: Study) -> str:
    return f"results/{study.name}"


CHECKS = (tables_are_of_the_study, figures_are_there, ledger_is_that_of_the_tables)
