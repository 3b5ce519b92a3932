"""The training that is diagnosed: network, data, epochs and seeds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.instruments.diagnose.setup.anatomy import (
    Site,
    bypassed,
    is_graph,
    output_shapes,
    sites,
    trace,
    unread_inputs,
)
from repro.instruments.diagnose.setup.arrays import (
    Array,
    as_columns,
    check_count,
    check_same_rows,
    checked_arrays,
    filled,
    leaves,
    map_arrays,
    select_rows,
)
from repro.instruments.diagnose.setup.budget import (
    affordable,
    affordable_seeds,
    default_epochs,
)
from repro.instruments.diagnose.setup.building import Build, checked_build, readable_rows
from repro.instruments.diagnose.setup.compiled import Compiled, read_compiled
from repro.instruments.diagnose.setup.distances import asks_for_distances
from repro.instruments.diagnose.setup.errors import DiagnoseError
from repro.instruments.diagnose.setup.outputs import Joint
from repro.instruments.diagnose.setup.parameters import place_of_prediction
from repro.instruments.diagnose.setup.preprocessing import Preprocessing, read_preprocessing
from repro.instruments.diagnose.setup.splitting import (
    HELD_OUT,
    Pair,
    Split,
    classes_of_rows,
    split_rows,
)
from repro.instruments.diagnose.setup.task import (
    Task,
    balanced,
    infer_step_task,
    infer_task,
    is_one_hot,
    outputs_a_target,
    target_table,
)
from repro.instruments.diagnose.setup.weights import row_weights

if TYPE_CHECKING:
    import keras

CUT_SHORT = 0.9  # share of the user's steps: a training of fewer is called shorter than theirs


@dataclass(frozen=True, kw_only=True)
class Network:
    """A compiled model, read: what it is asked to do, its layers, its preprocessing.

    Attributes:
        task: the task that its targets, loss and output say it has.
        compiled: the arguments of `compile`.
        sites: its layers with weights; empty if they can't be found.
        output_shape: the shape of its predictions, rows first.
        outputs_a_target: how many outputs a row has for each of its targets; 1 is right.
        preprocessing: what it does to its inputs by itself.
    """

    task: Task
    compiled: Compiled
    sites: tuple[Site, ...]
    output_shape: tuple[int | None, ...]
    outputs_a_target: int
    preprocessing: Preprocessing


@dataclass(frozen=True, kw_only=True)
class Setup(Network):
    """The training that is diagnosed, checked and cut to what the budget allows.

    Attributes:
        build: returns the compiled model, built; errors in it have become `DiagnoseError`.
        whole: inputs and targets as the user gave them, and their validation data or None.
        train: inputs and targets that are trained on.
        test: inputs and targets on which the score is taken.
        tested_on: names those rows in words.
        batch_size: samples a step.
        epochs: passes over `train`.
        seeds: all of them are trained.
        shuffle: whether training rows come in another random order in every epoch.
        weights: one number a training row, by which its loss is multiplied; None if all are alike.
        notes: sentences that say what was cut.
        own_steps: steps of the training as the user asked for it.
        joint: what this output reaches beside the others; None if it is alone, or no worse so.
    """

    build: Build
    whole: tuple[Pair, Any]
    train: Pair
    test: Pair
    tested_on: str
    batch_size: int
    epochs: int
    seeds: tuple[int, ...]
    shuffle: bool
    weights: Array | None
    notes: tuple[str, ...]
    own_steps: int
    joint: Joint | None = None

    @cached_property
    def inputs(self) -> Array:
        """The training inputs (n, features) as layers with weights see them, all side by side.

        What is missing is filled by the mean, so that the rest can be measured.
        """
        return self._preprocessed(self.train[0])

    @cached_property
    def test_inputs(self) -> Array:
        """The inputs that the score is taken on, likewise."""
        return self._preprocessed(self.test[0])

    @cached_property
    def all_inputs(self) -> Array:
        """The inputs of all rows that the user gave, held-out ones among them, in their order."""
        return self._preprocessed(self.whole[0][0])

    @cached_property
    def targets(self) -> Array:
        """The training targets as a table; see `task.target_table`."""
        return target_table(self.task, self.train[1])

    @cached_property
    def test_targets(self) -> Array:
        """The targets that the score is taken on, likewise."""
        return target_table(self.task, self.test[1])

    @cached_property
    def optimizer(self) -> Any:
        """The optimizer of one model, as the user set it."""
        return self.build().optimizer

    @cached_property
    def operations(self) -> list[Any]:
        """The operations of one model, in the order in which they run; [] if it is no graph."""
        model = self.build()
        return trace(model).operations if is_graph(model) else []

    @cached_property
    def shapes(self) -> list[tuple[int | None, ...]]:
        """The shapes that the operations put out, rows first."""
        return output_shapes(self.build())

    @cached_property
    def bypassed(self) -> frozenset[int]:
        """The places of the operations that some path to the output leaves out."""
        return bypassed(self.build())

    @cached_property
    def unread_inputs(self) -> tuple[int, ...]:
        """The places of the model's inputs from which no path leads to the output."""
        return unread_inputs(self.build())

    def _preprocessed(self, x: Any) -> Array:
        flat = np.concatenate([filled(a).reshape(len(a), -1) for a in leaves(x)], axis=1)
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

    @property
    def cut_short(self) -> bool:
        """True if trainings are shorter than what the user trains."""
        return self.steps < CUT_SHORT * self.own_steps


