"""Graphs that several calls of `fit_seeds` train with, so that they are built once for all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import keras

from repro.training.block import Block
from repro.training.feeding.arrays import Arrays
from repro.training.job import Job

NO_DATA = Arrays((None, None, None), 0)


@dataclass(frozen=True)
class Graphs:
    """The graphs of blocks, for jobs that differ in nothing but what their graphs are given.

    These are the values of arrays and of variables: of weights, and of a rate that is no schedule.
    What a graph holds as a constant, such as a momentum, must be the same.

    Attributes:
        blocks: by their place among those that train side by side, and their number of seeds.
    """

    blocks: dict[tuple[int, int], Block] = field(default_factory=dict)

    @property
    def first(self) -> keras.Model | None:
        """The model of which the first graph was made, with which all others are compared."""
        return next((block.seeds.step.model for block in self.blocks.values()), None)

    @contextmanager
    def holding_data_of(self, job: Job) -> Iterator[None]:
        """Let the blocks train a job for a while; then they hold its data no longer."""
        self._take(job)
        try:
            yield
        finally:
            self._take(replace(job, data=NO_DATA, validation=NO_DATA))

    def _take(self, job: Job) -> None:
        for block in self.blocks.values():
            block.take(job)
