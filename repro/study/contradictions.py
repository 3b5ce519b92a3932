"""Find what in a study file is too large, or contradicts itself or the experiment."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from repro.study.errors import unknown
from repro.study.experiments import Experiment
from repro.study.metrics import DIVERGED, SHARE_OF_RUNS
from repro.study.models import MAX_RUNS, MAX_VARIANTS, MAX_WHOLE, Study
from repro.study.naming import wrong_names
from repro.study.seeds import count_seeds, wrong_spans
from repro.study.validation import explain, first_told


def wrong_sizes(study: Study) -> list[str]:
    """Return what is too much, or is named as nothing can be."""
    problems = []
    for kind, names in (
        ("variants", study.variants),
        ("grids", study.grids),
        ("claims", study.claims),
    ):
        problems += wrong_names(kind, names)
    cells = {name: grid.size for name, grid in study.grids.items()}
    count = len(study.variants) + sum(cells.values())
    if count > MAX_VARIANTS:
        problems.append(f"grids: {count:,} variants are too many; at most {MAX_VARIANTS:,}")
    sized = [(variant.seeds, 1) for variant in study.variants.values()]
    sized += [(grid.seeds, cells[name]) for name, grid in study.grids.items()]
    problems += [wrong for own, _ in sized if own and (wrong := wrong_spans(own))]
    runs = sum(count_seeds(own or study.seeds) * size for own, size in sized)
    return first_told(problems + ([too_many_runs(runs)] if runs > MAX_RUNS else []))


def too_many_runs(runs: int, limit: int = MAX_RUNS) -> str:
    """Return the sentence on more runs than there may be."""
    return f"{runs:,} runs are too many; at most {limit:,}"


def contradictions(study: Study, experiment: Experiment) -> Iterator[str]:
    """Yield a line for each name that there is not, and each parameter with a wrong value."""
    metrics = experiment.metrics
    margins = [name for name in study.margins if name != SHARE_OF_RUNS]
    yield from _wrong_parameters(study, experiment)
    yield from _unknown("metric", "metric", [study.metric], metrics)
    yield from _wrong_claims(study, metrics)
    yield from _unknown("margins", "metric", margins, metrics)
    yield from _wrong_report(study, metrics)


def _wrong_claims(study: Study, metrics: Mapping[str, str]) -> Iterator[str]:
    variants = study.all_variants
    for key, claim in study.claims.items():
        table = f"claims.{key}"
        for role, variant in (("variant", claim.variant), ("reference", claim.reference)):
            if variant is not None and variant not in variants:
                yield from _unknown(f"{table}.{role}", "variant", [variant], study.variants)
        if claim.published and not claim.counts_runs and metrics.get(claim.metric) != "flag":
            yield f"{table}.published: {claim.metric} is no flag; count runs by it"
        if claim.metric != DIVERGED:
            yield from _unknown(f"{table}.metric", "metric", [claim.metric], metrics)


def _wrong_report(study: Study, metrics: Mapping[str, str]) -> Iterator[str]:
    report = study.report
    measured = [gap.metric or study.metric for gap in report.gaps]
    yield from _unknown("report", "variant", report.variants, study.variants)
    yield from _unknown("report", "claim", report.cited, study.claims)
    yield from _unknown("report", "metric", measured, metrics)


def _wrong_parameters(study: Study, experiment: Experiment) -> Iterator[str]:
    """Yield what is wrong with the parameters of the variants, and cells that are there twice."""
    cells: dict[tuple[str, str], str] = {}
    for name, variant in study.all_variants.items():
        place = f"variants.{name}.parameters"
        try:
            fixed = experiment.applicable(study.fixed, variant.parameters)
            parameters = experiment.parameters(fixed | variant.parameters)
        except ValidationError as error:
            yield from (f"{place}.{line}" for line in explain(error, experiment.names))
            continue
        yield from (f"{place}.{line}" for line in beyond_whole(parameters))
        grid, _, cell = name.partition("@")
        if cell and (first := cells.setdefault((grid, repr(parameters)), cell)) != cell:
            yield f"grids.{grid}: {cell} is {first} again; write each value once"
    for key, vary in study.grids.items():
        if len(vary.variants(key)) < vary.size:
            yield f"grids.{key}: two cells have one name; write each value once"


def beyond_whole(parameters: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each whole number that is larger than any parameter can mean."""
    for name, value in parameters.items():
        if isinstance(value, int) and abs(value) > MAX_WHOLE:
            yield f"{name}: is beyond {MAX_WHOLE:,}"


def _unknown(key: str, kind: str, names: Iterable[str], known: Collection[str]) -> Iterator[str]:
    yield from (f"{key}: {unknown(kind, name, known)}" for name in names if name not in known)