def make_setup(
    build: Callable[[], Any],
    x: Any,
    y: Any,
    validation_data: Pair | None = None,
    *,
    epochs: int | None,
    batch_size: int,
    seeds: int | Sequence[int],
    budget: float,
    shuffle: bool = True,
    sample_weight: Any = None,
    class_weight: dict[int, float] | None = None,
) -> Setup:
    """Check the arguments of `diagnose`, and decide how many rows and epochs are used.

    Raises:
        DiagnoseError: in one line, what is wrong and what would be right.
    """
    x, y = _checked_data(x, y)
    _check_counts(batch_size, epochs)
    checked_seeds = _checked_seeds(seeds)
    build = checked_build(build, x)
    network = _read_network(model := build(), x, y)
    weights = row_weights(y, sample_weight, class_weight)
    own_rows = _own_rows(len(y), split := split_rows(x, _check_varies(y), validation_data))
    asked = epochs or default_epochs(len(split.train[1]), batch_size)
    kept, rows, epochs = _affordable(
        model, len(split.train[1]), asked, checked_seeds, batch_size=batch_size, budget=budget
    )
    return Setup(
        **vars(network),
        build=build,
        whole=((x, y), validation_data),
        train=cut(split.train, rows),
        test=split.test,
        shuffle=shuffle,
        weights=None if weights is None else weights[split.rows][_kept(split.train[1], rows)],
        tested_on=split.tested_on,
        batch_size=batch_size,
        epochs=epochs,
        seeds=kept,
        notes=(*split.notes, *_notes(epochs, asked, (rows, own_rows), (kept, checked_seeds))),
        own_steps=math.ceil(own_rows / batch_size) * asked,
    )


def _own_rows(rows: int, split: Split) -> int:
    """Return how many rows the user trains on, of which a large data set's are not all used."""
    share = 1 - HELD_OUT if split.tested_on == "held-out rows" else 1
    return max(len(split.train[1]), round(share * rows))


def _affordable(
    model: "keras.Model",
    rows: int,
    epochs: int,
    seeds: tuple[int, ...],
    *,
    batch_size: int,
    budget: float,
) -> tuple[tuple[int, ...], int, int]:
    """Return the seeds, rows and epochs of a training that the budget pays for."""
    count = affordable_seeds(model, epochs=epochs, rows=rows, seeds=len(seeds), budget=budget)
    rows, epochs = affordable(
        model, rows=rows, epochs=epochs, batch_size=batch_size, seeds=count, budget=budget
    )
    return seeds[:count], rows, epochs


