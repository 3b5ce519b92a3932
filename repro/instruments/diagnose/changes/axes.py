"""Changes of an output that has axes which the targets lack."""

from typing import TYPE_CHECKING, Any

from repro.instruments.diagnose.changes import edits
from repro.instruments.diagnose.changes.change import Change, Changes
from repro.instruments.diagnose.changes.code import layer_code
from repro.instruments.diagnose.setup.anatomy import trace
from repro.instruments.diagnose.setup.setup import Setup

if TYPE_CHECKING:
    import keras


def axis_changes(setup: Setup) -> Changes:
    """Let the last recurrent layer return its last step, or flatten in front of dense layers."""
    recurrent = [i for i, layer in enumerate(setup.operations) if _returns_steps(layer)]
    if recurrent:
        last = recurrent[-1]
        yield Change(
            key="last_step",
            title="the last step alone out of the last recurrent layer",
            size=1,
            code=layer_code(setup.operations[last], return_sequences=False),
            removes=("output_axes",),
            group="axes",
            edit=edits.last_step_of(last),
        )
    elif _to_flatten(setup.operations) is not None:
        yield Change(
            key="flatten",
            title="the steps or pixels of a row flattened in front of the dense layers",
            size=1,
            code="keras.layers.Flatten()  # in front of the first Dense layer",
            removes=("output_axes",),
            group="axes",
            edit=_flatten,
        )


def _returns_steps(layer: Any) -> bool:
    return bool(getattr(layer, "return_sequences", False))


def _to_flatten(operations: list[Any]) -> int | None:
    """Return the place of the first dense layer that works along an axis of many."""
    dense = [i for i, layer in enumerate(operations) if type(layer).__name__ == "Dense"]
    return next((i for i in dense if len(operations[i].input.shape) > 2), None)


def _flatten(model: "keras.Model") -> "keras.Model":
    """Put Flatten in front of the first such layer; it and those behind it are drawn anew."""
    import keras

    operations = trace(model).operations
    first = _to_flatten(operations)
    if first is None:
        return model
    new: dict[int, edits.Replacement] = {
        i: (edits.copy_layer(layer), ())
        for i, layer in enumerate(operations)
        if i > first and getattr(layer, "weights", None)
    }
    new[first] = (keras.layers.Flatten(), [edits.copy_layer(operations[first])])
    return edits.rebuild(model, new)
