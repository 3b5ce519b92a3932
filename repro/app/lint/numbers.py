"""Checks that the numbers of a page's sentences are those of the evidence that they name."""

import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from repro.app.lint.pages import README, answer, evidence, findings, page_sentences, rows
from repro.app.lint.problem import Problem, Repository, text_of
from repro.app.lint.spoken import Spoken, said_in_digits, said_in_words
from repro.findings.arms import Arms, arms_of, compared, metric_values
from repro.findings.statistics import rate_interval
from repro.store.results import TABLES, Results, read_results
from repro.study.metrics import DIVERGED
from repro.study.models import Study
from repro.study.plan import all_parameters

CLAIM_NUMBERS = ["estimate", "bound", "n"]
YEAR = r"(?:19|20)\d\d"  # of a work that is cited
ALL_RUNS = (
    r"(?<!nearly )\b(?:(?:every|all) (?:run|seed|network)s?|no (?:run|seed|network))\b(?! that)"
)


def sentences_say_what_the_tables_have(study: Study, repository: Repository) -> Iterator[Problem]:
    """Findings, and whatever else on page and README names evidence, are true of the tables."""
    if (tables := _tables(study, repository)) is None:
        return  # said already
    for place, names, sentence in _claimed(study, repository):
        for mistake, remedy in (
            *_wrong_numbers(tables, names, sentence),
            *_overstatements(tables, names, sentence),
        ):
            yield Problem(place, mistake, remedy)


Mistakes = Iterator[tuple[str, str]]  # each with its remedy


def _wrong_numbers(tables: "_Evidence", names: Sequence[str], sentence: str) -> Mistakes:
    """Yield each number that is none of the claims and metrics that its sentence names.

    Nor does it stand in the study file: as a rate, a width, a bound.
    """
    known = list(tables.numbers(names))
    for spoken in _spoken(sentence):
        if not any(map(_is_number_of(spoken), known)):
            mistake = f"{spoken.text} is no number of {', '.join(names) or 'the study file'}"
            yield mistake, "correct it, or name the claim or the measurement that has it"


def _overstatements(tables: "_Evidence", names: Sequence[str], sentence: str) -> Mistakes:
    """Yield what is told of every run, or of none, and is true of a share of them."""
    shares = list(tables.shares(names))
    if shares and not {0.0, 1.0} & set(shares) and (words := re.search(ALL_RUNS, sentence)):
        mistake = f'"{words[0]}" is said of {", ".join(names)}, whose shares are neither 0 nor 1'
        yield mistake, "say in which share of the runs"


def _tables(study: Study, repository: Repository) -> "_Evidence | None":
    """Return what the tables have on a study that has tables and a page."""
    folder = repository.results(study.name)
    files = [repository.page(study.name), *(folder / name for name in TABLES)]
    return _Evidence(study, read_results(folder)) if all(map(Path.is_file, files)) else None


def _claimed(study: Study, repository: Repository) -> Iterator[tuple[Path | str, list[str], str]]:
    """Yield each sentence, or row of a table, to be held to the evidence that it names."""
    path = repository.page(study.name)
    page, place = text_of(path), repository.short(path)
    of_findings = list(findings(page))
    for sentence in of_findings:
        yield place, evidence(study, sentence), sentence
    texts: dict[Path | str, Iterable[str]] = {
        place: (sentence for sentence in page_sentences(page) if sentence not in of_findings),
        README: answer(text_of(repository.root / README), study.name),
    }
    for text, prose in texts.items():
        for sentence in prose:
            if names := evidence(study, sentence):
                yield text, names, sentence
    for row in rows(page):
        if names := [*evidence(study, row), *_numbers_of_variants(study, row)]:
            yield place, names, row


def _numbers_of_variants(study: Study, row: str) -> Iterator[str]:
    """Yield what a row is about that names a variant alone: the study's metric, and failures."""
    for variant in set(re.findall(r"`([^`]+)`", row)) & set(study.all_variants):
        yield from (f"{variant}.{study.metric}", f"{variant}.{DIVERGED}")


