"""The training that is diagnosed: network, data, epochs and seeds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.instruments.diagnose.setup.anatomy import Site, sites
from repro.instruments.diagnose.setup.arrays import (
    Array,
    as_columns,
    check_count,
    check_same_rows,
    checked_arrays,
    first_rows,
    leaves,
    map_arrays,
    select_rows,
)
from repro.instruments.diagnose.setup.budget import affordable, default_epochs
from repro.instruments.diagnose.setup.building import Build, checked_build
from repro.instruments.diagnose.setup.compiled import Compiled, read_compiled
from repro.instruments.diagnose.setup.errors import DiagnoseError
from repro.instruments.diagnose.setup.preprocessing import Preprocessing, read_preprocessing
from repro.instruments.diagnose.setup.splitting import Pair, split_rows
from repro.instruments.diagnose.setup.task import Task, infer_task

if TYPE_CHECKING:
    import keras

CUT_SHORT = 0.7  # share of the user's rows: training on fewer is called shorter than the user's


@dataclass(frozen=True, kw_only=True)
class Network:
    """A compiled model, read: what it is asked to do, its layers, its preprocessing.

    Attributes:
        task: the task that its targets, loss and output say it has.
        compiled: the arguments of `compile`.
        sites: its layers with weights; empty if they can't be found.
        output_shape: the shape of its predictions, rows first.
        preprocessing: what it does to its inputs by itself.
    """

    task: Task
    compiled: Compiled
    sites: tuple[Site, ...]
    output_shape: tuple[int | None, ...]
    preprocessing: Preprocessing


@dataclass(frozen=True, kw_only=True)
class Setup(Network):
    """The training that is diagnosed, checked and cut to what the budget allows.

    Attributes:
        build: returns the compiled model, built; errors in it have become `DiagnoseError`.
        train: inputs and targets that are trained on.
        test: inputs and targets on which the score is taken.
        tested_on: names those rows in words.
        batch_size: samples a step.
        epochs: passes over `train`.
        seeds: all of them are trained.
        notes: sentences that say what was cut.
        cut_short: whether the trainings are shorter than what the user trains.
    """

    build: Build
    train: Pair
    test: Pair
    tested_on: str
    batch_size: int
    epochs: int
    seeds: tuple[int, ...]
    notes: tuple[str, ...]
    cut_short: bool

    @cached_property
    def inputs(self) -> Array:
        """The training inputs (n, features) as layers with weights see them, all side by side."""
        return self._preprocessed(self.train[0])

    @cached_property
    def test_inputs(self) -> Array:
        """The inputs that the score is taken on, likewise."""
        return self._preprocessed(self.test[0])

    def _preprocessed(self, x: Any) -> Array:
        flat = np.concatenate([a.reshape(len(a), -1) for a in leaves(x)], axis=1)
        scale, offset = self.preprocessing.scale, self.preprocessing.offset
        return flat if scale == 1 and not offset else flat * scale + offset

    @property
    def output(self) -> Site | None:
        """The layer that makes the prediction, if it is known."""
        return self.sites[-1] if self.sites and self.sites[-1].is_output else None

    @property
    def hidden(self) -> tuple[Site, ...]:
        """The layers before it."""
        return tuple(site for site in self.sites if not site.is_output)

    @property
    def steps(self) -> int:
        """Steps of one training."""
        return math.ceil(len(self.train[1]) / self.batch_size) * self.epochs


def make_setup(
    build: Callable[[], Any],
    x: Any,
    y: Any,
    validation_data: Pair | None,
    *,
    epochs: int | None,
    batch_size: int,
    seeds: int | Sequence[int],
    budget: float,
) -> Setup:
    """Check the arguments of `diagnose`, and decide how many rows and epochs are used.

    Raises:
        DiagnoseError: in one line, what is wrong and what would be right.
    """
    x, y = _checked_data(x, y)
    check_count("batch_size", batch_size)
    check_count("epochs", 1 if epochs is None else epochs)
    seeds = _checked_seeds(seeds)
    build = checked_build(build, x)
    model = build()
    network = _read_network(model, x, y)
    split = split_rows(x, y, validation_data)
    _check_varies(y)
    rows = len(split.train[1])
    asked = epochs or default_epochs(rows, batch_size)
    rows, epochs = affordable(
        model, rows=rows, epochs=asked, batch_size=batch_size, seeds=len(seeds), budget=budget
    )
    return Setup(
        **vars(network),
        build=build,
        train=_cut(split.train, rows),
        test=split.test,
        tested_on=split.tested_on,
        batch_size=batch_size,
        epochs=epochs,
        seeds=seeds,
        notes=(*split.notes, *_notes_of_cuts(epochs, asked, rows, len(y))),
        cut_short=epochs < asked or rows < CUT_SHORT * len(y),
    )


def _checked_data(x: Any, y: Any) -> Pair:
    x, y = map_arrays(checked_arrays("x", x), as_columns), checked_arrays("y", y)
    check_same_rows(x, y, "x and y")
    return x, y


def _check_varies(y: Array) -> None:
    if not np.ptp(np.asarray(y, float), axis=0).any():
        raise DiagnoseError(
            "y is the same in all rows, so there is nothing to learn; give rows that differ"
        )


def _checked_seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    from repro.training.fit import check_seeds

    try:
        return tuple(check_seeds(seeds))
    except (TypeError, ValueError) as error:
        raise DiagnoseError(str(error)) from error


def _read_network(model: "keras.Model", x: Any, y: Any) -> Network:
    """Read a model for these inputs and targets; raise DiagnoseError if it can't be scored."""
    layers = tuple(sites(model))
    compiled = read_compiled(model)
    predictions = model(first_rows(x, 1))
    if isinstance(y, dict | list | tuple) or isinstance(predictions, dict | list | tuple):
        raise DiagnoseError("models of several outputs can't be diagnosed; give a model of one")
    shape = tuple(predictions.shape)
    if len(shape) > 2 and "sparse" in compiled.loss:
        raise DiagnoseError(
            f"an output of shape {shape} under {compiled.loss} names a class for every step or "
            "pixel, which can't be scored here; give a model with one class a row"
        )
    task = infer_task(
        y,
        loss=compiled.loss,
        activation=layers[-1].activation if layers else "",
        units=int(shape[-1] or 1),
        wants_accuracy=compiled.wants_accuracy,
    )
    return Network(
        task=task,
        compiled=compiled,
        sites=layers,
        output_shape=shape,
        preprocessing=read_preprocessing(model),
    )


def _cut(pair: Pair, rows: int) -> Pair:
    return pair if rows == len(pair[1]) else select_rows(pair, np.arange(rows))


def _notes_of_cuts(epochs: int, asked: int, rows: int, all_rows: int) -> list[str]:
    notes = []
    if epochs < asked:
        notes.append(f"trainings are cut to {epochs} of {asked} epochs (budget)")
    if rows < all_rows:
        notes.append(f"{rows:,} of {all_rows:,} training rows are used")
    return notes
