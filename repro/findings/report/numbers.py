"""All runs of every variant, and the thread's numbers beside ours."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.findings.numbers import interval, number, number_list
from repro.findings.report.axis import Axis, axis_of
from repro.findings.report.prose import Piece, pieces
from repro.findings.summary import named_runs, summarize
from repro.study.schema import Study, Variant

BINS = 120  # along the axis
LEVELS = 14  # across it, half to each side


@dataclass(frozen=True)
class Row:
    """A variant: what the thread says, what came out, and where to draw it (percent)."""

    label: list[Piece]
    group: str
    quoted: str
    mean: str
    interval: str
    n: int
    lost: str
    dots: str
    mean_at: float | None
    low_at: float | None
    high_at: float | None
    quotes_at: list[float | None]


@dataclass(frozen=True)
class Numbers:
    """The rows, by group, on their common axis."""

    axis: Axis
    quoted: bool  # whether the thread has any number of this kind
    groups: dict[str, list[Row]]


def numbers_of(study: Study, runs: pd.DataFrame) -> Numbers:
    """Return all named variants that have runs, in the study's order within each group."""
    named = named_runs(study, runs)
    quotes = [quote for variant in study.variants.values() for quote in variant.quotes]
    axis = axis_of([*named[study.metric], *quotes], log=study.log_scale)
    summary = summarize(study, named).set_index("variant")
    groups: dict[str, list[Row]] = {}
    for name, variant_runs in named.groupby("variant", sort=False):
        variant = study.variants[str(name)]
        values = variant_runs[study.metric].to_numpy(float)
        row = _row(variant, values, variant_runs["status"], summary=summary.loc[name], axis=axis)
        groups.setdefault(row.group, []).append(row)
    return Numbers(axis, bool(quotes), groups)


def _row(
    variant: Variant,
    values: NDArray[np.float64],
    status: pd.Series,
    *,
    summary: pd.Series,
    axis: Axis,
) -> Row:
    return Row(
        label=pieces(variant.label),
        group=variant.group,
        quoted=number_list(variant.quotes),
        mean=number(summary["mean"]),
        interval=interval(summary["ci_low"], summary["ci_high"]),
        n=len(values),
        lost=", ".join(f"{n:,} {status}" for status, n in _lost(status).items()),
        dots=sina(axis.positions(values[np.isfinite(values)])),
        mean_at=axis.position(summary["mean"]),
        low_at=axis.position(summary["ci_low"]),
        high_at=axis.position(summary["ci_high"]),
        quotes_at=[axis.position(quote) for quote in variant.quotes],
    )


def _lost(status: pd.Series) -> dict[str, int]:
    return status[status != "ok"].value_counts(sort=False).to_dict()


def sina(positions: NDArray[np.float64]) -> str:
    """Return an SVG path of dots (box 1000 x 100), one a run, spread across where runs are dense.

    Dots that would lie on one another are drawn once.

    Args:
        positions: (n,) where the runs lie along the axis, in percent.
    """
    if not positions.size:
        return ""
    bins = np.floor(positions * BINS / 100.001).astype(int)
    counts = np.bincount(bins, minlength=BINS)
    order = np.argsort(bins, kind="stable")
    rank = np.empty(len(bins), int)
    rank[order] = np.arange(len(bins)) - np.searchsorted(bins[order], bins[order])
    own = counts[bins]
    width = np.sqrt(own / max(counts.max(), 8))
    level = np.round(LEVELS / 2 * width * (2 * (rank + 0.5) / own - 1)).astype(int)
    dots = sorted(set(zip(np.round(positions * 5).astype(int) * 2, level, strict=True)))
    return "".join(f"M{x} {50 + y * 84 // LEVELS}h0" for x, y in dots)
