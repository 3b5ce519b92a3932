"""Read the tables of a results folder back as the runs that they were made from."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from repro.store.identities import blocks_of
from repro.store.results import Results
from repro.store.runs import StoredBlock, StoredRun

LABELS = ("experiment", "variant", "seed")


def committed_blocks(results: Results) -> list[StoredBlock]:
    """Return the blocks whose runs are in the tables, with these runs.

    A block that crashed has no runs. Curves have the digits, and are of the seeds, that the tables
    keep.
    """
    curves = {key: _curve(rows) for key, rows in results.curves.groupby(["variant", "seed"])}
    settings = results.provenance.settings.variants
    return [
        read
        for variant, rows in results.runs.groupby("variant", sort=False)
        if variant in settings
        for read in _blocks(results, str(variant), rows, curves)
    ]


def _blocks(
    results: Results, variant: str, rows: pd.DataFrame, curves: dict[Any, list[dict[str, Any]]]
) -> Iterator[StoredBlock]:
    recorded = results.provenance
    parameters = recorded.settings.of_variant(variant)
    metrics = [c for c in rows.columns if c not in parameters and c not in LABELS]
    records = dict(zip(rows["seed"].tolist(), _records(rows[metrics]), strict=True))
    for block in blocks_of(recorded, variant, list(records)):
        if any(_has_crashed(records[seed]) for seed in block.seeds):
            continue
        yield (
            block,
            [
                StoredRun(
                    identity=identity,
                    variant=variant,
                    seed=seed,
                    metrics=records[seed],
                    curve=curves.get((variant, seed), []),
                    seconds=recorded.seconds_per_run.get(variant, 0.0),
                )
                for seed, identity in zip(block.seeds, block.identities, strict=True)
            ],
        )


def _has_crashed(metrics: dict[str, Any]) -> bool:
    numbers = (value for name, value in metrics.items() if name != "status")
    return metrics["status"] == "crashed" and all(pd.isna(value) for value in numbers)


def _curve(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return _records(rows.drop(columns=["variant", "seed"]))


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    columns = {name: rows[name].tolist() for name in rows.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
