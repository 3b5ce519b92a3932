"""Train blocks of seeds: fused where that is exact, else one seed at a time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from repro.training import alone
from repro.training.alone import Trained
from repro.training.block import NotFused
from repro.training.building import State
from repro.training.callbacks import why_callbacks_not_fused
from repro.training.checks import warn
from repro.training.feeding.arrays import Arrays
from repro.training.feeding.batches import Batches
from repro.training.graphs import Graphs
from repro.training.job import Job
from repro.training.sizes import blocks_at_once
from repro.training.trainer import Advance, Trainer, check_apart

Rounds = tuple[int, list[tuple[int, Trained]]]  # how many blocks, and their seeds' trainings
# Trains the blocks in other processes, in order; None if this one is to train them.
Elsewhere = Callable[[Trainer, list[list[int]]], Iterator[Rounds] | None]


class Blocks:
    """Train seeds in blocks, fused where that is exact, else one seed at a time.

    Args:
        job: what to train.
        start: states to go on from, by seed; a seed without one begins anew.
        advance: called after each epoch with the number of seeds and their logs.
        graphs: those of earlier jobs, if they can train this one.

    Attributes:
        one_at_a_time: why seeds were trained one at a time; None if all at once.
    """

    def __init__(
        self, job: Job, start: dict[int, State], advance: Advance, graphs: Graphs | None = None
    ):
        self._job, self._start, self._advance = job, start, advance
        self._trainer = Trainer(job, start, advance, graphs)
        self._waiting: list[list[int]] = []
        self._in_others: Iterator[Rounds] | None = None
        self._data_may_be_wrong = False
        self.one_at_a_time: str | None = None

    @property
    def check_seconds(self) -> float:
        """The time that the self-check took."""
        return self._trainer.check_seconds

    def begin(self, blocks: list[list[int]], elsewhere: Elsewhere | None = None) -> None:
        """Take the blocks to be trained.

        Args:
            blocks: of seeds.
            elsewhere: what may train them in other processes, or leave them to this one.
        """
        self._waiting = list(blocks)
        if others := self._other_batches(blocks):
            warn(f"{len(blocks)} blocks{others}")
        self.one_at_a_time = _why_none_fused(self._job, [s for block in blocks for s in block])
        if elsewhere is not None and not self.one_at_a_time:
            try:
                self._in_others = elsewhere(self._trainer, self._waiting)
            except NotFused as error:
                self._go_alone(error)

    def finish(self) -> Iterator[tuple[int, Trained]]:
        """Yield each seed and its training."""
        yield from self._fused(self._in_others)
        yield from self._fused(self._in_this_process())
        if self._waiting:
            self._check_apart()
            seeds = [seed for block in self._waiting for seed in block]
            # data that `fit` does not take either want no warning, but the error that it raises
            sure = 1 if self._data_may_be_wrong else 0
            yield from self._alone(seeds[:sure])
            warn(f"one seed at a time: {self.one_at_a_time}{self._other_batches(seeds)}")
            yield from self._alone(seeds[sure:])

    def _fused(self, rounds: Iterator[Rounds] | None) -> Iterator[tuple[int, Trained]]:
        if rounds is None or self.one_at_a_time:
            return
        try:
            for count, trained in rounds:
                self._trainer.check_trained(trained)
                yield from trained
                self._waiting = self._waiting[count:]
        except NotFused as error:
            self._go_alone(error)

    def _other_batches(self, readings: Sequence[Any]) -> str:
        """Say that later readings of a data set go on where the last one ended, if they do."""
        if len(readings) < 2 or not isinstance(self._job.data, Batches):
            return ""
        says = "; the data set goes on where a reading has ended: each of them sees other batches"
        return says if self._job.data.goes_on else ""

    def _go_alone(self, error: NotFused) -> None:
        self.one_at_a_time = str(error)
        if self._job.callbacks is not None:  # which have seen what is now trained once more
            self._job.callbacks.begin_anew()
        self._data_may_be_wrong = isinstance(error.__cause__, tf.errors.InvalidArgumentError)

    def _in_this_process(self) -> Iterator[Rounds]:
        in_threads = isinstance(self._job.data, Arrays) and self._job.callbacks is None
        at_once = blocks_at_once() if in_threads else 1
        while self._waiting:
            together = self._waiting[:at_once]
            yield len(together), list(self._trainer.train(together))

    def _check_apart(self) -> None:
        if self._trainer.first is None:  # else this has been checked on a block's models
            seeds = [seed for block in self._waiting for seed in block]
            check_apart([self._job.blueprint.model(seed) for seed in seeds[:2]])

    def _alone(self, seeds: list[int]) -> Iterator[tuple[int, Trained]]:
        for seed in seeds:
            trained = alone.train_alone(self._job, seed, self._start.get(seed))
            for row in trained.rows:
                self._advance(1, row)
            yield seed, trained


def _why_none_fused(job: Job, seeds: Sequence[int]) -> str | None:
    for data in (job.data, job.validation):
        if data is not None and not data.dense:
            return "the data are ragged, sparse or text"
        if isinstance(data, Batches) and data.is_generator:
            return "the data are a generator, which fit reads on where the last epoch ended"
        if isinstance(data, Batches) and (data is job.data or data.is_python) and data.draws_from:
            return f"the data set draws from {data.draws_from}, which is set for each seed's fit"
    if isinstance(job.data, Batches) and not job.data.tells_its_length:
        return "the data set does not tell its length; Keras' optimizers then count a step too many"
    validates_late = job.validation is not None and not job.validates(job.initial_epoch)
    lists = [job.callbacks_of(seed) for seed in seeds]
    return why_callbacks_not_fused(lists, validates_late=validates_late)
