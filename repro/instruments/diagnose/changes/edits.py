"""Edits of a Keras model: layers replaced or added, all others kept, with their weights.

The model that `build()` returned is thrown away afterwards, so the edited one may share its layers.
Weights that still fit stay as they were drawn: an edited model starts where the original does.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.instruments.diagnose.measurements.untracked import untracked_variables
from repro.instruments.diagnose.setup.anatomy import (
    OWN_STEPS,
    Site,
    activation_name,
    graph,
    has_own_steps,
    is_graph,
    own_matrices,
    trace,
)
from repro.instruments.diagnose.setup.arrays import Array

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
        if id(operation) in behind:  # it may take other arguments, such as no mask
            accepted = inspect.signature(operation.call).parameters
            kwargs = {name: value for name, value in kwargs.items() if name in accepted}
        result = operation(*args, **kwargs)
        for layer in behind.get(id(operation), ()):
            result = layer(result)
        return result

    rebuilt = keras.models.clone_model(
        graph(model),
        clone_function=lambda op: names[op.name][0] if op.name in names else op,
        call_function=call,
    )
    # a class of the user's own may train by steps of its own, which have to stay
    if has_own_steps(model):
        return type(model)(inputs=rebuilt.inputs, outputs=rebuilt.outputs)
    return rebuilt


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


def track(x: Any) -> Edit:
    """Return the edit that makes the variables that predictions of x depend on trainable."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        layers = list(model._flatten_layers(include_self=not is_graph(model)))
        for value in untracked_variables(model, x):
            known = keras.Variable(np.asarray(value), dtype=value.dtype.name)
            owner, name = _owner(layers, value) or (_first_with_weights(layers), "")
            owner._tracker.unlock()
            if name:
                setattr(owner, name, known)
            else:  # a function's: it stays where it is, and a layer knows of it
                known._value = value
                owner._track_variable(known)
            owner._tracker.lock()
        return model

    return edit


def _owner(layers: Sequence[Any], value: Any) -> tuple[Any, str] | None:
    """Return the layer that has this variable as an attribute, and the attribute's name."""
    owned = ((o, name) for o in layers for name, held in vars(o).items() if held is value)
    return next(owned, None)


def _first_with_weights(layers: Sequence[Any]) -> Any:
    return next((layer for layer in layers if layer.weights), layers[-1])


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


def draw_own_anew(model: "keras.Model") -> "keras.Model":
    """Draw the tables of weights in layers of the user's own as Glorot does."""
    import keras

    draw = keras.initializers.GlorotUniform()
    for variable in own_matrices(trace(model).operations):
        variable.assign(draw(variable.shape, variable.dtype))
    return model


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


def count_name(layer: Any) -> str:
    """Return what a layer calls its number of units."""
    names = ("filters", "output_dim")
    return next((name for name in names if hasattr(layer, name)), "units")


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
                arguments = {count_name(old): units[position]} if position in units else {}
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


def unfreeze(model: "keras.Model") -> "keras.Model":
    """Let all weights be trained that a layer of this kind trains."""
    model.trainable = True
    for layer in model._flatten_layers(include_self=False):
        layer.trainable = True
    return model


def train_as_keras(model: "keras.Model") -> "keras.Model":
    """Let the model train and test by Keras' own steps; its layers and its call stay."""
    import keras

    own = {name: getattr(keras.Model, name) for name in (*OWN_STEPS, "metrics")}
    # Keras would look for layers in a class that is set in the usual way
    object.__setattr__(model, "__class__", type(type(model).__name__, (type(model),), own))
    return model


def without_added_losses(model: "keras.Model") -> "keras.Model":
    """Let no layer of the user's add a loss."""
    for layer in model._flatten_layers():
        if not type(layer).__module__.startswith("keras."):
            layer.add_loss = lambda loss: None
    return model


def unpenalize(model: "keras.Model") -> "keras.Model":
    """Take the penalties off weights and activations."""
    for layer in model._flatten_layers():
        for name in ("kernel", "bias", "recurrent", "embeddings", "activity"):
            if getattr(layer, f"{name}_regularizer", None) is not None:
                setattr(layer, f"{name}_regularizer", None)
    for variable in model.variables:
        variable.regularizer = None
    return model


