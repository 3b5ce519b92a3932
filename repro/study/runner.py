"""Run what is not yet in the store, block by block; every finished block is stored at once."""

import math
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Protocol

import numpy as np
import pandas as pd

from repro.study.plan import Block, Plan
from repro.study.store import Store, StoredRun


class Progress(Protocol):
    """Who is told how a run goes."""

    def started(self, block: Block) -> None:
        """Note that a block has started."""

    def finished(self, block: Block, runs: Mapping[str, StoredRun]) -> None:
        """Note that a block is done, by training it now or before; `runs` by identity."""

    def crashed(self, block: Block, error: Exception) -> None:
        """Note that a block's experiment raised."""


@dataclass
class Outcome:
    """What came of a plan.

    Attributes:
        runs: the finished runs, by identity.
        crashed: blocks whose experiment raised, with the error's text.
        interrupted: whether a signal ended it before all blocks were done.
    """

    runs: dict[str, StoredRun] = field(default_factory=dict)
    crashed: list[tuple[Block, str]] = field(default_factory=list)
    interrupted: bool = False


def run(plan: Plan, store: Store, progress: Progress) -> Outcome:
    """Run the plan's blocks that are not in the store yet.

    The first SIGINT (Ctrl-C) or SIGTERM lets the block in flight finish and be stored; the second
    stops at once, which loses that block alone. The next call goes on from there.
    """
    outcome = Outcome(store.find(plan.identities))
    with _interruptible() as interrupted:
        for block in plan.blocks:
            if not all(identity in outcome.runs for identity in block.identities):
                if interrupted():
                    outcome.interrupted = True
                    break
                progress.started(block)
                try:
                    done = train_block(plan, block)
                except Exception as error:  # whatever an experiment raises, the others go on
                    outcome.crashed.append((block, f"{type(error).__name__}: {error}"))
                    progress.crashed(block, error)
                    continue
                fresh = [r for r in done if r.identity not in outcome.runs]
                store.add(fresh)
                outcome.runs.update({r.identity: r for r in fresh})
            progress.finished(block, outcome.runs)
    return outcome


def train_block(plan: Plan, block: Block) -> list[StoredRun]:
    """Run the experiment on one block."""
    start = time.perf_counter()
    data = {} if plan.data is None else {"data": plan.data}
    runs, curves = plan.experiment.run(seeds=list(block.seeds), **data, **block.parameters)
    seconds = (time.perf_counter() - start) / len(block.seeds)
    by_seed = {seed: _records(rows) for seed, rows in curves.groupby("seed")}
    rows = {row["seed"]: row for row in _records(runs, keep_seed=True)}
    return [
        StoredRun(
            identity,
            block.variant,
            seed,
            {k: rows[seed][k] for k in (*plan.experiment.metrics, "status")},
            by_seed.get(seed, []),
            seconds,
        )
        for seed, identity in zip(block.seeds, block.identities, strict=True)
    ]


def _records(rows: pd.DataFrame, keep_seed: bool = False) -> list[dict[str, Any]]:
    rows = rows if keep_seed else rows.drop(columns="seed")
    columns = [[_plain(value) for value in rows[column].to_numpy()] for column in rows.columns]
    return [dict(zip(rows.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(value: Any) -> Any:
    # the shortest decimals that give the same float32: 0.9346, not 0.9345999956130981
    if isinstance(value, np.floating) and value.dtype.itemsize < 8 and math.isfinite(value):
        return float(str(value))
    return value.item() if isinstance(value, np.generic) else value


@contextmanager
def _interruptible() -> Iterator[Any]:
    received: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
