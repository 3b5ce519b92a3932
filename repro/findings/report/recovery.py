"""The opening figure: the share of the gap that each fix closes, by thread."""

from dataclasses import dataclass

import pandas as pd

from repro.findings.numbers import DIGITS, decimals_between, percent, percent_interval
from repro.findings.recovery import recovered
from repro.findings.report.axis import Axis
from repro.findings.units import unit_of
from repro.findings.wording import words
from repro.study.models import Gap, Study

AXIS = Axis(-60, 130)  # percent of the gap; what lies outside is drawn at the edge, with an arrow


@dataclass(frozen=True)
class Fix:
    """A fix, the share of the gap that it closes, and where to draw it (percent of the axis)."""

    label: str
    maker: str  # thread | ours
    closes: float
    share: str
    interval: str
    n: int
    share_at: float | None
    low_at: float | None
    high_at: float | None
    side: str  # left or right, where the share lies outside the axis


@dataclass(frozen=True)
class Panel:
    """One gap: what is 0 %, what is 100 %, and the fixes, best first."""

    metric: str
    failing: str
    failing_mean: str
    reference: str
    reference_mean: str
    fixes: list[Fix]
    unknown: list[str]  # fixes that have no share


def panels_of(study: Study, runs: pd.DataFrame) -> list[Panel]:
    """Return a panel for each gap of the study that has shares: of ends that have runs."""
    present = set(runs["variant"])
    panels = []
    for gap in study.report.gaps:
        fixes = {name: text for name, text in gap.fixes.items() if name in present}
        if {gap.failing, gap.reference} <= present and fixes:
            panels.append(_panel(study, gap.model_copy(update={"fixes": fixes}), runs))
    return [panel for panel in panels if panel.fixes]


def _panel(study: Study, gap: Gap, runs: pd.DataFrame) -> Panel:
    metric = gap.metric or study.metric
    shares = recovered(runs, gap, metric).sort_values("share", ascending=False, kind="stable")
    means, unit = runs.groupby("variant")[metric].mean(), unit_of(study, metric)
    return Panel(
        metric=words(metric),
        failing=study.variants[gap.failing].label,
        failing_mean=unit.number(means[gap.failing]),
        reference=study.variants[gap.reference].label,
        reference_mean=unit.number(means[gap.reference]),
        fixes=[_fix(study, gap, row) for _, row in shares.dropna(subset="share").iterrows()],
        unknown=[gap.fixes[name] for name in shares.loc[shares["share"].isna(), "variant"]],
    )


def _fix(study: Study, gap: Gap, row: pd.Series) -> Fix:
    share, low, high = (100 * row[key] for key in ("share", "ci_low", "ci_high"))
    ours = study.variants[row["variant"]].group != "fix of the thread"
    decimals = min(DIGITS, decimals_between(low, high))  # less of a gap is none
    return Fix(
        label=gap.fixes[row["variant"]],
        maker="ours" if ours else "thread",
        closes=row["share"],
        share=percent(row["share"], most_decimals=decimals),
        interval=percent_interval(row["ci_low"], row["ci_high"]),
        n=int(row["n"]),
        share_at=AXIS.position(share),
        low_at=AXIS.position(low),
        high_at=AXIS.position(high),
        side="left" if share < AXIS.low else "right" if share > AXIS.high else "",
    )