def _checked_data(x: Any, y: Any) -> Pair:
    x, y = map_arrays(checked_arrays("x", x, gaps=True), as_columns), checked_arrays("y", y)
    check_same_rows(x, y, "x and y")
    return x, y


def _check_counts(batch_size: Any, epochs: Any) -> None:
    check_count("batch_size", batch_size)
    check_count("epochs", 1 if epochs is None else epochs)


def _check_varies(y: Array) -> Array:
    """Return the targets; raise DiagnoseError if there is nothing to tell apart."""
    if not np.ptp(np.asarray(y, float), axis=0).any():
        raise DiagnoseError(
            "y is the same in all rows, so there is nothing to learn; give rows that differ"
        )
    return y


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
    predictions = model(readable_rows(model, x))
    if isinstance(y, dict | list | tuple) or isinstance(predictions, dict | list | tuple):
        raise DiagnoseError(
            "the model has several outputs, and y isn't a list or dict with one array for each"
        )
    shape = tuple(predictions.shape)
    _check_one_hot_once(y, shape)
    units, loss = int(shape[-1] or 1), compiled.loss
    outputs = outputs_a_target(shape, np.shape(y))
    if len(shape) > 2 and units > 1 and "categorical" in loss and outputs == 1:
        task = infer_step_task(y, units=units, sparse="sparse" in loss)
    elif len(shape) == 2 and asks_for_distances(model.loss, y, units):
        task = Task("classification", (0.0, 1.0), 1, distances=True)
    else:
        task = infer_task(
            y,
            loss=loss,
            activation=layers[-1].activation if layers else "",
            units=units,
            wants_accuracy=compiled.wants_accuracy,
        )
        if task.kind == "regression" and len(shape) == 2:
            task = replace(task, place=place_of_prediction(model.loss, y, units))
    return Network(
        task=balanced(task, y),
        compiled=compiled,
        sites=layers,
        output_shape=shape,
        outputs_a_target=outputs,
        preprocessing=read_preprocessing(model),
    )


def _check_one_hot_once(y: Array, shape: tuple[int | None, ...]) -> None:
    """Raise DiagnoseError if labels that had a column a class were given columns once more."""
    is_deeper = y.ndim == len(shape) + 1 and y.shape[-2] == shape[-1] and y.shape[-1] > 1
    if is_deeper and is_one_hot(y.reshape(-1, y.shape[-1])):
        raise DiagnoseError(
            f"y has shape {y.shape}, the output {shape}: labels were made one-hot twice; "
            "leave out one to_categorical, as by y = y.argmax(axis=-1)"
        )


def cut(pair: Pair, rows: int) -> Pair:
    """Return so many rows of a pair; see `_kept` for which."""
    return pair if rows == len(pair[1]) else select_rows(pair, _kept(pair[1], rows))


def _kept(y: Array, rows: int) -> Array:
    """Return the places of the rows that are used: the first, or spread where these lack a class.

    Rows may be sorted by class. They stay in their order, which a training without shuffling
    depends on.
    """
    classes, first = classes_of_rows(y), np.arange(rows)
    if classes is None or len(np.unique(classes[:rows])) > classes.max():
        return first
    return np.linspace(0, len(y) - 1, rows).round().astype(int)


def _notes(
    epochs: int, asked: int, rows: tuple[int, int], seeds: tuple[Sequence[int], Sequence[int]]
) -> list[str]:
    """Say what was cut of epochs, of (used, all) rows, and of (used, all) seeds."""
    return _notes_of_cuts(epochs, asked, *rows) + _notes_of_seeds(*map(len, seeds))


def _notes_of_cuts(epochs: int, asked: int, rows: int, all_rows: int) -> list[str]:
    notes = []
    if epochs < asked:
        notes.append(f"trainings are cut to {epochs} of {asked} epochs (budget)")
    if rows < all_rows:
        notes.append(f"{rows:,} of {all_rows:,} training rows are used")
    return notes


def _notes_of_seeds(used: int, asked: int) -> list[str]:
    return [f"{used} of {asked} seeds are trained (budget)"] if used < asked else []
