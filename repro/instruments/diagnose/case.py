"""What is to be diagnosed, checked: build function, data, how long and over which seeds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.instruments.diagnose.anatomy import Compiled, Site, compiled, sites
from repro.instruments.diagnose.task import Array, Task, task_of

if TYPE_CHECKING:
    import keras

MOST_ROWS = 4096
HELD_OUT = 0.2
LEAST_ROWS_TO_SPLIT = 50
STEPS_PER_SECOND = 30  # of the budget; a fused step of ten small networks takes under 1 ms
FLOPS_PER_SECOND = 1e9  # of the budget: a training may take about a fiftieth of it
FULL_BUDGET = 110.0  # seconds; more buys time for more trials, not longer ones
DEFAULT_STEPS = 600
DEFAULT_EPOCHS = (5, 100)


class DiagnoseError(ValueError):
    """What was given can't be diagnosed; the message says why and what would do."""


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

    @cached_property
    def inputs(self) -> Array | None:
        """The training inputs as one array of numbers (n, features), if they are that."""
        x = self.train[0]
        if isinstance(x, dict | list | tuple):
            return None
        return np.asarray(x).reshape(len(x), -1)

    @property
    def output(self) -> Site | None:
        """The layer that makes the prediction, if it is known."""
        return self.sites[-1] if self.sites else None

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

    x, y = _checked("x", x), _checked("y", y)
    same_length(x, y, "x and y")
    _positive("batch_size", batch_size)
    if epochs is not None:
        _positive("epochs", epochs)
    try:
        seeds = check_seeds(list(seeds))
    except (TypeError, ValueError) as error:
        raise DiagnoseError(str(error)) from error
    guarded = _guarded(build, x)
    model = guarded()
    layers = tuple(sites(model))
    facts = compiled(model)
    if isinstance(y, dict | list | tuple):
        raise DiagnoseError("models of several outputs can't be diagnosed; give one output's y")
    shape = tuple(model(_few(x, 1)).shape)
    activation = layers[-1].activation if layers else ""
    task = task_of(y, facts.loss, activation, int(shape[-1] or 1), facts.wants_accuracy)
    train, test, tested_on, notes = _split(x, y, validation_data)
    wanted = epochs or _default_epochs(len(train[1]), batch_size)
    rows, most = _affordable(model, layers, train, wanted, batch_size, len(seeds), budget)
    if rows < len(train[1]):
        train = taken(train, np.arange(rows))
    if most < wanted:
        notes.append(f"trainings are cut to {most} of {wanted} epochs (budget)")
    if len(train[1]) < len(y):
        notes.append(f"{len(train[1]):,} of {len(y):,} training rows are used")
    cut = most < wanted or len(train[1]) < 0.7 * len(y)
    return Case(
        guarded, train, test, tested_on, task, facts, layers, shape, batch_size,
        most, tuple(seeds), tuple(notes), cut,
    )  # fmt: skip


def taken(pair: tuple[Any, Any], rows: Array) -> tuple[Any, Any]:
    """Those rows of inputs and targets."""
    return _each(pair[0], lambda a: a[rows]), pair[1][rows]


def _each(x: Any, function: Callable[[Array], Array]) -> Any:
    if isinstance(x, dict):
        return {name: function(a) for name, a in x.items()}
    if isinstance(x, list | tuple):
        return [function(a) for a in x]
    return function(x)


def _few(x: Any, rows: int) -> Any:
    return _each(x, lambda a: a[:rows])


def _checked(name: str, data: Any) -> Any:
    """Arrays of finite numbers, each with at least two rows."""
    if isinstance(data, dict):
        return {key: _array(f"{name}[{key!r}]", a) for key, a in data.items()}
    if isinstance(data, list | tuple) and data and hasattr(data[0], "shape"):
        return [_array(f"{name}[{i}]", a) for i, a in enumerate(data)]
    return _array(name, data)


def _array(name: str, data: Any) -> Array:
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise DiagnoseError(f"{name} is no array: its rows differ in length") from error
    if array.dtype.kind not in "fiub":
        raise DiagnoseError(
            f"{name} must hold numbers, got {array.dtype}; encode text as numbers first"
        )
    if array.ndim == 0 or len(array) < 2:
        raise DiagnoseError(f"{name} must have at least two rows, got shape {array.shape}")
    bad = np.size(array) - np.count_nonzero(np.isfinite(array))
    if bad:
        raise DiagnoseError(
            f"{name} holds {bad:,} values that are NaN or infinite; remove or replace them"
        )
    return array.astype("float32") if array.dtype == np.float16 else array


def same_length(x: Any, y: Any, names: str) -> None:
    """Raise DiagnoseError unless inputs and targets have as many rows."""
    lengths = {len(a) for part in (x, y) for a in _leaves(part)}
    if len(lengths) > 1:
        raise DiagnoseError(f"{names} must have as many rows, got {sorted(lengths)}")


def _leaves(data: Any) -> list[Array]:
    if isinstance(data, dict):
        return list(data.values())
    return list(data) if isinstance(data, list | tuple) else [data]


def _positive(name: str, count: Any) -> None:
    if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
        raise DiagnoseError(f"{name} must be a whole number of at least 1, got {count!r}")


