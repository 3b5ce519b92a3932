"""The committed runs as the page shows them: settings, values, verdicts, sweeps."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from pydantic import ValidationError

from repro.explore.scenes import Scene
from repro.findings.numbers import settled
from repro.findings.statistics import plain_mean
from repro.findings.wording import verdict_name
from repro.store.results import Results
from repro.study.errors import StudyError
from repro.study.experiments import Experiment, find_experiment
from repro.study.models import Study
from repro.study.plan import variant_parameters

VALUES = 500  # runs of a variant that its silhouette is made of
ROWS = 100  # seeds whose row in `runs.csv` is shown
METRIC = {"relu_at_zero": "change"}  # on the scene's axis, where it is not the study's own
HORIZONS = ("epochs", "iterations", "steps")  # parameters that say how long a network trains


def defaults_of(study: Study) -> dict[str, Any]:
    """Return the study's parameters where no variant has others."""
    return find_experiment(study.name).parameters(study.fixed)


def variants_of(study: Study, results: Results) -> list[dict[str, Any]]:
    """Return a study's variants, as far as its results have them."""
    experiment = find_experiment(study.name)
    defaults = defaults_of(study)
    variants = _variants(study, experiment, results.runs)
    return [_differing(variant, defaults) for variant in variants]


def claims_of(results: Results) -> list[dict[str, Any]]:
    """Return a study's claims, each with the variants that it is about."""
    return [_claim(claim) for claim in results.claims.itertuples()]


def maps_of(
    scene: Scene, defaults: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield a scene's sweep as maps, one for each choice of what is not along their sides.

    A map has the settings that it `fits`, the values along its sides, and the mean of each cell. A
    step to the right is one of the slider's, a step up is one of the other's.
    """
    if scene.grid is None:
        return
    sides = (scene.grid.x, scene.grid.y)
    maps: dict[str, dict[tuple[Any, ...], Any]] = {}
    for variant in variants:
        if variant["name"].startswith(f"{scene.grid.name}@"):
            settings = {**defaults, **variant["settings"]}
            own = {k: v for k, v in settings.items() if k not in (*sides, *scene.free)}
            cells = maps.setdefault(json.dumps(own), {})
            cells[tuple(settings[side] for side in sides)] = variant["mean"]
    for fits, cells in maps.items():
        columns, rows = (
            sorted(set(choices), key=scene.control(side).values.index)  # noqa: PD011 - no table
            for side, choices in zip(sides, zip(*cells, strict=True), strict=True)
        )
        yield {"fits": fits, "across": columns, "down": rows[::-1], "cells": cells}


def _variants(study: Study, experiment: Experiment, runs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the variants that are in the table and that the experiment understands."""
    by_variant = dict(iter(runs.groupby("variant", sort=False)))
    for name in filter(by_variant.__contains__, study.all_variants):
        try:
            settings = experiment.parameters(variant_parameters(study, experiment, name))
        except (StudyError, ValidationError):
            continue  # the study has changed since it was run
        yield {"name": name, "settings": settings} | _runs(study, experiment, by_variant[name])


def _differing(variant: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return a variant with those of its settings that are not the defaults."""
    settings = variant["settings"]
    horizon = next((settings[name] for name in HORIZONS if name in settings), 0)
    own = {name: value for name, value in settings.items() if defaults.get(name) != value}
    return {**variant, "settings": own, "horizon": horizon}


def _runs(study: Study, experiment: Experiment, runs: pd.DataFrame) -> dict[str, Any]:
    """Return what the page shows of a variant's runs; nothing that is not a number is a number."""
    runs = runs.sort_values("seed")
    shown = runs.iloc[:ROWS][[*experiment.metrics, "status"]]
    metric = METRIC.get(study.name, study.metric)
    columns = [name for name in shown if shown[name].notna().any()]
    values = runs[metric].head(VALUES)
    return {
        "seeds": len(runs),
        "mean": _plain(plain_mean(runs[metric])),
        "values": ",".join(_short(value, digits=4) for value in values),
        "columns": columns,
        "rows": "\n".join(",".join(map(_short, row)) for row in shown[columns].to_numpy()),
    }


def _short(value: Any, digits: int = 6) -> str:
    """Return a cell as a text, which a browser reads fastest; empty for what is not finite."""
    plain = _plain(value, digits)
    return "" if plain is None else str(plain)


def _plain(value: Any, digits: int = 6) -> Any:
    """Return a cell as JSON has it, short: None for what is not finite."""
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return None
    number = float(f"{settled(value):.{digits}g}")
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _claim(row: Any) -> dict[str, Any]:
    return {
        "id": row.claim,
        "says": row.says,
        "verdict": verdict_name(row.verdict),
        "variants": [name for name in (row.variant, row.reference) if not pd.isna(name)],
        "n": row.n,
    }