def insert_hidden(output: Site, units: int) -> Edit:
    """Return the edit that puts a hidden ReLU layer in front of the output."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        old, dtype = trace(model).operations[output.position], _dtype(model)
        hidden = keras.layers.Dense(units, activation="relu", dtype=dtype)
        return rebuild(model, {output.position: (hidden, [copy_layer(old)])})

    return edit


def along_axis(position: int, axis: int) -> Edit:
    """Return the edit that lets an operation work along another axis."""

    def edit(model: "keras.Model") -> "keras.Model":
        old = trace(model).operations[position]
        if hasattr(old, "get_config") and "axis" in (config := old.get_config()):
            new = type(old).from_config(config | {"axis": axis})
        else:
            kept = {"keepdims": old.keepdims} if hasattr(old, "keepdims") else {}
            new = type(old)(axis=axis, **kept)
        return rebuild(model, {position: (new, ())})

    return edit


def pass_by(positions: Sequence[int]) -> Edit:
    """Return the edit that lets the operations at these positions pass everything."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        return rebuild(model, {position: (keras.layers.Identity(), ()) for position in positions})

    return edit


def remove_noise(model: "keras.Model") -> "keras.Model":
    """Let layers of noise, and those that change inputs at random, pass everything."""
    kinds = {type(o).__name__ for o in trace(model).operations}
    return remove([kind for kind in kinds if kind == "GaussianNoise" or kind.startswith("Random")])(
        model
    )


def remove_pooling(model: "keras.Model") -> "keras.Model":
    """Keep all positions: no pooling, strides of 1, and Flatten where all were pooled.

    What follows is drawn anew.
    """
    import keras

    operations = trace(model).operations
    new: dict[int, Replacement] = {}
    for i, old in enumerate(operations):
        kind, strides = type(old).__name__, np.ravel(getattr(old, "strides", 1) or 1)
        if "Pooling" in kind:
            put = keras.layers.Flatten() if "Global" in kind else keras.layers.Identity()
            new[i] = (put, ())
        elif kind.startswith("Conv") and (strides > 1).any():
            new[i] = (copy_layer(old, strides=1), ())
        elif new and getattr(old, "weights", None):
            new[i] = (copy_layer(old), ())
    return rebuild(model, new)


def skipped_share(operation: Any) -> float:
    """Return the share of positions that strides longer than the window never read."""
    if "Transpose" in type(operation).__name__:
        return 0.0
    window = getattr(operation, "kernel_size", None) or getattr(operation, "pool_size", None)
    strides = getattr(operation, "strides", None)
    if not window or not strides:
        return 0.0
    read = np.minimum(np.ravel(window) / np.ravel(strides), 1.0)
    return float(1 - read.prod())


def read_all(model: "keras.Model") -> "keras.Model":
    """Make no stride longer than the window that it moves; what follows is drawn anew."""
    new: dict[int, Replacement] = {}
    for i, old in enumerate(trace(model).operations):
        if skipped_share(old):
            window = getattr(old, "kernel_size", None) or old.pool_size
            strides = tuple(np.minimum(np.ravel(window), np.ravel(old.strides)).tolist())
            new[i] = (copy_layer(old, strides=strides), ())
        elif new and getattr(old, "weights", None):
            new[i] = (copy_layer(old), ())
    return rebuild(model, new)


def softmax_of_one(operation: Any) -> bool:
    """Tell whether an operation is a softmax over an axis of a single number, which is always 1."""
    shape = getattr(getattr(operation, "output", None), "shape", None)
    if type(operation).__name__ == "Softmax" and shape is not None:
        axes = np.ravel(-1 if operation.axis is None else operation.axis)
        return all(shape[int(axis)] == 1 for axis in axes)
    name = getattr(getattr(operation, "activation", None), "__name__", "")
    return bool(name == "softmax" and shape is not None and shape[-1] == 1)


def longest_axis(operation: Any) -> int | None:
    """Return the longest axis of what an operation puts out, rows and unknown ones apart."""
    sides = {axis: side for axis, side in enumerate(operation.output.shape) if axis and side}
    axis = max(sides, key=lambda axis: sides[axis], default=None)
    return axis if axis is not None and sides[axis] > 1 else None


