"""What the opening figure shows: how far each fix closes the gap, by thread."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from repro.findings.recovery import recovered
from repro.findings.report.axis import Axis
from repro.findings.report.wording import ABSENT, number, percent, words
from repro.study.schema import Gap, Study

AXIS = Axis(-60, 130)  # percent of the gap; what lies outside is drawn at the edge, with an arrow


@dataclass(frozen=True)
class Fix:
    """A fix, the share of the gap that it closes, and where to draw it (percent of the axis)."""

    label: str
    whose: str  # thread | ours
    closes: float
    share: str
    interval: str
    n: int
    at: float | None
    low_at: float | None
    high_at: float | None
    beyond: str  # "", left or right: the share lies outside the axis


@dataclass(frozen=True)
class Panel:
    """One gap: what is 0 %, what is 100 %, and the fixes, best first."""

    metric: str
    failing: str
    failing_mean: str
    reference: str
    reference_mean: str
    fixes: list[Fix]


def panels_of(study: Study, runs: pd.DataFrame) -> list[Panel]:
    """Return a panel for each gap of the study."""
    return [_panel(study, gap, runs) for gap in study.report.gaps]


def _panel(study: Study, gap: Gap, runs: pd.DataFrame) -> Panel:
    metric = gap.metric or study.metric
    shares = recovered(runs, gap, metric).sort_values("share", ascending=False, kind="stable")
    means = runs.groupby("variant")[metric].mean()
    return Panel(
        metric=words(metric),
        failing=study.variants[gap.failing].label,
        failing_mean=number(means[gap.failing]),
        reference=study.variants[gap.reference].label,
        reference_mean=number(means[gap.reference]),
        fixes=[_fix(study, gap, row) for _, row in shares.iterrows()],
    )


def _fix(study: Study, gap: Gap, row: pd.Series) -> Fix:
    share, low, high = (100 * row[key] for key in ("share", "ci_low", "ci_high"))
    ours = study.variants[row["variant"]].group != "fix of the thread"
    at = [float(AXIS.at(v)) if np.isfinite(v) else None for v in (share, low, high)]
    return Fix(
        label=gap.fixes[row["variant"]],
        whose="ours" if ours else "thread",
        closes=row["share"],
        share=percent(row["share"]),
        interval=_interval(row["ci_low"], row["ci_high"]),
        n=int(row["n"]),
        at=at[0],
        low_at=at[1],
        high_at=at[2],
        beyond="left" if share < AXIS.low else "right" if share > AXIS.high else "",
    )


def _interval(low: float, high: float) -> str:
    if np.isnan(low):
        return ABSENT
    return f"{percent(low, 1).removesuffix(' %')} … {percent(high, 1)}"
