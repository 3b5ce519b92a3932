"""Every run of every variant, and the thread's numbers beside ours."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.findings.report.axis import Axis, axis_of
from repro.findings.report.wording import Piece, interval, number, pieces
from repro.findings.summary import summarize
from repro.study.schema import Study

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
    quotes_at: list[float]


@dataclass(frozen=True)
class Numbers:
    """The rows, by group, on their common axis."""

    axis: Axis
    quoted: bool  # whether the thread has any number of this kind
    groups: dict[str, list[Row]]


def numbers_of(study: Study, runs: pd.DataFrame) -> Numbers:
    """Return all named variants that have runs, in the study's order within each group."""
    named = runs[runs["variant"].isin(list(study.variants))]
    quotes = [quote for variant in study.variants.values() for quote in variant.quotes]
    axis = axis_of([*named[study.metric], *quotes], log=study.log_scale)
    summary = summarize(named, study.metric).set_index("variant")
    groups: dict[str, list[Row]] = {}
    for name, of in named.groupby("variant", sort=False):
        row = _row(study, str(name), of, summary.loc[name], axis)
        groups.setdefault(row.group, []).append(row)
    return Numbers(axis, bool(quotes), groups)


def _row(study: Study, name: str, of: pd.DataFrame, summary: pd.Series, axis: Axis) -> Row:
    variant, values = study.variants[name], of[study.metric].to_numpy(float)
    mean_at, low_at, high_at = (_at(axis, summary[key]) for key in ("mean", "ci_low", "ci_high"))
    return Row(
        label=pieces(variant.label),
        group=variant.group,
        quoted=", ".join(map(number, variant.quotes)),
        mean=number(summary["mean"]),
        interval=interval(summary["ci_low"], summary["ci_high"]),
        n=len(of),
        lost=", ".join(f"{n:,} {status}" for status, n in _lost(of).items()),
        dots=sina(axis.at(values[np.isfinite(values)])),
        mean_at=mean_at,
        low_at=low_at,
        high_at=high_at,
        quotes_at=[float(axis.at(quote)) for quote in variant.quotes],
    )


def _lost(of: pd.DataFrame) -> dict[str, int]:
    return of.loc[of["status"] != "ok", "status"].value_counts(sort=False).to_dict()


def _at(axis: Axis, value: float) -> float | None:
    return float(axis.at(value)) if np.isfinite(value) else None


def sina(at: NDArray[np.float64]) -> str:
    """Return an SVG path of dots (box 1000 x 100), one a run, spread across where runs are dense.

    Dots that would lie on one another are drawn once.

    Args:
        at: (n,) where the runs lie along the axis, in percent.
    """
    if not at.size:
        return ""
    bins = np.floor(at * BINS / 100.001).astype(int)
    counts = np.bincount(bins, minlength=BINS)
    order = np.argsort(bins, kind="stable")
    rank = np.empty(len(at), int)
    rank[order] = np.arange(len(at)) - np.searchsorted(bins[order], bins[order])
    own = counts[bins]
    width = np.sqrt(own / max(counts.max(), 8))
    level = np.round(LEVELS / 2 * width * (2 * (rank + 0.5) / own - 1)).astype(int)
    dots = sorted(set(zip(np.round(at * 5).astype(int) * 2, level, strict=True)))
    return "".join(f"M{x} {50 + y * 84 // LEVELS}h0" for x, y in dots)
