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
Replacement = tuple[Any, Sequence[Any]]
"""The operation that takes another's place, and the layers put behind it."""


def rebuild(model: "keras.Model", new: Mapping[int, Replacement]) -> "keras.Model":
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


def copy_layer(layer: Any, **arguments: Any) -> Any:
    """Return a new layer like this one, but for some arguments; without weights yet."""
    config = layer.get_config()
    # functions of the user's own can't be found again by the name in the config
    config |= {key: getattr(layer, key) for key in ("activation",) if key in config}
    return type(layer).from_config(config | arguments)


def with_weights(new: Any, old: Any) -> Any:
    """Build a layer for the old one's inputs, and give it the old weights that fit."""
    new.build(old._build_shapes_dict["input_shape"] if _has_shape(old) else old.input.shape)
    old_weights = {v.name: v for v in old.weights}
    for variable in new.weights:
        kept = old_weights.get(variable.name)
        if kept is not None and kept.shape == variable.shape:
            variable.assign(np.asarray(kept))
    return new


def _has_shape(layer: Any) -> bool:
    return "input_shape" in (getattr(layer, "_build_shapes_dict", None) or {})


def set_arguments(sites: Sequence[Site], **arguments: Any) -> Edit:
    """Return the edit that gives these layers other arguments; their weights stay."""

    def edit(model: "keras.Model") -> "keras.Model":
        operations = trace(model).operations
        layers = {site.position: operations[site.position] for site in sites}
        return rebuild(
            model,
            {p: (with_weights(copy_layer(old, **arguments), old), ()) for p, old in layers.items()},
        )

    return edit


def activate(sites: Sequence[Site], name: str) -> Edit:
    """Return the edit that gives these layers another activation, argument or layer of its own."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        operations = trace(model).operations
        new: dict[int, Replacement] = {}
        for site in sites:
            old = operations[site.activated_at]
            if site.activated_at == site.position:
                new[site.position] = (with_weights(copy_layer(old, activation=name), old), ())
            else:
                new[site.activated_at] = (keras.layers.Activation(name, dtype=_dtype(model)), ())
        return rebuild(model, new)

    return edit


def draw_anew(sites: Sequence[tuple[Site, str]]) -> Edit:
    """Return the edit that draws these kernels by the initializers named; biases become 0."""

    def edit(model: "keras.Model") -> "keras.Model":
        operations = trace(model).operations
        new: dict[int, Replacement] = {}
        for site, initializer in sites:
            old = operations[site.position]
            zero = {"bias_initializer": "zeros"} if getattr(old, "use_bias", False) else {}
            new[site.position] = (copy_layer(old, kernel_initializer=initializer, **zero), ())
        return rebuild(model, new)

    return edit


def normalize(sites: Sequence[Site]) -> Edit:
    """Return the edit that puts batch normalization between these layers' sums and activations."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        operations, dtype = trace(model).operations, _dtype(model)
        new: dict[int, Replacement] = {}
        for site in sites:
            old = operations[site.position]
            layers = [keras.layers.BatchNormalization(dtype=dtype)]
            put = old
            if activation_name(getattr(old, "activation", None)) != "linear":
                put = with_weights(copy_layer(old, activation="linear"), old)
                layers.append(keras.layers.Activation(old.activation, dtype=dtype))
            new[site.position] = (put, layers)
        return rebuild(model, new)

    return edit


def widen(units: Mapping[int, int]) -> Edit:
    """Return the edit that gives layers other numbers of units, by position.

    Layers with weights from there on are drawn anew.
    """
    first = min(units)

    def edit(model: "keras.Model") -> "keras.Model":
        operations = trace(model).operations
        new: dict[int, Replacement] = {}
        for position, old in enumerate(operations):
            if position >= first and getattr(old, "weights", None):
                arguments = {"units": units[position]} if position in units else {}
                new[position] = (copy_layer(old, **arguments), ())
        return rebuild(model, new)

    return edit


def remove(kinds: Sequence[str]) -> Edit:
    """Return the edit that lets layers of these classes pass everything."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        return rebuild(
            model,
            {
                position: (keras.layers.Identity(), ())
                for position, old in enumerate(trace(model).operations)
                if type(old).__name__ in kinds
            },
        )

    return edit


def chain(*edits: Edit) -> Edit:
    """Return the edit that makes these edits one after the other."""

    def edit(model: "keras.Model") -> "keras.Model":
        for apply in edits:
            model = apply(model)
        return model

    return edit


def _dtype(model: "keras.Model") -> str:
    double = any(v.dtype == "float64" for v in model.trainable_variables)
    return "float64" if double else "float32"
