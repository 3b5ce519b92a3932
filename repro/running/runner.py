"""Run what is not yet in the store, block by block; every finished block is stored at once."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from repro.running.pool import Pool
from repro.running.processes import ended_with_this_one
from repro.running.progress import Progress
from repro.store.runs import Store, StoredRun
from repro.study.plan import Block, Plan


@dataclass
class Outcome:
    """The runs of a plan, and what went wrong.

    Attributes:
        runs: the finished runs, by identity.
        crashed: blocks that gave no runs, with the error's text.
        disputed: runs that finished more than once with different numbers, by identity.
        interrupted: whether a signal ended it before all blocks were done.
    """

    runs: dict[str, StoredRun] = field(default_factory=dict)
    crashed: list[tuple[Block, str]] = field(default_factory=list)
    disputed: dict[str, list[StoredRun]] = field(default_factory=dict)
    interrupted: bool = False


def run(plan: Plan, store: Store, progress: Progress, pool: Pool) -> Outcome:
    """Run the plan's blocks that are not in the store yet.

    The first SIGINT (Ctrl-C) or SIGTERM lets the blocks in flight finish and be stored; the second
    stops at once, which loses those blocks alone. The next call goes on from there.
    """
    outcome = Outcome(store.find_planned(plan))
    stored = {b: None for b in plan.blocks if outcome.runs.keys() >= set(b.identities)}
    for block in stored:
        progress.finished(block, outcome.runs)
    lost = explain_interrupt("blocks in flight are lost; run again to go on")
    with pool, lost, ended_with_this_one(), _interruptible(progress.stopping) as interrupted:

        def missing() -> Iterator[Block]:
            for block in plan.blocks:
                if interrupted():
                    outcome.interrupted = True
                    return
                if block not in stored:
                    progress.started(block)
                    yield block

        for block, result in pool.train(plan.experiment.name, plan.data, missing()):
            if isinstance(result, Exception):
                outcome.crashed.append((block, f"{type(result).__name__}: {result}"))
                progress.crashed(block, result)
                continue
            store.add(block, result)
            for trained in result:
                outcome.runs.setdefault(trained.identity, trained)
            progress.finished(block, outcome.runs)
    outcome.disputed = store.disputed(plan.identities)
    return outcome


@contextmanager
def explain_interrupt(consequence: str) -> Iterator[None]:
    """Give a KeyboardInterrupt that is raised inside a message: what the stop means."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(consequence) from None


@contextmanager
def _interruptible(stopping: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    received: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            raise KeyboardInterrupt
        stopping()

    heeded = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) != signal.SIG_IGN]
    handlers = {number: signal.signal(number, note) for number in heeded}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
