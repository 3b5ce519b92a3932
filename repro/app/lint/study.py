"""Checks of a study file besides those of its schema."""

import itertools
import re
from collections.abc import Iterator

from repro.app.lint.problem import Problem, Repository
from repro.findings.citation import works
from repro.findings.latex.tex import macro
from repro.study.models import CITATION, CITED_VERDICT, NOT_STATED, Study

NUMBER = r"\d[\d.,/]*\d|\d"


def thread_and_we_claim(study: Study, repository: Repository) -> Iterator[Problem]:
    """Somebody in the thread claims something, and so do we."""
    place = repository.short(repository.study_file(study.name))
    speakers = {claim.made_by for claim in study.claims.values()}
    if "us" not in speakers:
        yield Problem(place, "no claim is made by us", 'add one with made_by = "us"')
    if not speakers - {"us"}:
        yield Problem(place, "no claim is the thread's", 'add one with made_by = "question"')


def thread_is_told(study: Study, repository: Repository) -> Iterator[Problem]:
    """The thread has a title, a source and a licence."""
    place = repository.short(repository.study_file(study.name))
    for key in ("title", "source", "licence"):
        if not getattr(study.thread, key).strip():
            yield Problem(place, f"thread.{key} is empty", f'say it, or "{NOT_STATED}"')


def prose_has_no_new_number(study: Study, repository: Repository) -> Iterator[Problem]:
    """A number in the report's prose is one that a title, a label or a claim has."""
    claims = [claim.says for claim in study.claims.values()]
    labels = [variant.label for variant in study.variants.values()]
    known = " ".join([study.title, study.question, study.metric, *claims, *labels])
    report = study.report
    written = f"{report.lead} {report.answer} {report.mechanism}"
    prose = re.sub(CITED_VERDICT, "", re.sub(CITATION, "", written))
    for number in dict.fromkeys(re.findall(NUMBER, prose)):
        if not re.search(rf"(?<!\d){re.escape(number)}(?!\d)", known):
            yield Problem(
                repository.short(repository.study_file(study.name)),
                f"report: {number} is in no title, label or claim",
                "cite a claim that says it, or leave it out",
            )


def work_stands_behind(study: Study, repository: Repository) -> Iterator[Problem]:
    """A published work is behind the study, besides those that are behind all."""
    if not any(study.name in work.studies for work in works().values()):
        yield Problem(
            "repro/findings/references.toml",
            f"no work names {study.name}",
            "add the name to the `studies` of one that the study leans on, or add a work",
        )


def names_differ_in_latex(study: Study, repository: Repository) -> Iterator[Problem]:
    """No two variants, nor two claims, would give LaTeX macros of one name."""
    metrics = dict.fromkeys([study.metric, *(claim.metric for claim in study.claims.values())])
    variants = itertools.product([study.name], study.variants, metrics)
    claims = itertools.product([study.name], ["claim"], study.claims)
    named: dict[str, tuple[str, ...]] = {}
    for parts in (*variants, *claims):
        first = named.setdefault(macro(*parts), parts)
        if first != parts:
            yield Problem(
                repository.short(repository.study_file(study.name)),
                f"{' / '.join(first)} and {' / '.join(parts)} have one name in LaTeX",
                "rename one of them",
            )


CHECKS = (
    thread_and_we_claim,
    thread_is_told,
    prose_has_no_new_number,
    names_differ_in_latex,
    work_stands_behind,
)
