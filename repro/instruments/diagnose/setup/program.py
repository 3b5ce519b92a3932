"""A compiled model, read before any data are known."""

from collections.abc import Callable
from dataclasses import dataclass
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
from repro.instruments.diagnose.setup.arrays import Array, map_arrays
from repro.instruments.diagnose.setup.budget import DEFAULT_STEPS
from repro.instruments.diagnose.setup.building import call_build
from repro.instruments.diagnose.setup.compiled import Compiled, read_compiled
from repro.instruments.diagnose.setup.unfolding import find_unfolding, quietly

if TYPE_CHECKING:
    import keras

LIKELY_SHAPES = ((None, 8), (None, 8, 8), (None, 32, 32, 3), (None, 32, 32, 1))
"""Shapes that are tried on a model that doesn't say which inputs it takes."""
LIKELY_STEPS = 8  # of inputs that may have any number
ROWS = 2


@dataclass(frozen=True)
class Program:
    """A compiled model, with what can be read off it; see `symptoms.written.Program`.

    `shape` is the inputs' shape that was assumed, None if the model says it.
    """

    model: "keras.Model"
    compiled: Compiled
    sites: tuple[Site, ...]
    shape: tuple[int | None, ...] | None

    @property
    def hidden(self) -> tuple[Site, ...]:
        """All layers with weights but the output."""
        return tuple(site for site in self.sites if not site.is_output)

    @property
    def output(self) -> Site | None:
        """The layer that makes the prediction, if it is known."""
        return self.sites[-1] if self.sites and self.sites[-1].is_output else None

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """The shape of the predictions, rows first."""
        shape = self.model.output_shape if self.sites else (None, None)
        return tuple(shape) if isinstance(shape, tuple) else (None, None)

    @cached_property
    def operations(self) -> list[Any]:
        """The model's operations in the order in which they run."""
        return trace(self.model).operations if is_graph(self.model) else []

    @cached_property
    def shapes(self) -> list[tuple[int | None, ...]]:
        """The shapes that the operations put out, rows first."""
        return output_shapes(self.model)

    @cached_property
    def bypassed(self) -> frozenset[int]:
        """The places of the operations that some path to the output leaves out."""
        return bypassed(self.model)

    @cached_property
    def unread_inputs(self) -> tuple[int, ...]:
        """The places of the model's inputs from which no path leads to the output."""
        return unread_inputs(self.model)

    @property
    def steps(self) -> int:
        """Steps of a training, as long as is usual: how long this one is isn't known yet."""
        return DEFAULT_STEPS

    @property
    def optimizer(self) -> Any:
        """The optimizer, as the user set it."""
        return self.model.optimizer


def read_program(build: Callable[[], Any]) -> Program:
    """Call `build`, and read what it returns.

    Raises:
        DiagnoseError: if it returns no compiled model.
    """
    import keras

    keras.utils.set_random_seed(0)
    model, shape = _build(build)
    layers = sites(model) if len(getattr(model, "outputs", None) or []) == 1 else []
    return Program(model, read_compiled(model), tuple(layers), shape)


def _build(build: Callable[[], Any]) -> tuple["keras.Model", tuple[int | None, ...] | None]:
    """Return a model as a graph, and the shape that was assumed if it names none."""
    model = call_build(build)
    if is_graph(model):
        return _unfolded(build, model, map_arrays(_inputs(model), _rows_like)), None
    for shape in LIKELY_SHAPES:
        if _takes(model, shape):
            model = _unfolded(build, model, _zeros(shape))
            return model, shape if is_graph(model) else None
        model = call_build(build)  # one that could not be built takes no other shape
    return model, None


def _inputs(model: Any) -> Any:
    return model.inputs[0] if len(model.inputs) == 1 else model.input


def _rows_like(tensor: Any) -> Array:
    return _zeros(tensor.shape, tensor.dtype if tensor.dtype != "string" else "str")


def _zeros(shape: tuple[int | None, ...], kind: str = "float32") -> Array:
    return np.zeros((ROWS, *(side or LIKELY_STEPS for side in shape[1:])), kind)


def _unfolded(build: Callable[[], Any], model: "keras.Model", rows: Any) -> "keras.Model":
    """Return the model as a graph of single layers, as far as it can be read so."""
    spare = call_build(build)  # of which nothing is kept
    try:
        with quietly():
            spare(rows)
            unfold = find_unfolding(spare, rows)
    except Exception:  # whatever its layers say of rows that are all 0
        return model
    return unfold(model) if unfold else model


def _takes(model: "keras.Model", shape: tuple[int | None, ...]) -> bool:
    import keras

    try:
        if isinstance(model, keras.Sequential):
            model.build(shape)
        with quietly():
            model(_zeros(shape))
    except Exception:  # whatever its layers say of such inputs, they may take the next
        return False
    return True
