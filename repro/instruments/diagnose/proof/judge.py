"""What a change recovers: gains over the original, paired by seed; the smallest that will do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from repro.findings.statistics import mean_interval, named_generator, probability_of_superiority
from repro.instruments.diagnose.changes.change import Change
from repro.instruments.diagnose.proof.train import Trained
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.setup.task import Array, margin

SHARE_OF_BEST = 0.9  # of the best change's gain: from there on a change recovers
LEAST_SHARE = 0.75  # from there on, if what is missing is within the margin of the rows


@dataclass(frozen=True)
class Judged:
    """What a change recovers: skill gained over the original, paired by seed."""

    trained: Trained
    gain: float
    low: float
    high: float
    superiority: float
    helps: bool
    recovers: bool

    @property
    def change(self) -> Change:
        """The change."""
        return self.trained.change

    @property
    def skill(self) -> float:
        """Mean skill on the rows scored on."""
        return float(self.trained.test.mean())


@dataclass(frozen=True)
class Retuned:
    """A change and the original, each at its own best rate.

    `gain`, `low` and `high`: skill gained at these rates; `through_rate`: the original at another
    rate does as well, so that the change is worth no more than that rate.
    """

    change: Change
    factor: float
    factor_original: float
    gain: float
    low: float
    high: float
    through_rate: bool


@dataclass
class Proof:
    """All that was trained, and what was left out for want of time."""

    original: Trained
    judged: list[Judged] = field(default_factory=list)
    retuned: list[Retuned] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    margin: float = 0.05

    def smallest(self, causes: Sequence[str]) -> Judged | None:
        """The smallest change that recovers, rather one that treats a cause; None if none does."""

        def preference(judged: Judged) -> tuple[Any, ...]:
            change = judged.change
            treated = [causes.index(key) for key in change.treats if key in causes]
            rate_first = change.is_of_rate and bool(treated)
            return not treated, change.size, min(treated, default=99), rate_first, -judged.gain

        return min((j for j in self.judged if j.recovers), key=preference, default=None)


def judge(case: Case, proof: Proof, results: Sequence[Trained]) -> list[Judged]:
    """Judge results against the original; best first. Fills `proof.judged` and its margin."""
    reference = proof.original.test
    best = max([float(t.test.mean()) for t in results] + [float(reference.mean())])
    proof.margin = margin(case.task, best, case.test[1])
    most = best - float(reference.mean())
    judged = []
    for trained in results:
        gain, low, high = gained(trained.test, reference, trained.change.key)
        helps = bool(low > 0 and gain >= proof.margin)
        superiority = probability_of_superiority(trained.test, reference)
        enough = min(SHARE_OF_BEST * most, max(LEAST_SHARE * most, most - proof.margin))
        recovers = helps and gain >= enough
        judged.append(Judged(trained, gain, low, high, superiority, helps, recovers))
    proof.judged = sorted(judged, key=lambda j: -j.gain)
    return proof.judged


def gained(sample: Array, reference: Array, name: str) -> tuple[float, float, float]:
    """Mean paired difference and its 95 % interval; `name` seeds the bootstrap."""
    difference = sample - reference
    interval = mean_interval(difference, generator=named_generator(0, name))
    return float(difference.mean()), interval.low, interval.high
