"""The user's build function, checked: each call makes a new model, or fails in one line."""

import weakref
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.instruments.diagnose.setup.anatomy import has_own_steps, is_graph
from repro.instruments.diagnose.setup.arrays import Array, first_rows, map_arrays, shapes
from repro.instruments.diagnose.setup.compiled import compile_arguments
from repro.instruments.diagnose.setup.errors import DiagnoseError, one_line, short
from repro.instruments.diagnose.setup.unfolding import Unfold, find_unfolding, quietly

if TYPE_CHECKING:
    import keras

Build = Callable[[], "keras.Model"]
UNFOLDED = 4  # rows, on which an unfolded model has to do the same


def checked_build(build: Callable[[], Any], x: Any) -> Build:
    """Return `build` with checks: its model is built for x and has an optimizer of its own."""
    _check_is_function(build)
    is_checked, optimizers = False, weakref.WeakSet[Any]()
    unfold: Unfold | None = None
    last: Callable[[], Any] = lambda: None  # noqa: E731  # stands for a reference to no model

    def build_model() -> "keras.Model":
        nonlocal is_checked, last, unfold
        model = call_build(build)
        if last() is model:
            raise DiagnoseError("build() returns the same model again; make a new one inside it")
        last = weakref.ref(model)
        # one of the user's own class may say that it is built, and make weights in its first call
        if not (is_checked and model.built and is_graph(model)):
            _check_inputs_fit(model, x)
        if model.optimizer.built or model.optimizer in optimizers:
            _renew_optimizer(model)  # one that was made outside of build knows one model only
        else:
            optimizers.add(model.optimizer)
        if not is_checked:
            unfold = _unfolding(build, x)
        is_checked = True
        return unfold(model) if unfold else model

    return build_model


def _check_is_function(build: Any) -> None:
    import keras

    if isinstance(build, keras.Model) or not callable(build):
        got = f"a {type(build).__name__}" if callable(build) else repr(short(build))
        raise DiagnoseError(
            f"build must be a function that makes a new model, got {got}: def build(): …"
        )


def readable_rows(model: "keras.Model", x: Any, rows: int = 1) -> Any:
    """Return rows that the model can take: of an embedding's tokens, those that it has rows for.

    Tokens out of its range are a fault to diagnose, and none that keeps the model from being read.
    """
    first = first_rows(x, rows)
    kinds = [type(layer).__name__ for layer in model._flatten_layers()]
    if "Embedding" not in kinds:
        return first
    sizes = [v.input_dim for v in model._flatten_layers() if type(v).__name__ == "Embedding"]
    return map_arrays(first, lambda a: np.clip(a, 0, min(sizes) - 1) if _are_indices(a) else a)


def unfolded_build(build: Callable[[], Any], x: Any) -> Callable[[], Any]:
    """Return `build` with a model of the user's own class unfolded, as far as that can be done."""
    is_known = is_graph(call_build(build))
    unfold = None if is_known else _unfolding(build, x)
    return build if unfold is None else lambda: unfold(call_build(build))


def _unfolding(build: Callable[[], Any], x: Any) -> Unfold | None:
    model = call_build(build)
    rows = readable_rows(model, x, UNFOLDED)
    with quietly():
        model(rows)
        return find_unfolding(model, rows)


def _are_indices(a: Array) -> bool:
    return bool((a == np.rint(a)).all())


def _check_inputs_fit(model: "keras.Model", x: Any) -> None:
    try:
        model(readable_rows(model, x))
    except Exception as error:
        raise DiagnoseError(
            f"the model can't take x of shape {shapes(x)}: {one_line(error)}"
        ) from error


def _renew_optimizer(model: "keras.Model") -> None:
    old, arguments = model.optimizer, compile_arguments(model)
    rate = old._learning_rate
    rate = rate if callable(rate) else float(old.learning_rate)
    config = old.get_config() | {"learning_rate": rate}
    model.compile(
        optimizer=type(old).from_config(config),
        loss=arguments["loss"],
        loss_weights=arguments["loss_weights"],
        metrics=arguments["metrics"],
    )


OF_ANY_LOSS = ("accuracy", "acc", "crossentropy", "ce")  # Keras takes that of the loss


def call_build(build: Callable[[], Any]) -> "keras.Model":
    """Call the user's function; raise DiagnoseError unless it returns a compiled model."""
    import keras

    _check_is_function(build)
    try:
        model = build()
    except Exception as error:
        raise DiagnoseError(f"build() raised {one_line(error)}") from error
    if not isinstance(model, keras.Model):
        kind = type(model).__name__
        raise DiagnoseError(f"build() must return a compiled keras.Model, got {kind}")
    if not model.compiled or model.optimizer is None:
        raise DiagnoseError("build() returns a model that isn't compiled; call model.compile")
    if model.loss is None and not has_own_steps(model):
        raise DiagnoseError("build() returns a model without a loss; give compile a loss")
    for loss in keras.tree.flatten(model.loss):
        _check_is_known("loss", loss, keras.losses)
    for metric in keras.tree.flatten(compile_arguments(model)["metrics"]):
        if metric not in OF_ANY_LOSS:
            _check_is_known("metric", metric, keras.metrics)
    return model


def _check_is_known(kind: str, name: Any, room: Any) -> None:
    """Raise DiagnoseError for a name that Keras has no loss or metric of."""
    if not isinstance(name, str):
        return
    try:
        room.get(name)
    except ValueError as error:
        known = [own for own in ["accuracy", *dir(room)] if own.islower() and own[0] != "_"]
        longer = [own for own in known if {*name.split("_")} <= {*own.split("_")}]
        nearest = longer or get_close_matches(name, known, n=1)
        meant = f"did you mean {nearest[0]!r}?" if nearest else f"see keras.{kind}s"
        raise DiagnoseError(f"Keras knows no {kind} {name!r}; {meant}") from error
