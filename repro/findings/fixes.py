"""The fixes of a study's failing network, by the share of seeds that each brings to the reference.

The figure and the report draw them.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from repro.findings.statistics import Sample, plain_mean
from repro.findings.summary import summarize
from repro.findings.units import is_flag
from repro.study.models import Gap, Study

MOST_FIXES = 12  # fixes that are drawn
Role = Literal["fails", "thread", "ours"]


@dataclass(frozen=True)
class FixRow:
    """A variant beside the reference: the failing one, or a fix."""

    variant: str
    label: str
    role: Role
    recovered: float  # share of runs that do; NaN of a metric that says yes or no


@dataclass(frozen=True)
class Fixes:
    """The failing variant and then its fixes, the best first, beside their reference."""

    metric: str
    is_flag: bool
    reference: str  # variant
    level: pd.Series  # the reference's row of `summarize`
    threshold: float  # from here on a run has recovered; NaN of a metric that says yes or no
    rows: list[FixRow]
    left_out: int  # fixes that do no better than the last of the rows

    @property
    def has_margin(self) -> bool:
        """True if a run has recovered before it reaches the reference's mean."""
        return bool(np.isfinite(self.threshold) and self.threshold != self.level["mean"])


def fixes_of(study: Study, runs: pd.DataFrame) -> Fixes | None:
    """Return the fixes of the study's first gap; None if it has none, or its ends have no numbers.

    A run has recovered if its metric is no further from the reference's mean than the study's
    margin, or beyond it; one that diverged has not.
    """
    gap = next(iter(study.report.gaps), None)
    if gap is None:
        return None
    metric = gap.metric or study.metric
    values = {str(name): group.to_numpy(float) for name, group in runs.groupby("variant")[metric]}
    if any(np.isnan(values.get(end, np.nan)).all() for end in (gap.failing, gap.reference)):
        return None
    level = summarize(study, runs[runs["variant"] == gap.reference], metric).iloc[0]
    flag = is_flag(study, metric)
    aim = _Aim(level["mean"], study.margins.get(metric, 0.0), plain_mean(values[gap.failing]))
    failing, *fixes = (
        FixRow(name, label, role, np.nan if flag else aim.share_of(values[name]))
        for name, (label, role) in _variants(study, gap).items()
        if name in values
    )
    fixes.sort(key=lambda row: aim.rank(values[row.variant], row.recovered))
    return Fixes(
        metric=metric,
        is_flag=flag,
        reference=gap.reference,
        level=level,
        threshold=np.nan if flag else aim.threshold,
        rows=[failing, *fixes[:MOST_FIXES]],
        left_out=max(0, len(fixes) - MOST_FIXES),
    )


def _variants(study: Study, gap: Gap) -> dict[str, tuple[str, Role]]:
    """Return the gap's failing variant, then its fixes, with labels and roles."""
    fixes: dict[str, tuple[str, Role]] = {
        name: (label, "thread" if study.variants[name].group == "fix of the thread" else "ours")
        for name, label in gap.fixes.items()
    }
    return {gap.failing: (study.variants[gap.failing].label, "fails"), **fixes}


@dataclass(frozen=True)
class _Aim:
    """The mean that fixes should reach, coming from the failing variant's."""

    mean: float
    margin: float
    start: float

    @property
    def _sign(self) -> int:
        return 1 if self.mean >= self.start else -1

    @property
    def threshold(self) -> float:
        """The worst number of a run that gets there."""
        return self.mean - self._sign * self.margin

    def share_of(self, values: Sample) -> float:
        """Return the share of runs that get there; NaN does not."""
        return float(np.mean(self._sign * (values - self.mean) >= -self.margin))

    def rank(self, values: Sample, recovered: float) -> tuple[float, float]:
        """Return what sorts the best first: by the share that recovers, then by the mean."""
        mean = self._sign * plain_mean(values)
        return (0.0 if np.isnan(recovered) else -recovered), (np.inf if np.isnan(mean) else -mean)
