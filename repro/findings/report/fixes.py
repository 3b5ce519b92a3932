"""The report's picture of the fixes: the failing network, its reference, what recovers it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from repro.findings.drawings.rows import RunAxis, run_axis
from repro.findings.fixes import Fixes, Role, fixes_of
from repro.findings.numbers import decimals_between, percent, percent_interval
from repro.findings.report.axis import Axis
from repro.findings.report.prose import Piece, pieces
from repro.findings.report.track import Track, track, track_axis
from repro.findings.summary import summarize
from repro.findings.units import unit_of
from repro.findings.wording import words
from repro.study.models import Study


@dataclass(frozen=True)
class Level:
    """A variant's mean, or its share of runs, as text."""

    label: list[Piece]
    mean: str
    interval: str
    n: int


@dataclass(frozen=True)
class FixTrack:
    """A row of the picture."""

    label: list[Piece]
    role: Role
    share: str
    track: Track


@dataclass(frozen=True)
class Picture:
    """The rows on their axis, the failing variant first, and the reference as a line and a band."""

    metric: str
    unit: str
    axis: Axis
    middle: str
    heading: str
    failing: Level
    reference: Level
    line_at: float | None
    band_at: tuple[float | None, float | None]
    threshold_at: float | None  # from here on a run has recovered; None where that is the line
    rows: list[FixTrack]
    left_out: int
    margin: str  # of those that recover; empty where yes or no is asked


def picture_of(study: Study, runs: pd.DataFrame) -> Picture | None:
    """Return the picture of the study's first gap; None where there is none."""
    fixes = fixes_of(study, runs)
    if fixes is None:
        return None
    names = [fixes.reference, *(row.variant for row in fixes.rows)]
    runs = runs[runs["variant"].isin(names)]
    drawn, unit = run_axis(study, runs, fixes.metric), unit_of(study, fixes.metric)
    axis = track_axis(drawn, runs, [])
    line, low, high = (unit.factor * fixes.level[key] for key in ("mean", "ci_low", "ci_high"))
    points = unit_of(study, fixes.metric, difference=True)
    margin = points.number(study.margins.get(fixes.metric, 0.0))
    return Picture(
        metric=words(fixes.metric),
        unit=unit.name,
        axis=axis,
        middle=drawn.summed_up,
        heading=words(fixes.metric) if fixes.is_flag else "recovered",
        failing=_level(study, runs, fixes.rows[0].variant, fixes.metric),
        reference=_level(study, runs, fixes.reference, fixes.metric),
        line_at=axis.position(line),
        band_at=(axis.position(low), axis.position(high)),
        threshold_at=axis.position(unit.factor * fixes.threshold) if fixes.has_margin else None,
        rows=_rows(fixes, runs, drawn, axis),
        left_out=fixes.left_out,
        margin="" if fixes.is_flag else margin,
    )


def _rows(fixes: Fixes, runs: pd.DataFrame, drawn: RunAxis, axis: Axis) -> list[FixTrack]:
    rows = []
    for row in fixes.rows:
        own = runs[runs["variant"] == row.variant]
        share = drawn.middle(own)[0] / 100 if np.isnan(row.recovered) else row.recovered
        rows.append(FixTrack(pieces(row.label), row.role, percent(share), track(axis, drawn, own)))
    return rows


def _level(study: Study, runs: pd.DataFrame, variant: str, metric: str) -> Level:
    row = summarize(study, runs[runs["variant"] == variant], metric).iloc[0]
    unit = unit_of(study, metric)
    mean, low, high = row[["mean", "ci_low", "ci_high"]].astype(float)
    if unit.name == "%":  # of which one decimal is enough where a number is large
        decimals = decimals_between(100 * low, 100 * high)
        texts = percent(mean, decimals, decimals), percent_interval(low, high)
    else:
        texts = unit.number(mean, unit.digits(low, high)), unit.interval(low, high)
    return Level(pieces(study.variants[variant].label), *texts, n=int(row["runs"]))
