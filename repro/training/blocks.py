"""Train blocks of seeds: fused where that is exact, else one seed at a time."""

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from repro.training import alone, fusible, selfcheck
from repro.training.alone import Trained
from repro.training.block import Block, NotFused
from repro.training.building import State, get_state, one_line, set_state, variables_of
from repro.training.callbacks import Callback, Recorder, call_list, row_of
from repro.training.callbacks import why_not_fused as why_callbacks_not_fused
from repro.training.feeding import Arrays, Batches
from repro.training.fused import Logs
from repro.training.job import Job

CACHE = 6.5 * 2**20  # bytes that one core's step may go over and stay fast; see bench/README.md
SEEDS_A_BLOCK = 8  # seeds a block

Advance = Callable[[int, Logs], None]
Rounds = tuple[int, list[tuple[int, Trained]]]  # how many blocks, and their seeds' trainings


class Trainer:
    """Train blocks of seeds of one job; graphs are built once and serve all blocks of a size.

    Attributes:
        job: what to train.
        start: states to go on from, by seed; a seed without one begins anew.
        advance: called after each epoch with the number of seeds and their logs.
        first: the model that all others are compared with.
        check_seconds: the time that the self-check took.
    """

    def __init__(self, job: Job, start: dict[int, State], advance: Advance):
        self.job, self.start, self.advance = job, start, advance
        self.first: keras.Model | None = None
        self._blocks: dict[tuple[int, int], Block] = {}
        self.check_seconds = 0.0

    def train(self, together: Sequence[list[int]]) -> Iterator[tuple[int, Trained]]:
        """Yield each seed of the blocks and its training; blocks train side by side.

        Raises:
            NotFused: if they can't be trained at once.
        """
        built = [self.prepare(seeds, place) for place, seeds in enumerate(together)]
        yield from side_by_side(self._train_block, built)

    def prepare(
        self, seeds: list[int], place: int = 0
    ) -> tuple[list[int], list[keras.Model], Block]:
        """Return a block's seeds, models and graphs, checked, before any training.

        Args:
            seeds: the block's.
            place: of the block among those that train side by side.

        Raises:
            NotFused: if they can't be trained at once.
        """
        models = [self._model(seed) for seed in seeds]
        _check_apart(models if self.first is None else [self.first, *models])
        self._look_at(models)
        block = self._block(place, models)
        if self.job.check and not self.check_seconds:
            self._check(block, seeds, models)
        return seeds, models, block

    def _model(self, seed: int) -> keras.Model:
        return self.job.blueprint.model(seed, self.start.get(seed))

    def _look_at(self, models: list[keras.Model]) -> None:
        first = self.first = models[0] if self.first is None else self.first
        try:
            reason = fusible.why_not_fused(models, first, self.job.blueprint.sample)
        except Exception as error:
            raise NotFused(f"it can not be run without side effects ({one_line(error)})") from error
        if reason:
            raise NotFused(reason)

    def _block(self, place: int, models: list[keras.Model]) -> Block:
        block = self._blocks.get((place, len(models)))
        if block and block.seeds.fits(models):
            block.seeds.load(models)
            return block
        try:
            block = Block(self.job, models)
        except (NotFused, MemoryError):
            raise
        except Exception as error:
            raise NotFused(f"its graph can not be built ({one_line(error)})") from error
        self._blocks[place, len(models)] = block
        return block

    def _check(self, block: Block, seeds: list[int], models: list[keras.Model]) -> None:
        start = time.monotonic()
        twins = {place: self._model(seeds[place]) for place in sorted({0, len(seeds) - 1})}
        _check_apart([*models, *twins.values()])
        try:
            differs = selfcheck.check(self.job, block, seeds, twins)
        except Exception as error:
            raise NotFused(f"its first steps fail when fused ({one_line(error)})") from error
        if differs:
            raise NotFused(differs)
        block.seeds.load(models)
        self.check_seconds = time.monotonic() - start

    def _train_block(
        self, built: tuple[list[int], list[keras.Model], Block], stop: threading.Event
    ) -> list[tuple[int, Trained]]:
        seeds, models, block = built
        if self.job.callbacks is None:
            try:
                return self._without_callbacks(seeds, block, stop)
            except tf.errors.OpError as error:
                raise NotFused(f"it fails when fused ({one_line(error)})") from error
        callbacks = [self.job.callbacks_of(seed) for seed in seeds]
        return WithCallbacks(self.job, seeds, models, callbacks).train(block, self.advance)

    def _without_callbacks(
        self, seeds: list[int], block: Block, stop: threading.Event
    ) -> list[tuple[int, Trained]]:
        rows: list[list[dict[str, Any]]] = [[] for _ in seeds]
        for epoch in range(self.job.initial_epoch, self.job.epochs):
            logs = block.train(seeds, epoch, stop)
            if self.job.validates(epoch):
                logs |= block.test()
            for place, of_seed in enumerate(rows):
                of_seed.append(row_of(epoch, {n: v[place] for n, v in logs.items()}))
            self.advance(len(seeds), logs)
        states = block.finished()
        return [
            (seed, Trained(own, state))
            for seed, own, state in zip(seeds, rows, states, strict=True)
        ]


