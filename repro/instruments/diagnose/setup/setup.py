"""What is to be diagnosed: build function, data, how long and over which seeds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.instruments.diagnose.setup.anatomy import Compiled, Site, compiled, sites
from repro.instruments.diagnose.setup.arrays import (
    DiagnoseError,
    as_columns,
    checked_data,
    each,
    few,
    leaves,
    positive,
    same_length,
    taken,
)
from repro.instruments.diagnose.setup.budget import affordable, default_epochs, split
from repro.instruments.diagnose.setup.building import guarded
from repro.instruments.diagnose.setup.preprocessing import Preprocessing, preprocessing
from repro.instruments.diagnose.setup.task import Array, Task, task_of

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Case:
    """What `diagnose` was given, checked and cut to what the budget allows.

    Attributes:
        build: returns the compiled model, built; errors in it have become `DiagnoseError`.
        train: inputs and targets that are trained on.
        test: inputs and targets on which the score is taken.
        tested_on: which rows those are, in words.
        epochs: passes over `train`.
        notes: what was cut, in sentences.
        cut_short: whether the trainings are shorter than what the user trains.
    """

    build: Callable[[], "keras.Model"]
    train: tuple[Any, Any]
    test: tuple[Any, Any]
    tested_on: str
    task: Task
    compiled: Compiled
    sites: tuple[Site, ...]
    output_shape: tuple[int | None, ...]
    batch_size: int
    epochs: int
    seeds: tuple[int, ...]
    notes: tuple[str, ...]
    cut_short: bool
    preprocessing: Preprocessing

    @cached_property
    def inputs(self) -> Array:
        """The training inputs (n, features) as layers with weights see them, all side by side."""
        return self._seen(self.train[0])

    @cached_property
    def test_inputs(self) -> Array:
        """The inputs that the score is taken on, likewise."""
        return self._seen(self.test[0])

    def _seen(self, x: Any) -> Array:
        flat = np.concatenate([a.reshape(len(a), -1) for a in leaves(x)], axis=1)
        by = self.preprocessing
        return flat if by.scale == 1 and not by.offset else flat * by.scale + by.offset

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


def make_case(
    build: Callable[[], Any],
    x: Any,
    y: Any,
    validation_data: tuple[Any, Any] | None,
    *,
    epochs: int | None,
    batch_size: int,
    seeds: Sequence[int],
    budget: float,
) -> Case:
    """Check what was given and decide how much of it is used.

    Raises:
        DiagnoseError: in one line, what is wrong and what would be right.
    """
    from repro.training.fit import check_seeds

    x, y = each(checked_data("x", x), as_columns), checked_data("y", y)
    same_length(x, y, "x and y")
    positive("batch_size", batch_size)
    if epochs is not None:
        positive("epochs", epochs)
    try:
        seeds = check_seeds(list(seeds))
    except (TypeError, ValueError) as error:
        raise DiagnoseError(str(error)) from error
    build = guarded(build, x)
    model = build()
    layers = tuple(sites(model))
    facts = compiled(model)
    made = model(few(x, 1))
    if isinstance(y, dict | list | tuple) or isinstance(made, dict | list | tuple):
        raise DiagnoseError("models of several outputs can't be diagnosed; give a model of one")
    shape = tuple(made.shape)
    activation = layers[-1].activation if layers else ""
    if len(shape) > 2 and "sparse" in facts.loss:
        raise DiagnoseError(
            f"an output of shape {shape} under {facts.loss} names a class for every step or pixel, "
            "which can't be scored here; give a model with one class a row"
        )
    task = task_of(y, facts.loss, activation, int(shape[-1] or 1), facts.wants_accuracy)
    train, test, tested_on, notes = split(x, y, validation_data)
    if not np.ptp(np.asarray(y, float), axis=0).any():
        raise DiagnoseError(
            "y is the same in all rows, so there is nothing to learn; give rows that differ"
        )
    wanted = epochs or default_epochs(len(train[1]), batch_size)
    rows, most = affordable(model, train, wanted, batch_size, len(seeds), budget)
    if rows < len(train[1]):
        train = taken(train, np.arange(rows))
    if most < wanted:
        notes.append(f"trainings are cut to {most} of {wanted} epochs (budget)")
    if len(train[1]) < len(y):
        notes.append(f"{len(train[1]):,} of {len(y):,} training rows are used")
    cut = most < wanted or len(train[1]) < 0.7 * len(y)
    return Case(
        build, train, test, tested_on, task, facts, layers, shape, batch_size,
        most, tuple(seeds), tuple(notes), cut, preprocessing(model),
    )  # fmt: skip
