"""Train one block: from an experiment's data frames to the runs that the store holds."""

import math
import time
from typing import Any

import numpy as np
import pandas as pd

from repro.store.runs import StoredRun
from repro.study.experiments import find_experiment
from repro.study.plan import Block


def train_block(name: str, data: str | None, block: Block) -> list[StoredRun]:
    """Run the experiment of that name on one block."""
    experiment = find_experiment(name)
    start = time.perf_counter()
    given = dict(block.parameters) if data is None else {"data": data, **block.parameters}
    runs, curves = experiment.run(seeds=list(block.seeds), **given)
    seconds = (time.perf_counter() - start) / len(block.seeds)
    points = {seed: _records(rows.drop(columns="seed")) for seed, rows in curves.groupby("seed")}
    rows = {row["seed"]: row for row in _records(runs)}
    return [
        StoredRun(
            identity,
            block.variant,
            seed,
            {name: rows[seed][name] for name in (*experiment.metrics, "status")},
            points.get(seed, []),
            seconds,
        )
        for seed, identity in zip(block.seeds, block.identities, strict=True)
    ]


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    columns = [[_plain(value) for value in rows[column].to_numpy()] for column in rows.columns]
    return [dict(zip(rows.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(value: Any) -> Any:
    # the shortest decimals that give the same float32: 0.9346, not 0.9345999956130981
    if isinstance(value, np.floating) and value.dtype.itemsize < 8 and math.isfinite(value):
        return float(str(value))
    return value.item() if isinstance(value, np.generic) else value
