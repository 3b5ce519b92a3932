"""Train blocks of seeds at once, with graphs that are built once for all blocks of a size."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from repro.training import alone, fusible, selfcheck
from repro.training.alone import Trained
from repro.training.block import Block, NotFused
from repro.training.building import State, assign, one_line, values_of, variables_of
from repro.training.callbacks import Recorder, call_list, row_of
from repro.training.changed import settings_now, what_changed
from repro.training.fused import Logs
from repro.training.generators import OwnGenerators, borrowed
from repro.training.graphs import Graphs
from repro.training.job import Job
from repro.training.model_settings import DIFFERENT, settings_differ, settings_of

Advance = Callable[[int, Logs], None]


class Shared(ValueError):
    """Models share what each seed needs for itself."""


class Trainer:
    """Train blocks of seeds of one job; graphs are built once and serve all blocks of a size.

    Attributes:
        job: what to train.
        start: states to go on from, by seed; a seed without one begins anew.
        advance: called after each epoch with the number of seeds and their logs.
        graphs: those that have been built, also by other jobs that share them.
        first: the model that all others are compared with.
        check_seconds: the time that the self-check took.
    """

    def __init__(
        self,
        job: Job,
        start: dict[int, State],
        advance: Advance,
        graphs: Graphs | None = None,
    ):
        self.job, self.start, self.advance = job, start, advance
        self._blocks = (graphs or Graphs()).blocks
        self.first: keras.Model | None = graphs.first if graphs else None
        self._first_seed: int | None = None
        self._generators: dict[int, OwnGenerators] = {}  # of each seed, once its model is built
        self._checked: tuple[list[int], selfcheck.SelfCheck] | None = None  # and to be, at the end
        self.check_seconds = 0.0

    def train(self, together: Sequence[list[int]]) -> Iterator[tuple[int, Trained]]:
        """Yield each seed of the blocks and its training; blocks train side by side.

        Raises:
            NotFused: if they can't be trained at once.
        """
        built = [self.prepare(seeds, place) for place, seeds in enumerate(together)]
        yield from side_by_side(self._train_block, built)

    def train_apart(
        self, blocks: Sequence[list[int]]
    ) -> Iterator[tuple[int, list[tuple[int, Trained]]]]:
        """Yield 1 and a block's trainings, block by block.

        Each has graphs of its own, which begin a data set anew as each seed's `fit` does.

        Raises:
            NotFused: if they can't be trained at once.
        """
        for block in blocks:
            own = Trainer(self.job, self.start, self.advance)
            own._follow(self)
            trained = list(own.train([block]))
            self._follow(own)
            yield 1, trained

    def _follow(self, other: "Trainer") -> None:
        self.first, self._first_seed = other.first, other._first_seed
        self.check_seconds, self._checked = other.check_seconds, other._checked

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
        check_apart(models if self.first is None else [self.first, *models])
        self._look_at(seeds, models)
        block = self._block(place, models)
        if self.job.check and not self.check_seconds:
            self._check(block, seeds, models)
        return seeds, models, block

    def _model(self, seed: int) -> keras.Model:
        model = self.job.blueprint.model(seed, self.start.get(seed))
        self._generators[seed] = OwnGenerators()
        with suppress(Exception):  # what fails is told when models are compared
            settings_of(model)
        return model

    def _look_at(self, seeds: list[int], models: list[keras.Model]) -> None:
        first = self._compared_with(seeds[0], models[0])
        try:
            reason = self._why_counted_otherwise(first) or fusible.why_not_fused(
                models, first, self.job.blueprint.sample
            )
        except Exception as error:
            raise NotFused(f"it can not be run without side effects ({one_line(error)})") from error
        if reason and reason.startswith(DIFFERENT):
            reason = self._why_differs(seeds[0], models[0]) or reason
        if reason:
            raise NotFused(reason)

    def _compared_with(self, seed: int, model: keras.Model) -> keras.Model:
        """Return the first model of all, as `build` has made it: callbacks may have changed it."""
        if self.first is None:
            self.first, self._first_seed = model, seed
        elif self.job.callbacks and self._first_seed is not None:
            seed = self._first_seed
            self.first = self.job.blueprint.model(seed, self.start.get(seed))
        return self.first

    def _why_differs(self, seed: int, model: keras.Model) -> str | None:
        """Say so if it is no seed that makes models differ, but each call of `build`."""
        twin = self.job.blueprint.model(seed, self.start.get(seed))
        if reason := settings_differ([twin], model):
            reason = reason.replace(DIFFERENT, selfcheck.OTHER_EACH_TIME)
            return reason.replace("for another seed", "the next time")
        return None

    def _why_counted_otherwise(self, model: keras.Model) -> str | None:
        if model.steps_per_execution == 1:
            return None
        named = [n for n in ("steps_per_epoch", "validation_steps") if getattr(self.job, n)]
        return f"{named[0]} with steps_per_execution, which rounds it up" if named else None

    def _block(self, place: int, models: list[keras.Model]) -> Block:
        block = self._blocks.get((place, len(models)))
        if block and block.seeds.fits([model.optimizer for model in models]):
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
        built = list(models)

        def twin(place: int) -> keras.Model:
            built.append(self._model(seeds[place]))
            check_apart(built)
            return built[-1]

        check = selfcheck.SelfCheck(self.job, block, seeds, twin)
        try:
            differs = check.at_start()
        except Shared:
            raise
        except Exception as error:
            raise NotFused(f"its first steps fail when fused ({one_line(error)})") from error
        if differs == selfcheck.OTHER_MODEL:
            raise NotFused(differs)
        if differs:
            raise NotFused(f"{differs}, after its first steps fused and by fit")
        block.seeds.load(models)
        self._checked = seeds, check
        self.check_seconds = time.monotonic() - start

    def check_trained(self, trained: Sequence[tuple[int, Trained]]) -> None:
        """Compare once more, from the states that the checked block has been trained to.

        Args:
            trained: the block's seeds and their trainings, among others.

        Raises:
            NotFused: if steps from there differ beyond rounding.
        """
        states = {seed: own.state for seed, own in trained}
        if self._checked is None or not states.keys() >= set(self._checked[0]):
            return
        (seeds, check), self._checked = self._checked, None
        start = time.monotonic()
        try:
            differs = check.at_end([states[seed] for seed in seeds])
        except Exception as error:
            raise NotFused(f"it fails when fused ({one_line(error)})") from error
        if differs:
            raise NotFused(f"{differs}, in steps from where its training ended")
        self.check_seconds += time.monotonic() - start

    def _train_block(
        self, built: tuple[list[int], list[keras.Model], Block], stop: threading.Event
    ) -> list[tuple[int, Trained]]:
        seeds, models, block = built
        try:
            if self.job.callbacks is None:
                return self._without_callbacks(seeds, block, stop)
            generators = [self._generators[seed] for seed in seeds]
            return WithCallbacks(self.job, seeds, models, generators).train(block, self.advance)
        except tf.errors.OpError as error:
            raise NotFused(f"it fails when fused ({one_line(error)})") from error

    def _without_callbacks(
        self, seeds: list[int], block: Block, stop: threading.Event
    ) -> list[tuple[int, Trained]]:
        rows: list[list[dict[str, Any]]] = [[] for _ in seeds]
        for epoch in range(self.job.initial_epoch, self.job.epochs):
            logs = block.train(seeds, epoch, stop)
            if self.job.validates(epoch):
                logs |= block.test()
            for place, own in enumerate(rows):
                own.append(row_of(epoch, {n: v[place] for n, v in logs.items()}))
            self.advance(len(seeds), logs)
        states = block.finished()
        return [
            (seed, Trained(own, state))
            for seed, own, state in zip(seeds, rows, states, strict=True)
        ]


class WithCallbacks:
    """Train a block while each seed's callbacks look at, and change, a model of its own.

    Args:
        job: what to train.
        seeds: the block's.
        models: one a seed.
        generators: from which each seed's callbacks draw, as they would in a `fit` of its own.
    """

    def __init__(
        self,
        job: Job,
        seeds: list[int],
        models: list[keras.Model],
        generators: list[OwnGenerators],
    ):
        self._job, self._seeds, self._models, self._generators = job, seeds, models, generators
        self._variables = [variables_of(model) for model in models]
        self._callbacks = [job.callbacks_of(seed) for seed in seeds]
        self._recorders = [Recorder() for _ in seeds]
        self._lists = [
            call_list([*own, recorder], model, epochs=job.epochs, steps=alone.steps_of(job))
            for own, recorder, model in zip(self._callbacks, self._recorders, models, strict=True)
        ]
        # `fit` keeps the optimizer that its graph is made with, whatever callbacks set
        self._optimizers = [model.optimizer for model in models]
        self._running = list(range(len(seeds)))
        self._settings = list(map(settings_now, models))

    def train(self, block: Block, advance: Advance) -> list[tuple[int, Trained]]:
        """Train all epochs, or until every seed has stopped."""
        members = list(self._running)
        for place in members:
            self._job.blueprint.make_metrics(self._models[place])
            self._models[place].stop_training = False
            with self._callbacks_of(place) as callbacks:
                callbacks.on_train_begin()
        for epoch in range(self._job.initial_epoch, self._job.epochs):
            for place in self._running:
                with self._callbacks_of(place) as callbacks:
                    callbacks.on_epoch_begin(epoch)
            members, block = self._loaded(members, block)
            logs = self._epoch(members, block, epoch)
            advance(len(self._running), logs)
            self._running = [p for p in self._running if not self._models[p].stop_training]
            if not self._running:
                break
        return [self._end(place) for place in range(len(self._seeds))]

    @contextmanager
    def _callbacks_of(self, place: int) -> Iterator[keras.callbacks.CallbackList]:
        with self._generators[place].in_use():
            yield self._lists[place]

    def _loaded(self, members: list[int], block: Block) -> tuple[list[int], Block]:
        """Give the block the models' state; leave out who has stopped when they are half of it."""
        fewer = 2 * len(self._running) <= len(members)
        members = list(self._running) if fewer else members
        models = [self._models[place] for place in members]
        states = {place: values_of(self._variables[place]) for place in members}
        if fewer or not block.seeds.fits([self._optimizers[place] for place in members]):
            block = Block(self._job, self._built_anew(states), block.reader)
        block.seeds.load(models, list(states.values()))
        return members, block

    def _built_anew(self, states: dict[int, State]) -> list[keras.Model]:
        # `fit` keeps the graph that it has made before any callback could change a layer's settings
        with borrowed():
            return [self._job.blueprint.model(self._seeds[p], own) for p, own in states.items()]

    def _epoch(self, members: list[int], block: Block, epoch: int) -> Logs:
        logs = block.train([self._seeds[place] for place in members], epoch)
        validates = self._job.validates(epoch)
        if validates:
            for place in self._running:
                with self._callbacks_of(place) as callbacks:
                    callbacks.on_test_begin()
            logs |= block.test()
        states = dict(zip(members, block.seeds.state(), strict=True))
        metrics = dict(zip(members, block.seeds.metrics(), strict=True))
        for place in self._running:
            assign(self._variables[place], states[place])
            assign(self._models[place].metrics_variables, metrics[place])
            own = logs_of(logs, members.index(place))
            with self._callbacks_of(place) as callbacks:
                if validates:
                    callbacks.on_test_end(_tested(own))
                callbacks.on_epoch_end(epoch, own)
        return logs

    def _end(self, place: int) -> tuple[int, Trained]:
        model, recorder = self._models[place], self._recorders[place]
        model.optimizer.finalize_variable_values(model.trainable_weights)
        with self._callbacks_of(place) as callbacks:
            callbacks.on_train_end(recorder.last)
        state, seed = values_of(self._variables[place]), self._seeds[place]
        with borrowed():
            changed = what_changed(
                model,
                self._settings[place],
                blueprint=self._job.blueprint,
                seed=seed,
                state=state,
            )
        callbacks = self._callbacks[place]
        return seed, Trained(recorder.rows, state, callbacks, changed=changed)


def _tested(logs: dict[str, Any]) -> dict[str, Any]:
    return {n.removeprefix("val_"): value for n, value in logs.items() if n.startswith("val_")}


def logs_of(logs: Logs, place: int) -> dict[str, Any]:
    """Return one seed's logs, numbers as Python's as in `fit`; metrics may be vectors."""
    own = {name: values[place] for name, values in logs.items()}
    return {name: float(v) if not np.ndim(v) else v for name, v in own.items()}


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


def check_apart(models: Sequence[keras.Model]) -> None:
    """Raise `Shared` if models share what each seed needs for itself."""
    owners: dict[int, int] = {}
    for place, model in enumerate(models):
        for variable in variables_of(model):
            if owners.setdefault(id(variable), place) != place:
                raise Shared(
                    f"build() returns models that share {variable.path}; make all layers and the "
                    "optimizer inside of build, so that each seed has its own"
                )
