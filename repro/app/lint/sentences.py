"""Checks of a claim's sentence: it says what is tested, for tables and citations show it alone."""

import re
from collections.abc import Iterator

from repro.app.lint.problem import Problem, Repository
from repro.app.lint.spoken import Spoken, said_in_digits, said_in_words
from repro.study.experiments import metric_kinds
from repro.study.models import Claim, Study

NO_WORSE = r"\b(?:no worse|as good as|as well as)\b"
# What such a sentence is about stands in another one.
FIRST_WORDS = r"^(?:So (?:do|does|is|are)|Nor|It|They|This|These|Such|Nevertheless|However)\b"
LEANS = rf"{FIRST_WORDS}|, too\b|\bthe same \w+ing\b"
COARSE = 1 / 50  # relative; "5 %" does not say 4.6 %


def sentences_say_their_numbers(study: Study, repository: Repository) -> Iterator[Problem]:
    """A claim's bound, margin or target, and the limit of what it counts, stand in its sentence."""
    kinds = metric_kinds(study.name)
    for key, claim in study.claims.items():
        counts = claim.counts_runs or kinds[claim.metric] == "flag"
        spoken = [*said_in_digits(claim.says), *said_in_words(claim.says)]
        for name, number in _needed(claim, counts):
            if not any(_is_said(one, number) for one in spoken):
                yield Problem(
                    repository.place_of_claim(study, key),
                    f"its sentence does not say {number:g}, its {name}",
                    "say it; most tables, and who cites the claim, show nothing but the sentence",
                )


def no_worse_is_within_a_margin(study: Study, repository: Repository) -> Iterator[Problem]:
    """A claim that says "no worse" allows a margin; one that tests for a gain says so."""
    for key, claim in study.claims.items():
        words = re.search(NO_WORSE, claim.says)
        if words and claim.test in ("greater", "less"):
            yield Problem(
                repository.place_of_claim(study, key),
                f'says "{words[0]}", and its test {claim.test!r} asks for a difference',
                'say which is better, or test = "recovers"',
            )


def sentences_stand_alone(study: Study, repository: Repository) -> Iterator[Problem]:
    """A claim's sentence does not need another one before it: whoever cites it shows it alone."""
    for key, claim in study.claims.items():
        if words := re.search(LEANS, claim.says):
            yield Problem(
                repository.place_of_claim(study, key),
                f'its sentence leans on another one: "{words[0].strip(" ,")}"',
                "say what it is about; who cites the claim shows nothing but the sentence",
            )


def _needed(claim: Claim, counts: bool) -> Iterator[tuple[str, float]]:
    """Yield the numbers that the claim's test has, with their names.

    A sentence without one is about most of the runs, if it counts them, and compares with 0.
    """
    if claim.bound and not (counts and claim.reference is None and claim.bound == 0.5):
        yield "bound", claim.bound
    if claim.target is not None:
        yield "target", claim.target
    if claim.published is not None:
        yield "published share", claim.published[0] / claim.published[1]
    limit = claim.share_above if claim.share_below is None else claim.share_below
    if limit is not None:
        yield "limit", limit


def _is_said(spoken: Spoken, number: float) -> bool:
    return spoken.is_said_of(number) and abs(abs(number) - spoken.value) <= COARSE * spoken.value


CHECKS = (sentences_say_their_numbers, sentences_stand_alone, no_worse_is_within_a_margin)
