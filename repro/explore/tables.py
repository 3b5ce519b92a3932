"""The committed runs as the page shows them: settings, values and verdicts, as plain data."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from pydantic import ValidationError

from repro.findings.wording import verdict_name
from repro.store.results import Results
from repro.study.errors import StudyError
from repro.study.experiments import Experiment, find_experiment
from repro.study.plan import variant_parameters
from repro.study.schema import Study

VALUES = 500  # runs of a variant that its silhouette is made of
ROWS = 100  # seeds whose row in `runs.csv` is shown
METRIC = {"relu_at_zero": "change"}  # on the scene's axis, where it is not the study's own
HORIZONS = ("epochs", "iterations", "steps")  # parameters that say how long a network trains


def table_of(study: Study, results: Results) -> dict[str, Any]:
    """Return a study's variants, claims and defaults, as far as its results have them."""
    experiment = find_experiment(study.name)
    defaults = experiment.parameters(study.fixed)
    variants = _variants(study, experiment, results.runs)
    return {
        "question": study.question,
        "defaults": defaults,
        "variants": [_differing(variant, defaults) for variant in variants],
        "claims": [_claim(claim) for claim in results.claims.itertuples()],
    }


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
        "mean": _plain(runs[metric].mean()),
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
    number = float(f"{value:.{digits}g}")
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _claim(row: Any) -> dict[str, Any]:
    return {
        "id": row.claim,
        "says": row.says,
        "verdict": verdict_name(row.verdict),
        "variant": row.variant,
        "reference": None if pd.isna(row.reference) else row.reference,
        "n": row.n,
    }
