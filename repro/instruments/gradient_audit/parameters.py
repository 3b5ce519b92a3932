"""The parameters of a hand-written step, and the Keras variables that hold the same numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

Array = NDArray[np.float64]
Kind = Literal["weights", "bias"]
Parameters = Mapping[str, Any] | Sequence[Any]
Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter array: as the step keeps it, and as the reference does."""

    name: str
    layer: int
    kind: Kind
    array: NDArray[Any]
    shape: Shape
    transposed: bool = False

    def arrange(self, array: NDArray[Any]) -> Array:
        """Bring an array from the step's layout into the reference's, in float64."""
        return (array.T if self.transposed else array).astype(np.float64).reshape(self.shape)

    @property
    def value(self) -> Array:
        """The parameter in the reference's layout."""
        return self.arrange(self.array)


def named_arrays(parameters: Parameters) -> dict[str | int, NDArray[Any]]:
    """Check the parameters; return them under their names, or under positions in a list."""
    if not isinstance(parameters, Mapping | list | tuple) or not parameters:
        raise ValueError("parameters must be a list or a dict of arrays, with at least one array")
    items: Any = parameters.items() if isinstance(parameters, Mapping) else enumerate(parameters)
    arrays = {name: np.asarray(value) for name, value in items}
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise ValueError(f"parameter {name!r} must hold numbers, got {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"parameter {name!r} holds NaN or infinity before the step")
    return arrays


def describe(parameters: Parameters) -> list[Parameter]:
    """Describe parameters for which there is no model, from their names and shapes.

    A name that starts with "b" or an array of one dimension is a bias. The layer is the number at
    the end of the name, else the number of weight arrays met so far.
    """
    described: list[Parameter] = []
    met = 0
    for key, array in named_arrays(parameters).items():
        is_bias = array.ndim < 2 or str(key).lower().startswith("b")
        met += not is_bias
        name = f"{'b' if is_bias else 'W'}{max(met, 1)}" if isinstance(key, int) else str(key)
        digits = name[len(name.rstrip("0123456789")) :]
        kind: Kind = "bias" if is_bias else "weights"
        layer = int(digits) if digits else max(met, 1)
        described.append(
            Parameter(name=name, layer=layer, kind=kind, array=array, shape=array.shape)
        )
    return described


def describe_with_model(
    parameters: Parameters, model: "keras.Model", transposed: bool | None
) -> list[Parameter]:
    """Match parameters with `model.trainable_variables`, in that order.

    A column of biases (n, 1) matches (n,). Weights may be kept as (outputs, inputs); for square
    ones the other weights show it, or `transposed` states it.
    """
    arrays = named_arrays(parameters)
    variables = model.trainable_variables
    pairs = [(array.shape, tuple(v.shape)) for array, v in zip(arrays.values(), variables)]  # noqa: B905
    if len(arrays) != len(variables) or not all(_fits(own, shape) for own, shape in pairs):
        raise ValueError(_mismatch(arrays, variables))
    flips = _orientations(pairs, transposed)
    layers = _layer_numbers(model)
    described: list[Parameter] = []
    for (key, array), variable, flip in zip(arrays.items(), variables, flips, strict=True):
        layer = layers.get(id(variable), len(described) + 1)
        initial = {"kernel": "W", "bias": "b"}.get(variable.name, variable.name)
        name = f"{initial}{layer}" if isinstance(key, int) else str(key)
        kind: Kind = "bias" if variable.name in {"bias", "beta"} else "weights"
        described.append(
            Parameter(
                name=name,
                layer=layer,
                kind=kind,
                array=array,
                shape=tuple(variable.shape),
                transposed=flip,
            )
        )
    return described


def _fits(own: Shape, shape: Shape) -> bool:
    """Return whether an array can hold a variable: as it is, transposed, or a bias as a matrix."""
    if len(shape) == 1:
        return own in (shape, (shape[0], 1), (1, shape[0]))
    return own == shape or (len(shape) == 2 and own == shape[::-1])


def _orientations(pairs: list[tuple[Shape, Shape]], transposed: bool | None) -> list[bool]:
    """Tell for each (array, variable) pair of shapes whether the array is transposed."""
    oblong = [own != shape for own, shape in pairs if len(shape) == 2 and len(set(shape)) == 2]
    square = [shape for _, shape in pairs if len(shape) == 2 and shape[0] == shape[1] > 1]
    if transposed is None and square and len(set(oblong)) != 1:
        raise ValueError(
            f"square weights {square[0]} do not show their orientation: pass transposed=True if "
            "they are kept as (outputs, inputs), transposed=False if as (inputs, outputs)"
        )
    of_square = oblong[0] if transposed is None and square else bool(transposed)
    return [
        len(shape) == 2 and (of_square if shape[0] == shape[1] else own != shape)
        for own, shape in pairs
    ]


def _layer_numbers(model: "keras.Model") -> dict[int, int]:
    """Number the layers that have trainable variables from 1: id of a variable -> number."""
    trained = [layer for layer in model.layers if layer.trainable_variables]
    return {
        id(variable): number
        for number, layer in enumerate(trained, start=1)
        for variable in layer.trainable_variables
    }


def _mismatch(arrays: Mapping[str | int, NDArray[Any]], variables: Iterable[Any]) -> str:
    expected = ", ".join(f"{variable.path} {tuple(variable.shape)}" for variable in variables)
    got = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    return f"parameters must follow model.trainable_variables: expected {expected}; got {got}"
