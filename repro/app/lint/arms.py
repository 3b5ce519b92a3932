"""Checks of comparisons: what differs between two variants is said, and rates are swept."""

from collections.abc import Iterator

from repro.app.lint.problem import Problem, Repository
from repro.study.models import Claim, Study
from repro.study.plan import all_parameters, differences

BEST_RATE = "best rate"
RATE = "learning_rate"
SIZES = {"epochs", "images", "iterations", "steps"}  # a sweep may be shorter than the run


def every_difference_is_said(study: Study, repository: Repository) -> Iterator[Problem]:
    """A claim on two variants that differ in more than one parameter names each in words."""
    for key, claim in study.claims.items():
        differ = differences(study, claim)
        unsaid = differ if len(differ) > 1 else []
        place = _place(study, repository, key)
        for name in (*(n for n in unsaid if n not in claim.changes), *claim.changes):
            if name not in unsaid:
                yield Problem(
                    place, f"changes has {name}, which is no second difference", "drop it"
                )
            elif name not in claim.changes:
                yield Problem(
                    place,
                    f"its variants differ in {name}, too",
                    f'say it in the sentence, and where: changes.{name} = "these words"',
                )
            elif claim.changes[name] not in f"{claim.says} {claim.because}":
                words = claim.changes[name]
                yield Problem(place, f'says nowhere "{words}" for {name}', "say it")


def best_rates_were_swept(study: Study, repository: Repository) -> Iterator[Problem]:
    """The variants of a claim at "the best rate" are cells of a grid that varies the rate."""
    for key, claim in study.claims.items():
        if BEST_RATE not in f"{claim.says} {claim.because}":
            continue
        for arm in filter(None, (claim.variant, claim.reference)):
            if not any(_sweeps(study, name, arm) for name in study.grids):
                yield Problem(
                    _place(study, repository, key),
                    f'says "{BEST_RATE}", and no grid has the rates that {arm} was chosen from',
                    "add a grid that varies learning_rate, or name the rate in place of the best",
                )


def one_tolerance_a_metric(study: Study, repository: Repository) -> Iterator[Problem]:
    """Claims that a metric is within so much of a number all allow the same.

    Half of it is as much for a share that is within 10 points of 0 or 1.
    """
    allowed: dict[str, float] = {}
    for key, claim in study.claims.items():
        if claim.test != "within":
            continue
        bound = claim.bound * (2 if claim.published and _is_near_an_end(claim) else 1)
        if (first := allowed.setdefault(claim.metric, bound)) != bound:
            yield Problem(
                _place(study, repository, key),
                f"allows {claim.bound:g} of {claim.metric}, another claim {first:g}",
                "give both one bound",
            )


def _sweeps(study: Study, grid: str, arm: str) -> bool:
    """Return whether a grid varies the rate and one of its cells is the arm, but for sizes."""
    if RATE not in study.grids[grid].vary:
        return False
    of_the_arm = all_parameters(study, arm)
    cells = (all_parameters(study, name) for name in study.grids[grid].variants(grid))
    return any(
        all(cell[name] == value for name, value in of_the_arm.items() if name not in SIZES)
        for cell in cells
    )


def _is_near_an_end(claim: Claim) -> bool:
    count, of_all = claim.published or (1, 2)
    return not 0.1 <= count / of_all <= 0.9


def _place(study: Study, repository: Repository, key: str) -> str:
    return f"{repository.short(repository.study_file(study.name))}: claims.{key}"


CHECKS = (every_difference_is_said, best_rates_were_swept, one_tolerance_a_metric)
