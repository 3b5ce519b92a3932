"""Checks of comparisons: what differs between two variants is said, and rates are swept."""

from collections.abc import Iterator

from repro.app.lint.problem import Problem, Repository
from repro.findings.statistics import mean
from repro.store.tables import read_table
from repro.study.models import Claim, Study
from repro.study.plan import all_parameters, differences

BEST_RATE = "best rate"
RATE = "learning_rate"


def every_difference_is_said(study: Study, repository: Repository) -> Iterator[Problem]:
    """A claim on two variants that differ in more than one parameter names each in words."""
    for key, claim in study.claims.items():
        differ = differences(study, claim)
        unsaid = differ if len(differ) > 1 else []
        place = repository.place_of_claim(study, key)
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


def best_rates_were_found(study: Study, repository: Repository) -> Iterator[Problem]:
    """The variants of a claim at "the best rate" are the best cells of a grid of rates.

    The cells differ from the variant in nothing but the rate, and have seeds that it has not.
    """
    for key, claim in study.claims.items():
        if BEST_RATE not in f"{claim.says} {claim.because}":
            continue
        for arm in filter(None, (claim.variant, claim.reference)):
            place, sweeps = repository.place_of_claim(study, key), list(_sweeps(study, arm))
            if not sweeps:
                yield Problem(
                    place,
                    f'says "{BEST_RATE}", and no grid has the rates that {arm} was chosen from',
                    "add a grid of learning_rate, else as the variant, with seeds of its own",
                )
            elif best := _better_rates(study, repository, arm, sweeps):
                yield Problem(
                    place,
                    f'says "{BEST_RATE}", and {best[0]:g} does better than {arm} in a grid',
                    "take that rate, or name the rate in place of the best",
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
                repository.place_of_claim(study, key),
                f"allows {claim.bound:g} of {claim.metric}, another claim {first:g}",
                "give both one bound",
            )


def _sweeps(study: Study, arm: str) -> Iterator[dict[str, float]]:
    """Yield the grids that an arm's rate was chosen in: the rate of each cell by its name."""
    of_the_arm = all_parameters(study, arm)
    for name, grid in study.grids.items():
        cells = {cell: all_parameters(study, cell) for cell in grid.variants(name)}
        rates = {
            cell: parameters[RATE]
            for cell, parameters in cells.items()
            if RATE in grid.vary and parameters | {RATE: of_the_arm[RATE]} == of_the_arm
        }
        seeds = {seed for cell in rates for seed in study.seeds_of(cell)}
        if of_the_arm[RATE] in rates.values() and seeds.isdisjoint(study.seeds_of(arm)):
            yield rates


def _better_rates(
    study: Study, repository: Repository, arm: str, sweeps: list[dict[str, float]]
) -> list[float]:
    """Return the rates that have the best mean of the study's metric in a grid, but for the arm's.

    A run that diverged has no metric, which rules its rate out.
    """
    table = repository.results(study.name) / "runs.csv"
    if not table.is_file():
        return []  # said already
    runs = read_table(table)
    sign = 1 if study.better == "higher" else -1
    best = []
    for rates in sweeps:
        cells = runs[runs["variant"].isin(rates)].groupby("variant")[study.metric]
        means = sign * cells.agg(mean)  # none where a run has none
        best += [rates[str(means.idxmax())]] if means.notna().any() else []
    return [rate for rate in best if rate != all_parameters(study, arm)[RATE]]


def _is_near_an_end(claim: Claim) -> bool:
    count, of_all = claim.published or (1, 2)
    return not 0.1 <= count / of_all <= 0.9


CHECKS = (every_difference_is_said, best_rates_were_found, one_tolerance_a_metric)