def _is_number_of(spoken: Spoken) -> Callable[[float], bool]:
    """Return whether a number is said so; a unit may be left out, as in "57.3 and 58.1 %"."""
    return lambda number: spoken.is_said_of(number) or spoken.is_said_of(100 * number)


class _Evidence:
    """The numbers that claims and measurements have, and those of the study file."""

    def __init__(self, study: Study, results: Results) -> None:
        self.study = study
        self.claims = results.claims.set_index("claim")
        self.arms: Arms = arms_of(results.runs)
        self.written = list(_written(study))

    def numbers(self, names: Sequence[str]) -> Iterator[float]:
        """Yield the numbers of what is named, what two means differ by, and in which ratio."""
        columns = [column for name in names for column in self._columns(name)]
        yield from self.written
        for name in set(names) & set(self.study.claims):
            yield from (float(number) for number in self.claims.loc[name, CLAIM_NUMBERS])
        for column in columns:
            yield from _described(column)
        means = [float(np.nanmean(column)) for column in columns if np.isfinite(column).any()]
        for one, other in itertools.permutations(dict.fromkeys(means), 2):
            ratio = one / other if other else math.nan
            yield from (one - other, ratio, 1 - ratio)

    def shares(self, names: Sequence[str]) -> Iterator[float]:
        """Yield the shares of runs among what is named."""
        for column in (column for name in names for column in self._columns(name)):
            if _is_share(column):
                yield float(np.nanmean(column))

    def _columns(self, name: str) -> Iterator[np.ndarray]:
        """Yield the runs' values of a measurement, or of a claim's variants."""
        if name not in self.study.claims:
            variant, _, metric = name.rpartition(".")
            yield metric_values(self.arms[variant], metric)
            return
        claim = self.study.claims[name]
        judged = compared(self.arms, name, claim)
        yield from (side.to_numpy() for side in judged if isinstance(side, pd.Series))
        for arm in filter(None, (claim.variant, claim.reference)):
            yield metric_values(self.arms[arm], claim.metric)


def _spoken(sentence: str) -> Iterator[Spoken]:
    """Yield the numbers of a sentence but for years."""
    prose = " ".join("".join(sentence.split("`")[::2]).split())  # without what is in backticks
    for spoken in said_in_digits(prose):
        if not re.fullmatch(YEAR, spoken.text):
            yield spoken


def _written(study: Study) -> Iterator[float]:
    """Yield the numbers that stand in the study file."""
    claims = [f"{claim.says} {claim.because}" for claim in study.claims.values()]
    labels = [variant.label for variant in study.variants.values()]
    questions = [f"{item.question} {item.assumption}" for item in study.open_questions]
    text = " ; ".join([study.title, study.question, *claims, *labels, *questions])
    yield from (spoken.value for spoken in (*said_in_digits(text), *said_in_words(text)))
    for name, variant in study.all_variants.items():
        yield from (
            value
            for value in all_parameters(study, name).values()
            if isinstance(value, int | float)
        )
        yield from variant.quotes


def _described(column: np.ndarray) -> Iterator[float]:
    """Yield how many values a column has, mean, median and ends; a flag's counts and interval."""
    finite = column[np.isfinite(column)]
    yield from (len(column), len(finite))
    if finite.size:
        yield from (float(finite.mean()), 1 - float(finite.mean()))
        yield from map(float, np.quantile(finite, [0, 0.1, 0.5, 0.9, 1]))
        yield from (float(np.sum(finite == flag)) for flag in (0, 1))
    if _is_share(column):
        yield from rate_interval(finite)


def _is_share(column: np.ndarray) -> bool:
    """Return whether a column counts runs: what is known of it is 0 or 1."""
    finite = column[np.isfinite(column)]
    return bool(finite.size) and set(np.unique(finite)) <= {0.0, 1.0}


CHECKS = (sentences_say_what_the_tables_have,)
