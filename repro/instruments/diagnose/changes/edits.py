"""Edits of a Keras model: layers replaced or added, all others kept, with their weights.

The model that `build()` returned is thrown away afterwards, so the edited one may share its layers.
Weights that still fit stay as they were drawn: an edited model starts where the original does.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.instruments.diagnose.setup.anatomy import Site, activation_name, graph, trace

if TYPE_CHECKING:
    import keras

Edit = Callable[["keras.Model"], "keras.Model"]
New = tuple[Any, Sequence[Any]]
"""What takes an operation's place, and the layers put behind it."""


def rebuilt(model: "keras.Model", new: Mapping[int, New]) -> "keras.Model":
    """Run through the model's graph again, with other operations at some positions."""
    import keras

    operations = trace(model).operations
    names = {operations[position].name: put for position, put in new.items()}
    behind = {id(put): layers for put, layers in names.values()}

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        result = operation(*args, **kwargs)
        for layer in behind.get(id(operation), ()):
            result = layer(result)
        return result

    return keras.models.clone_model(
        graph(model),
        clone_function=lambda op: names[op.name][0] if op.name in names else op,
        call_function=call,
    )


def copy_of(layer: Any, **arguments: Any) -> Any:
    """A new layer like this one, but for some arguments; without weights yet."""
    config = layer.get_config()
    # functions of the user's own can't be found again by the name in the config
    config |= {key: getattr(layer, key) for key in ("activation",) if key in config}
    return type(layer).from_config(config | arguments)


def with_weights(new: Any, old: Any) -> Any:
    """Build a layer for the old one's inputs, and give it the old weights that fit."""
    new.build(old._build_shapes_dict["input_shape"] if _has_shape(old) else old.input.shape)
    before = {v.name: v for v in old.weights}
    for variable in new.weights:
        if variable.name in before and before[variable.name].shape == variable.shape:
            variable.assign(np.asarray(before[variable.name]))
    return new


def _has_shape(layer: Any) -> bool:
    return "input_shape" in (getattr(layer, "_build_shapes_dict", None) or {})


def set_arguments(sites: Sequence[Site], **arguments: Any) -> Edit:
    """Other arguments for these layers, whose weights stay."""

    def edit(model: "keras.Model") -> "keras.Model":
        operations = trace(model).operations
        layers = {site.position: operations[site.position] for site in sites}
        return rebuilt(
            model,
            {p: (with_weights(copy_of(old, **arguments), old), ()) for p, old in layers.items()},
        )

    return edit


def activate(sites: Sequence[Site], name: str) -> Edit:
    """Another activation on these layers, whether it is an argument or a layer of its own."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        operations = trace(model).operations
        new: dict[int, New] = {}
        for site in sites:
            old = operations[site.activated_at]
            if site.activated_at == site.position:
                new[site.position] = (with_weights(copy_of(old, activation=name), old), ())
            else:
                new[site.activated_at] = (keras.layers.Activation(name, dtype=_dtype(model)), ())
        return rebuilt(model, new)

    return edit


def draw_anew(sites: Sequence[tuple[Site, str]]) -> Edit:
    """Kernels of these layers drawn by other initializers, biases 0."""

    def edit(model: "keras.Model") -> "keras.Model":
        operations = trace(model).operations
        new: dict[int, New] = {}
        for site, initializer in sites:
            old = operations[site.position]
            zero = {"bias_initializer": "zeros"} if getattr(old, "use_bias", False) else {}
            new[site.position] = (copy_of(old, kernel_initializer=initializer, **zero), ())
        return rebuilt(model, new)

    return edit


def normalize(sites: Sequence[Site]) -> Edit:
    """Batch normalization between these layers' sums and their activations."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        operations, dtype = trace(model).operations, _dtype(model)
        new: dict[int, New] = {}
        for site in sites:
            old = operations[site.position]
            layers = [keras.layers.BatchNormalization(dtype=dtype)]
            put = old
            if activation_name(getattr(old, "activation", None)) != "linear":
                put = with_weights(copy_of(old, activation="linear"), old)
                layers.append(keras.layers.Activation(old.activation, dtype=dtype))
            new[site.position] = (put, layers)
        return rebuilt(model, new)

    return edit


def widen(sites: Sequence[Site], units: Mapping[int, int]) -> Edit:
    """Other numbers of units (by position); layers with weights from there on are drawn anew."""
    first = min(units)

    def edit(model: "keras.Model") -> "keras.Model":
        operations = trace(model).operations
        new: dict[int, New] = {}
        for position, old in enumerate(operations):
            if position >= first and getattr(old, "weights", None):
                arguments = {"units": units[position]} if position in units else {}
                new[position] = (copy_of(old, **arguments), ())
        return rebuilt(model, new)

    return edit


def without(kinds: Sequence[str]) -> Edit:
    """Layers of these classes made to pass everything."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        return rebuilt(
            model,
            {
                position: (keras.layers.Identity(), ())
                for position, old in enumerate(trace(model).operations)
                if type(old).__name__ in kinds
            },
        )

    return edit


def chain(*edits: Edit) -> Edit:
    """One edit after the other."""

    def edit(model: "keras.Model") -> "keras.Model":
        for each in edits:
            model = each(model)
        return model

    return edit


def _dtype(model: "keras.Model") -> str:
    double = any(v.dtype == "float64" for v in model.trainable_variables)
    return "float64" if double else "float32"
