"""Judge changes by their gains over the original, and find the smallest one that recovers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from repro.findings.statistics import mean_interval, probability_of_superiority
from repro.instruments.diagnose.changes.change import Change
from repro.instruments.diagnose.proof.train import Trained
from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.skill import LEAST_MARGIN, margin

SHARE_OF_BEST = 0.9  # of the best change's gain: from there on a change recovers
LEAST_SHARE = 0.75  # from there on, if what is missing is within the margin of the rows
DESERVED = 0.5  # skill that is called a recovery, unless baselines reach less
FEWEST_APART = 4  # seeds of each, from which on a rank test can tell
LEAST_DESERVED = 0.15  # what baselines reach, if they reach hardly anything


@dataclass(frozen=True)
class Gain:
    """Mean difference in skill, paired by seed, and its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A change, judged by the skill that it gains over the original.

    Attributes:
        trained: the change and its skills.
        gained: the gain in skill.
        superiority: share of the seeds in which the change does better, ties half.
        helps: whether the gain counts.
        recovers: whether it helps, nearly as much as the best change, to a skill that deserves it.
    """

    trained: Trained
    gained: Gain
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


@dataclass(frozen=True, kw_only=True)
class Retuned:
    """A change and the original, each at its own best rate.

    Attributes:
        change: the change.
        factor: multiplies the rate of the change.
        factor_original: multiplies the rate of the original.
        gained: the gain in skill at these rates.
        through_rate: whether the original does as well at another rate, so that the change is worth
            no more than that rate.
    """

    change: Change
    factor: float
    factor_original: float
    gained: Gain
    through_rate: bool


@dataclass
class Proof:
    """All that was trained, and what was left out for want of time.

    Attributes:
        original: the network as it is.
        judged: the changes, best first.
        retuned: changes compared with the original at the best rate of each.
        left_out: titles of what wasn't trained.
        untried: the changes among these.
        spared: changes that weren't trained since they could have taught nothing.
        budget_needed: seconds that would have been enough for what was left out.
        is_pruned: whether every part of the changes made at once was tried without.
        margin: the least gain that counts.
        baseline: a skill that a network should reach; NaN if none is known.
        own_budget: seconds that would be enough to train the network for as long as the user does;
            0 if what becomes of it then is known.
    """

    original: Trained
    judged: list[Judged] = field(default_factory=list)
    retuned: list[Retuned] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    untried: list[Change] = field(default_factory=list)
    spared: list[Change] = field(default_factory=list)
    budget_needed: int = 0
    is_pruned: bool = True
    margin: float = LEAST_MARGIN
    baseline: float = math.nan
    own_budget: int = 0

    @property
    def deserved(self) -> float:
        """The least skill that is called a recovery: a half, or what the baselines reach."""
        if math.isnan(self.baseline):
            return DESERVED
        return min(DESERVED, max(LEAST_DESERVED, self.baseline - self.margin))

    def smallest(self, causes: Sequence[str]) -> Judged | None:
        """Return the smallest change that recovers, rather one that treats a cause, or None."""

        def preference(judged: Judged) -> tuple[bool, int, int, bool, float]:
            change = judged.change
            treated = [causes.index(key) for key in change.helps_against if key in causes]
            rate_first = change.changes_optimizer and bool(treated)
            foremost = min(treated, default=len(causes))
            return not treated, change.size, foremost, rate_first, -judged.gained.mean

        return min((j for j in self.judged if j.recovers), key=preference, default=None)


def judge(setup: Setup, proof: Proof, results: Sequence[Trained]) -> list[Judged]:
    """Judge results against the original; best first. Fills `proof.judged` and its margin."""
    reference = proof.original.test
    best = max([float(trained.test.mean()) for trained in results] + [float(reference.mean())])
    proof.margin = margin(setup.task, best, setup.test[1])
    largest = best - float(reference.mean())
    enough = min(SHARE_OF_BEST * largest, max(LEAST_SHARE * largest, largest - proof.margin))
    judged = []
    for trained in results:
        gained = gain(trained.test, reference)
        is_sure = gained.low > 0 or are_apart(trained.test, reference)
        helps = is_sure and gained.mean >= proof.margin
        judged.append(
            Judged(
                trained=trained,
                gained=gained,
                superiority=probability_of_superiority(trained.test, reference),
                helps=helps,
                recovers=helps and gained.mean >= enough and trained.test.mean() >= proof.deserved,
            )
        )
    proof.judged = sorted(judged, key=lambda j: -j.gained.mean)
    return proof.judged


def are_apart(sample: Array, reference: Array) -> bool:
    """Tell whether every seed of a sample does better than each of the reference.

    Of two times four seeds, chance orders one in 70 so: an exact rank test, where an interval of
    the mean gain is wide because the network as it is fails for some seeds alone.
    """
    return len(sample) >= FEWEST_APART and bool(sample.min() > reference.max())


def counts(gained: Gain, margin: float) -> bool:
    """Tell whether a gain's interval lies above 0 and its mean reaches the margin."""
    return bool(gained.low > 0 and gained.mean >= margin)


def gain(sample: Array, reference: Array) -> Gain:
    """Return the gain of one sample of skills over another."""
    difference = sample - reference
    interval = mean_interval(difference, metric_range=(-1.0, 1.0))  # skills are in [0, 1]
    return Gain(float(difference.mean()), interval.low, interval.high)
