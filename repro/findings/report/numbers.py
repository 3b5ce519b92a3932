"""All runs of every variant, and the thread's numbers beside ours."""

from dataclasses import dataclass

import pandas as pd

from repro.findings.drawings.rows import RunAxis, run_axis
from repro.findings.drawings.runs import ordered_rows
from repro.findings.numbers import number_list
from repro.findings.report.axis import Axis
from repro.findings.report.prose import Piece, pieces
from repro.findings.report.track import Track, track, track_axis
from repro.findings.report.usual import Usual, usual
from repro.findings.summary import named_runs, summarize
from repro.findings.units import Unit, unit_of
from repro.study.models import Study, Variant


@dataclass(frozen=True)
class Row:
    """A variant: what the thread says, what came out, and where to draw it (percent)."""

    label: list[Piece]
    quoted: str
    mean: str
    interval: str
    n: str
    track: Track
    quotes_at: list[float | None]


@dataclass(frozen=True)
class Numbers:
    """The rows, by group, on their common axis."""

    axis: Axis
    unit: str
    middle: str
    quoted: bool  # whether the thread has any number of this kind
    n: Usual
    groups: dict[str, list[Row]]


def numbers_of(study: Study, runs: pd.DataFrame) -> Numbers:
    """Return all named variants that have runs, in groups, the best of each first."""
    named = named_runs(study, runs)
    drawn, unit = run_axis(study, named), unit_of(study, study.metric)
    quotes = [unit.factor * quote for v in study.variants.values() for quote in v.quotes]
    axis = track_axis(drawn, named, quotes)
    groups: dict[str, list[Row]] = {}
    for name in ordered_rows(drawn, named):
        if name in study.variants:
            variant = study.variants[name]
            row = _row(variant, named[named["variant"] == name], drawn, axis)
            groups.setdefault(variant.group, []).append(row)
    return Numbers(
        axis=axis,
        unit=unit.name,
        middle=drawn.summed_up,
        quoted=bool(quotes),
        n=usual(row.n for rows in groups.values() for row in rows),
        groups=groups,
    )


def _row(variant: Variant, runs: pd.DataFrame, drawn: RunAxis, axis: Axis) -> Row:
    unit: Unit = unit_of(drawn.study, drawn.metric)
    summary = summarize(drawn.study, runs).iloc[0]
    limits = summary["ci_low"], summary["ci_high"]
    quotes = [unit.factor * quote for quote in variant.quotes]
    return Row(
        label=pieces(variant.label),
        quoted=number_list(quotes),
        mean=unit.bare(summary["mean"], unit.digits(*limits)),
        interval=Unit(unit.factor).interval(*limits),
        n=f"{len(runs):,}",
        track=track(axis, drawn, runs),
        quotes_at=[axis.position(quote) for quote in quotes],
    )