def softmax_along(places: Mapping[int, int]) -> Edit:
    """Return the edit that takes the softmax of operations at these places along other axes."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        operations = trace(model).operations
        new: dict[int, Replacement] = {}
        for place, axis in places.items():
            old, softmax = operations[place], keras.layers.Softmax(axis=axis)
            if type(old).__name__ == "Softmax":
                new[place] = (softmax, ())
            else:
                linear = with_weights(copy_layer(old, activation="linear"), old)
                new[place] = (linear, (softmax,))
        return rebuild(model, new)

    return edit


def dilate(model: "keras.Model") -> "keras.Model":
    """Double the dilation from each convolution to the next; weights stay as they were drawn."""
    operations = trace(model).operations
    new: dict[int, Replacement] = {}
    for count, i in enumerate(dilatable(operations)):
        dilated = copy_layer(operations[i], dilation_rate=2**count)
        new[i] = (with_weights(dilated, operations[i]), ())
    return rebuild(model, new)


def dilatable(operations: Sequence[Any]) -> list[int]:
    """Return the places of convolutions that keep the number of positions, and skip none."""
    return [
        i
        for i, operation in enumerate(operations)
        if type(operation).__name__ in ("Conv1D", "Conv2D")
        and operation.padding in ("causal", "same")
        and max(np.ravel(operation.strides)) == 1 < max(np.ravel(operation.kernel_size))
    ]


def join_inputs(output: Site, places: Sequence[int], units: int) -> Edit:
    """Return the edit that joins these inputs, behind ReLU units, to what the output layer reads.

    The output layer is drawn anew.
    """

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        old = trace(model).operations[output.position]
        inputs = [keras.Input(t.shape[1:], dtype=t.dtype, name=t.name) for t in model.inputs]
        behind = [keras.layers.Dense(units, activation="relu") for _ in places]

        def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
            if operation.name == old.name:
                pairs = zip(behind, places, strict=True)
                joined = [layer(keras.layers.Flatten()(inputs[i])) for layer, i in pairs]
                args = (keras.layers.concatenate([args[0], *joined]), *args[1:])
                return copy_layer(old)(*args, **kwargs)
            return operation(*args, **kwargs)

        return keras.models.clone_model(
            graph(model),
            input_tensors=inputs if len(inputs) > 1 else inputs[0],
            clone_function=lambda operation: operation,
            call_function=call,
        )

    return edit


def replace_in_kinds(kinds: Sequence[str], **arguments: Any) -> Edit:
    """Return the edit that gives all layers of several classes other arguments."""
    return chain(*(replace_kind(kind, **arguments) for kind in kinds))


def move_channels(model: "keras.Model") -> "keras.Model":
    """Move the first axis behind the others, in front of the first layer; all are drawn anew."""
    import keras

    operations = trace(model).operations
    axes = len(model.inputs[0].shape) - 1
    new: dict[int, Replacement] = {
        i: (copy_layer(old), ())
        for i, old in enumerate(operations)
        if i and getattr(old, "weights", None)
    }
    behind = operations[0] if not operations[0].weights else copy_layer(operations[0])
    new[0] = (keras.layers.Permute((*range(2, axes + 1), 1)), [behind])
    return rebuild(model, new)


def add_dropout(sites: Sequence[Site], rate: float) -> Edit:
    """Return the edit that puts dropout behind the activations of these layers."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        operations = trace(model).operations
        return rebuild(
            model,
            {
                site.activated_at: (operations[site.activated_at], [keras.layers.Dropout(rate)])
                for site in sites
            },
        )

    return edit


def undrop(model: "keras.Model") -> "keras.Model":
    """Let recurrent layers drop nothing of their inputs and states."""
    return _with_arguments(model, ("dropout", "recurrent_dropout"), 0.0)


def unconstrain(model: "keras.Model") -> "keras.Model":
    """Take the constraints off all kernels."""
    return _with_arguments(model, ("kernel_constraint",), None)


def _with_arguments(model: "keras.Model", names: Sequence[str], value: Any) -> "keras.Model":
    """Give every layer that has something by these names another value; weights stay."""
    new: dict[int, Replacement] = {}
    for i, old in enumerate(trace(model).operations):
        own = [name for name in names if getattr(old, name, None) not in (None, 0, 0.0)]
        if own and old.weights:
            new[i] = (with_weights(copy_layer(old, **dict.fromkeys(own, value)), old), ())
    return rebuild(model, new)


def adapt(x: Any) -> Edit:
    """Return the edit that lets a Normalization layer see the training inputs."""

    def edit(model: "keras.Model") -> "keras.Model":
        for layer in model._flatten_layers(include_self=False):
            if type(layer).__name__ == "Normalization":
                layer.adapt(x)
        return model

    return edit