def _guarded(build: Callable[[], Any], x: Any) -> Callable[[], "keras.Model"]:
    """`build`, whose model is checked and built for these inputs."""
    checked = False

    def guarded() -> "keras.Model":
        nonlocal checked
        model = _built_by(build)
        try:
            if not checked or not model.built:
                model(_few(x, 1))
        except Exception as error:
            raise DiagnoseError(
                f"the model can't take x of shape {_shapes(x)}: {one_line(error)}"
            ) from error
        checked = True
        return model

    return guarded


def _built_by(build: Callable[[], Any]) -> "keras.Model":
    import keras

    try:
        model = build()
    except Exception as error:
        raise DiagnoseError(f"build() raised {one_line(error)}") from error
    if not isinstance(model, keras.Model):
        kind = type(model).__name__
        raise DiagnoseError(f"build() must return a compiled keras.Model, got {kind}")
    if not model.compiled or model.optimizer is None:
        raise DiagnoseError("build() returns a model that isn't compiled; call model.compile")
    if model.loss is None:
        raise DiagnoseError("build() returns a model without a loss; give compile a loss")
    return model


def _shapes(x: Any) -> str:
    return ", ".join(str(a.shape) for a in _leaves(x))


def one_line(error: BaseException) -> str:
    """An exception in one line."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {text}"[:300]


def _split(
    x: Any, y: Array, validation: tuple[Any, Any] | None
) -> tuple[tuple[Any, Any], tuple[Any, Any], str, list[str]]:
    """Training rows and rows to score on; rows are drawn, the same ones every time."""
    n = len(y)
    order = np.random.default_rng(0).permutation(n)
    if validation is not None:
        test = _validation(x, y, validation)
        train = taken((x, y), np.sort(order[:MOST_ROWS]))
        return train, test, "validation data", []
    if n < LEAST_ROWS_TO_SPLIT:
        note = f"{n} rows are too few to hold some out, so the score is taken on the training rows"
        return (x, y), (x, y), "training rows", [note]
    held = order[: min(int(n * HELD_OUT), MOST_ROWS)]
    kept = order[int(n * HELD_OUT) :][:MOST_ROWS]
    note = "no validation data: a fifth of the rows is held out for the score"
    return taken((x, y), np.sort(kept)), taken((x, y), np.sort(held)), "held-out rows", [note]


def _validation(x: Any, y: Array, validation: Any) -> tuple[Any, Any]:
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise DiagnoseError("validation_data must be a pair (x, y)")
    x_test, y_test = _checked("validation x", validation[0]), _checked(
        "validation y", validation[1]
    )  # fmt: skip
    same_length(x_test, y_test, "validation x and y")
    for ours, theirs, name in ((x, x_test, "x"), (y, y_test, "y")):
        if [a.shape[1:] for a in _leaves(ours)] != [a.shape[1:] for a in _leaves(theirs)]:
            raise DiagnoseError(
                f"validation {name} has shape {_shapes(theirs)}, training {name} {_shapes(ours)}; "
                "all but the number of rows must agree"
            )
    order = np.random.default_rng(1).permutation(len(y_test))[:MOST_ROWS]
    return taken((x_test, y_test), np.sort(order))


def _default_epochs(rows: int, batch_size: int) -> int:
    least, most = DEFAULT_EPOCHS
    return int(np.clip(round(DEFAULT_STEPS / math.ceil(rows / batch_size)), least, most))


def _affordable(
    model: "keras.Model", layers: tuple[Site, ...], train: tuple[Any, Any], epochs: int,
    batch_size: int, seeds: int, budget: float,
) -> tuple[int, int]:  # fmt: skip
    """Rows and epochs of one training that the budget pays for; the same on every machine."""
    budget = min(budget, FULL_BUDGET)
    rows = len(train[1])
    visits = FLOPS_PER_SECOND * budget / (6 * max(_products(model), 1) * seeds)
    if rows * min(epochs, 3) > visits:
        rows = min(rows, max(256, int(visits) // min(epochs, 3)))
    rows = min(rows, max(256, int(STEPS_PER_SECOND * budget) * batch_size))
    steps = math.ceil(rows / batch_size)
    most = max(1, min(int(visits) // rows, int(STEPS_PER_SECOND * budget) // steps))
    return rows, min(epochs, most)


def _products(model: "keras.Model") -> int:
    """Multiplications of one row's forward pass: each kernel's entries, times its positions."""
    total = 0
    for layer in model._flatten_layers(include_self=False):
        weights = [v for v in layer.trainable_variables if "kernel" in v.name]
        positions = 1
        shape = _shape_of(layer)
        if shape is not None and len(shape) > 2 and weights:
            positions = math.prod(int(side or 1) for side in shape[1:-1])
        if not getattr(layer, "_layers", None):
            total += positions * sum(math.prod(v.shape) for v in weights)
    return total


def _shape_of(layer: Any) -> tuple[int | None, ...] | None:
    try:
        output = layer.output
        # a recurrent layer works through its input's steps, whatever it returns
        recurrent = hasattr(layer, "return_sequences")
        return tuple(layer.input.shape if recurrent else output.shape)
    except (AttributeError, ValueError):
        return None