# Trains the blocks in other processes, in order; None if this one is to train them.
Elsewhere = Callable[[Trainer, list[list[int]]], Iterator[Rounds] | None]


class WithCallbacks:
    """Train a block while each seed's callbacks look at, and change, a model of its own."""

    def __init__(
        self,
        job: Job,
        seeds: list[int],
        models: list[keras.Model],
        callbacks: list[Sequence[Callback]],
    ):
        self._job, self._seeds, self._models, self._callbacks = job, seeds, models, callbacks
        self._recorders = [Recorder() for _ in seeds]
        self._lists = [
            call_list([*own, recorder], model, epochs=job.epochs, steps=alone.steps_of(job))
            for own, recorder, model in zip(callbacks, self._recorders, models, strict=True)
        ]
        self._running = list(range(len(seeds)))

    def train(self, block: Block, advance: Advance) -> list[tuple[int, Trained]]:
        """Train all epochs, or until every seed has stopped."""
        members = list(self._running)
        for place in members:
            self._job.blueprint.make_metrics(self._models[place])
            self._models[place].stop_training = False
            self._lists[place].on_train_begin()
        for epoch in range(self._job.initial_epoch, self._job.epochs):
            for place in self._running:
                self._lists[place].on_epoch_begin(epoch)
            members, block = self._loaded(members, block)
            logs = self._epoch(members, block, epoch)
            advance(len(self._running), logs)
            self._running = [p for p in self._running if not self._models[p].stop_training]
            if not self._running:
                break
        return [self._end(place) for place in range(len(self._seeds))]

    def _loaded(self, members: list[int], block: Block) -> tuple[list[int], Block]:
        """Give the block the models' state; leave out who has stopped when they are half of it."""
        fewer = 2 * len(self._running) <= len(members)
        members = list(self._running) if fewer else members
        models = [self._models[place] for place in members]
        if fewer or not block.seeds.fits(models):
            return members, Block(self._job, models, block.reader)
        block.seeds.load(models)
        return members, block

    def _epoch(self, members: list[int], block: Block, epoch: int) -> Logs:
        logs = block.train([self._seeds[place] for place in members], epoch)
        validates = self._job.validates(epoch)
        if validates:
            for place in self._running:
                self._lists[place].on_test_begin()
            logs |= block.test()
        states = dict(zip(members, block.seeds.state(), strict=True))
        metrics = dict(zip(members, block.seeds.metrics(), strict=True))
        for place in self._running:
            set_state(self._models[place], states[place])
            pairs = zip(self._models[place].metrics_variables, metrics[place], strict=True)
            for variable, value in pairs:
                variable.assign(value)
            own = logs_of(logs, members.index(place))
            if validates:
                tested = {k.removeprefix("val_"): v for k, v in own.items() if k[:4] == "val_"}
                self._lists[place].on_test_end(tested)
            self._lists[place].on_epoch_end(epoch, own)
        return logs

    def _end(self, place: int) -> tuple[int, Trained]:
        model, rows = self._models[place], self._recorders[place].rows
        model.optimizer.finalize_variable_values(model.trainable_weights)
        logs = {
            name: value for name, value in (rows[-1] if rows else {}).items() if name != "epoch"
        }
        self._lists[place].on_train_end(logs)
        return self._seeds[place], Trained(rows, get_state(model), self._callbacks[place])


class Blocks:
    """Train seeds in blocks, fused where that is exact, else one seed at a time.

    Args:
        job: what to train.
        start: states to go on from, by seed; a seed without one begins anew.
        advance: called after each epoch with the number of seeds and their logs.

    Attributes:
        one_at_a_time: why seeds were trained one at a time; None if all at once.
    """

    def __init__(self, job: Job, start: dict[int, State], advance: Advance):
        self._job, self._start, self._advance = job, start, advance
        self._trainer = Trainer(job, start, advance)
        self._waiting: list[list[int]] = []
        self._in_others: Iterator[Rounds] | None = None
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
        self.one_at_a_time = _why_none_fused(self._job, [s for block in blocks for s in block])
        if elsewhere is not None and not self.one_at_a_time:
            try:
                self._in_others = elsewhere(self._trainer, self._waiting)
            except NotFused as error:
                self.one_at_a_time = str(error)

    def finish(self) -> Iterator[tuple[int, Trained]]:
        """Yield each seed and its training."""
        yield from self._fused(self._in_others)
        yield from self._fused(self._in_this_process())
        if self._waiting:
            warnings.warn(f"one seed at a time: {self.one_at_a_time}", stacklevel=5)
            self._check_apart()
            yield from self._alone([seed for block in self._waiting for seed in block])

    def _fused(self, rounds: Iterator[Rounds] | None) -> Iterator[tuple[int, Trained]]:
        if rounds is None or self.one_at_a_time:
            return
        try:
            for count, trained in rounds:
                yield from trained
                self._waiting = self._waiting[count:]
        except NotFused as error:
            self.one_at_a_time = str(error)

    def _in_this_process(self) -> Iterator[Rounds]:
        in_threads = isinstance(self._job.data, Arrays) and self._job.callbacks is None
        at_once = blocks_at_once() if in_threads else 1
        while self._waiting:
            together = self._waiting[:at_once]
            yield len(together), list(self._trainer.train(together))

    def _check_apart(self) -> None:
        if self._trainer.first is None:  # else this has been checked on a block's models
            seeds = [seed for block in self._waiting for seed in block]
            _check_apart([self._job.blueprint.model(seed) for seed in seeds[:2]])

    def _alone(self, seeds: list[int]) -> Iterator[tuple[int, Trained]]:
        for seed in seeds:
            trained = alone.train_alone(self._job, seed, self._start.get(seed))
            for row in trained.rows:
                self._advance(1, row)
            yield seed, trained