def put_activation(position: int, name: str) -> Edit:
    """Return the edit that puts an activation in an operation's place."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        return rebuild(model, {position: (keras.layers.Activation(name, dtype=_dtype(model)), ())})

    return edit


def replace_kind(kind: str, **arguments: Any) -> Edit:
    """Return the edit that gives all layers of a class other arguments; weights that fit stay."""

    def edit(model: "keras.Model") -> "keras.Model":
        operations = trace(model).operations
        places = [i for i, old in enumerate(operations) if type(old).__name__ == kind]
        return rebuild(
            model,
            {
                i: (with_weights(copy_layer(operations[i], **arguments), operations[i]), ())
                for i in places
            },
        )

    return edit


def shift_rows(numbers: Sequence[int]) -> Edit:
    """Return the edit that moves the rows of these embeddings, in their order, one further."""

    def edit(model: "keras.Model") -> "keras.Model":
        layers = [o for o in trace(model).operations if type(o).__name__ == "Embedding"]
        for number in numbers:
            rows = layers[number].embeddings
            rows.assign(np.roll(np.asarray(rows), 1, axis=0))
        return model

    return edit


def turn_back(positions: Sequence[int]) -> Edit:
    """Return the edit that puts the steps of backward layers into their order."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        operations = trace(model).operations
        flip = [lambda h: keras.ops.flip(h, axis=1)]
        return rebuild(model, {position: (operations[position], flip) for position in positions})

    return edit


def read_both_ways(output: Site, units: int) -> Edit:
    """Return the edit that puts a recurrent layer of both directions in front of the output."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        old = trace(model).operations[output.position]
        recurrent = keras.layers.GRU(units, return_sequences=True, dtype=_dtype(model))
        reader = keras.layers.Bidirectional(recurrent, dtype=_dtype(model))
        return rebuild(model, {output.position: (reader, [copy_layer(old)])})

    return edit


def gate(model: "keras.Model") -> "keras.Model":
    """Put a GRU in place of every SimpleRNN."""
    import keras

    names = ("units", "return_sequences", "go_backwards")
    new: dict[int, Replacement] = {}
    for position, old in enumerate(trace(model).operations):
        if type(old).__name__ == "SimpleRNN":
            arguments = {name: getattr(old, name) for name in names}
            new[position] = (keras.layers.GRU(**arguments, dtype=_dtype(model)), ())
    return rebuild(model, new)


def last_step_of(position: int) -> Edit:
    """Return the edit that lets a recurrent layer return its last step alone."""

    def edit(model: "keras.Model") -> "keras.Model":
        old = trace(model).operations[position]
        config = old.get_config()
        if "layer" in config:  # a wrapper, which asks the layers in it
            for name in ("layer", "backward_layer"):
                if config.get(name):
                    config[name]["config"]["return_sequences"] = False
            return rebuild(model, {position: (type(old).from_config(config), ())})
        return rebuild(
            model, {position: (with_weights(copy_layer(old, return_sequences=False), old), ())}
        )

    return edit


def mask_inputs(value: float) -> Edit:
    """Return the edit that masks steps of nothing but this number, in front of the first layer."""

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        masking = keras.layers.Masking(mask_value=value)
        return rebuild(model, {0: (masking, [trace(model).operations[0]])})

    return edit


def in_single_precision(model: "keras.Model") -> "keras.Model":
    """Let all layers hold and compute float32; those with weights are drawn anew."""
    return rebuild(
        model,
        {
            i: (copy_layer(old, dtype="float32"), ())
            for i, old in enumerate(trace(model).operations)
            if hasattr(old, "dtype_policy") and old.get_config().get("dtype")
        },
    )


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


def split_codes(values: Mapping[int, Array]) -> Edit:
    """Return the edit that gives every value of some features a column of its own.

    The first layer with weights is drawn anew.
    """

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        def columns(x: Any) -> Any:
            rest = [i for i in range(x.shape[-1]) if i not in values]
            scaled = reduce(lambda h, layer: layer(h), leading, x)
            kept = [scaled[:, i : i + 1] for i in rest]
            split = [keras.ops.cast(x[:, i : i + 1] == v, x.dtype) for i, v in known.items()]
            return keras.ops.concatenate([*kept, *split], axis=-1)

        known = {i: np.asarray(v, "float32")[None] for i, v in values.items()}
        operations = trace(model).operations
        width = operations[0].input.shape[-1] - len(values) + sum(map(len, values.values()))
        leading = list(takewhile(lambda o: type(o).__name__ == "Rescaling", operations))
        layer = keras.layers.Lambda(columns, output_shape=(width,))
        first = copy_layer(operations[len(leading)])
        if not leading:
            return rebuild(model, {0: (layer, [first])})
        new: dict[int, Replacement] = {
            i: (keras.layers.Identity(), ()) for i in range(len(leading))
        }
        return rebuild(model, new | {0: (layer, ()), len(leading): (first, ())})

    return edit
