"""The time that a plan's blocks take, by variant, and the time that is left."""

import time
from collections.abc import Callable, Mapping
from statistics import fmean

from repro.running.processes import cores
from repro.store.results import EarlierCosts
from repro.store.runs import StoredRun
from repro.study.plan import Block, Plan

UNKNOWN = EarlierCosts()  # where there are no earlier results


class Pace:
    """Tells the time left from what each variant's runs have cost.

    Runs that were stored before count: after a break the estimate goes on where it was.

    Args:
        plan: what is run.
        clock: the seconds, for tests.
        earlier: what runs took in earlier results, perhaps on another machine: this weighs a
            variant of which no run is done against those of which some are, and tells what blocks
            still take as long as none is done.
    """

    def __init__(
        self,
        plan: Plan,
        clock: Callable[[], float] = time.monotonic,
        earlier: EarlierCosts = UNKNOWN,
    ):
        self._clock = clock
        self._earlier, self._on_same_data = dict(earlier.seconds), earlier.on_same_data
        self._left = {block: len(block.seeds) for block in plan.blocks}
        self._costs: dict[str, list[float]] = {}
        self._started: dict[Block, float] = {}
        self._workers = 1

    def start(self, block: Block) -> None:
        """Note that a block is being trained from now on."""
        self._started[block] = self._clock()
        self._workers = max(self._workers, self.running)  # between two blocks, fewer are running

    def finish(self, block: Block, runs: Mapping[str, StoredRun] | None = None) -> None:
        """Note that a block is done, with its runs by identity; without any, that it crashed."""
        self._left.pop(block, None)
        self._started.pop(block, None)
        if runs is not None:
            costs = [runs[identity].seconds for identity in block.identities]
            self._costs.setdefault(block.variant, []).extend(costs)

    @property
    def running(self) -> int:
        """The number of blocks that are being trained."""
        return len(self._started)

    @property
    def longest(self) -> float:
        """The seconds for which the longest of the blocks in flight has been trained."""
        return max(map(self._passed, self._started), default=0.0)

    @property
    def is_known(self) -> bool:
        """True once a block is done, so that this machine's pace is known."""
        return bool(self._costs)

    def left(self) -> float | None:
        """Return the seconds until all blocks are done; None if that is not known.

        So it is as long as none has been done, and where the last ones take longer than any before.
        """
        if not self._costs:
            return None
        work = sum(self._seconds_left(block) for block in self._left)
        if self._left and not work:
            return None
        return max(work / self._workers, self.until_stopped() or 0.0)

    def until_stopped(self) -> float | None:
        """Return the seconds until the blocks in flight are done; None if that is not known."""
        if not self._costs and not self._are_like_earlier():
            return None
        return max((self._seconds_left(block) for block in self._started), default=0.0) or None

    def _are_like_earlier(self) -> bool:
        """Return True if earlier results tell what each block in flight takes."""
        return self._on_same_data and {b.variant for b in self._started} <= self._earlier.keys()

    def _seconds_left(self, block: Block) -> float:
        """Return what a block still costs; 0 of one that takes longer than was to be expected."""
        expected = len(block.seeds) * self._cost(block.variant)
        return max(0.0, expected - self._passed(block))

    def _passed(self, block: Block) -> float:
        return self._clock() - self._started[block] if block in self._started else 0.0

    def _cost(self, variant: str) -> float:
        """Seconds a run: of this variant's runs, or from those of others while none is done.

        It is no less than a block in flight has already taken.
        """
        known = self._costs.get(variant)
        expected = fmean(known) if known else self._cost_by_others(variant)
        of_its_own = (block for block in self._started if block.variant == variant)
        return max(expected, *(self._passed(b) / len(b.seeds) for b in of_its_own), 0.0)

    def _cost_by_others(self, variant: str) -> float:
        """Seconds a run: as many times those of earlier results as others cost; or their mean."""
        if not self._costs:
            return self._earlier[variant]
        known = {name: fmean(costs) for name, costs in self._costs.items()}
        shared = [name for name in known if self._earlier.get(name)]
        if shared and variant in self._earlier:
            pace = sum(known[name] for name in shared) / sum(self._earlier[name] for name in shared)
            return pace * self._earlier[variant]
        return fmean(cost for costs in self._costs.values() for cost in costs)


def minutes_of_computing(seconds: float) -> int:
    """Return the whole minutes, at least 1, that so much computing takes on all cores."""
    return max(1, round(seconds / cores() / 60))


def rough(seconds: float) -> str:
    """Return a time as one would say it: "20 s", "3 min", "1 h 20 min"."""
    if round(seconds) < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