def most_at_once(job: Job, seeds: Sequence[int], *, one_thread: bool) -> int:
    """Return how many seeds make a block where nobody says.

    Args:
        job: what to train.
        seeds: all of them.
        one_thread: whether processes of one thread each are to train them.
    """
    if isinstance(job.data, Batches):
        return len(seeds)  # so that the data set is read once
    if not (one_thread or one_thread_a_block()) or not job.data.dense:
        return SEEDS_A_BLOCK  # threads that share a block want large products
    return _fit_in_cache(job.cost.weights, job.cost.inputs)


def split_evenly(seeds: list[int], size: int) -> list[list[int]]:
    """Return blocks of at most `size` seeds, as equal as they can be."""
    count = -(-len(seeds) // size)
    return [block.tolist() for block in np.array_split(seeds, count)]


def logs_of(logs: Logs, place: int) -> dict[str, Any]:
    """Return one seed's logs, numbers as Python's as in `fit`; metrics may be vectors."""
    own = {name: values[place] for name, values in logs.items()}
    return {name: float(v) if not np.ndim(v) else v for name, v in own.items()}


def seeds_in_cache(model: keras.Model, batch: Any) -> int:
    """Return how many seeds, 2 to 8, one core should train at once, by measurement.

    Args:
        model: any seed's.
        batch: the inputs of one step, an array or a list or dict of them.
    """
    inputs = sum(np.asarray(a).nbytes for a in keras.tree.flatten(batch))
    return _fit_in_cache(sum(np.asarray(v).nbytes for v in model.trainable_variables), inputs)


def _fit_in_cache(weights: int, inputs: int) -> int:
    # a step goes over the weights, their gradient and their change
    return min(SEEDS_A_BLOCK, max(2, int(CACHE // (inputs + 3 * weights))))


def blocks_at_once() -> int:
    """Return how many blocks train side by side: as many as cores, if each gets one thread."""
    inter = tf.config.threading.get_inter_op_parallelism_threads()
    inter = inter or int(os.environ.get("TF_NUM_INTEROP_THREADS") or os.cpu_count() or 1)
    return inter if one_thread_a_block() else 1


def side_by_side(train: Callable[..., list[Any]], built: Sequence[Any]) -> Iterator[Any]:
    """Yield what training each block gives; several blocks train in a thread each."""
    stop = threading.Event()
    if len(built) < 2:  # in this thread, so that Ctrl-C stops it
        for block in built:
            yield from train(block, stop)
        return
    with ThreadPoolExecutor(len(built)) as pool:
        try:
            for trained in pool.map(lambda block: train(block, stop), built):
                yield from trained
        finally:
            stop.set()


def one_thread_a_block() -> bool:
    """Tell whether TensorFlow computes a product in one thread, in this process."""
    # Threads that share one block's products spend a quarter of their time on keeping in step. Each
    # on a block of its own need not; but only TensorFlow's user can say that products get one.
    intra = tf.config.threading.get_intra_op_parallelism_threads()
    return str(intra or os.environ.get("TF_NUM_INTRAOP_THREADS")) == "1"


def _why_none_fused(job: Job, seeds: Sequence[int]) -> str | None:
    for data in (job.data, job.validation):
        if data is not None and not data.dense:
            return "the data are ragged, sparse or text"
    if isinstance(job.data, Batches) and not job.data.tells_its_length:
        return "the data set does not tell its length; Keras' optimizers then count a step too many"
    return why_callbacks_not_fused([job.callbacks_of(seed) for seed in seeds])


def _check_apart(models: Sequence[keras.Model]) -> None:
    """Raise if models share what each seed needs for itself."""
    owners: dict[int, int] = {}
    for place, model in enumerate(models):
        for variable in variables_of(model):
            if owners.setdefault(id(variable), place) != place:
                raise ValueError(
                    f"build() returns models that share {variable.path}; make all layers and the "
                    "optimizer inside of build, so that each seed has its own"
                )
