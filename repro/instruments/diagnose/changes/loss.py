"""Changes of what is minimized: the loss of a regression, penalties, what stands behind."""

from functools import partial
from typing import Any

import numpy as np

from repro.instruments.diagnose.changes import edits
from repro.instruments.diagnose.changes.change import Change, Changes, settings_of
from repro.instruments.diagnose.changes.code import (
    changed_layers,
    compile_code,
    layer_code,
    optimizer_code,
)
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.anatomy import PROBABILITIES, Site, operation_name
from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.compiled import highest_rate
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.splitting import Pair
from repro.instruments.diagnose.symptoms.definitions import FAILURES
from repro.instruments.diagnose.symptoms.written import (
    NOISES,
    penalized_variables,
    shortest_clip,
)

UNPENALIZED = """\
for layer in model._flatten_layers():  # or leave the regularizers out where the layers are made
    layer.activity_regularizer = None
    for variable in layer.variables:
        variable.regularizer = None
"""
WEIGHED = """\
def weighed(y, p):
    p = keras.ops.clip(p, 1e-6, 1 - 1e-6)
    y = keras.ops.cast(y, p.dtype)
    zeros = (1 - y) * keras.ops.log(1 - p)
    return -keras.ops.mean({weight:.6g} * y * keras.ops.log(p) + zeros, axis=-1)

model.compile(optimizer=model.optimizer, loss=weighed)"""
WEIGHED_CLASSES = """\
def weighed(y, p):
    labels = {labels}
    entropy = keras.losses.sparse_categorical_crossentropy(labels, p)
    return keras.ops.take(np.array([{weights}], "float32"), labels) * entropy

model.compile(optimizer=model.optimizer, loss=weighed)"""
UNDECAYED = {"weight_decay": 0.0}  # AdamW takes no None
UNCLIPPED = {"clipnorm": None, "clipvalue": None, "global_clipnorm": None}


def loss_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Change the loss, and leave out what is added to it or put behind the output."""
    yield from _step_changes(setup, symptoms)
    yield from _other_losses(setup, symptoms)
    if setup.task.several and setup.task.factors and setup.output is not None:
        yield _weighing_ones(setup, setup.output)
    if setup.task.per_step and setup.task.factors and setup.output and _are_places(setup):
        yield _weighing_classes(setup, setup.output)
    yield from _mean_changes(setup, symptoms)
    if "loss_weight" in symptoms:
        yield Change(
            key="whole_loss",
            title="a weight of 1 for the loss of this output",
            size=1,
            code="model.compile(optimizer=model.optimizer, loss=model.loss, loss_weights=None)",
            removes=("loss_weight",),
            group="loss_weight",
            weighs_outputs=True,
        )
    yield from _penalty_changes(setup, symptoms)
    yield from _added_changes(symptoms)
    yield from _behind_changes(setup, symptoms)


def _other_losses(setup: Setup, symptoms: frozenset[str]) -> Changes:
    """Put another loss in place of one that learns slowly, is the user's own, or oddly set."""
    is_number = setup.task.kind == "regression" and setup.output is None  # else see `output`
    if symptoms & {"absolute_loss", "foreign_loss"} or (is_number and "own_loss" in symptoms):
        yield Change(
            key="squared_loss",
            title="loss mean_squared_error",
            size=1,
            code=compile_code(loss='"mean_squared_error"'),
            removes=("loss_choice", "own_loss"),
            group="loss",
            loss="mean_squared_error",
        )
    is_masks = setup.task.several and len(setup.output_shape) > 2
    is_shares = setup.output is not None and setup.output.activation == "sigmoid"
    if is_masks and is_shares and symptoms & {"own_loss", "loss_reversed"}:
        yield Change(
            key="entropy_loss",
            title="loss binary_crossentropy",
            size=1,
            code=compile_code(loss='"binary_crossentropy"'),
            removes=("loss_reversed", "own_loss", "loss_summed", "loss_pairs", "loss_choice"),
            group="loss",
            loss="binary_crossentropy",
        )
    if "odd_loss" in symptoms and not setup.compiled.from_logits:
        yield Change(
            key="usual_loss",
            title=f"loss {setup.compiled.loss} with Keras' own settings",
            size=1,
            code=compile_code(loss=f'"{setup.compiled.loss}"'),
            removes=("loss_settings",),
            treats=("rate_low", "loss_choice"),
            group="loss",
            loss=setup.compiled.loss,
        )


def _weighing_ones(setup: Setup, output: Site) -> Change:
    """Weigh labels of 1 so that they count as much as those of 0, pixels or labels of a row."""
    zero, one = setup.task.factors
    weight = one / zero
    is_sigmoid = output.activation == "sigmoid"
    lines = [] if is_sigmoid else [changed_layers(setup, [output], activation="sigmoid")]
    return Change(
        key="weigh_ones",
        title=f"a cross-entropy in which a 1 counts {weight:.3g} times as much as a 0",
        size=1 if is_sigmoid else 2,
        code="\n".join([*lines, WEIGHED.format(weight=weight)]),
        removes=("imbalance",),
        treats=("output_loss", "loss_choice"),
        group="output",
        edit=None if is_sigmoid else edits.activate([output], "sigmoid"),
        loss=partial(_weighed_entropy, weight=weight),
    )


def _weighed_entropy(y_true: Any, y_pred: Any, weight: float) -> Any:
    from keras import ops

    p, y = ops.clip(y_pred, 1e-6, 1 - 1e-6), ops.cast(y_true, y_pred.dtype)
    return -ops.mean(weight * y * ops.log(p) + (1 - y) * ops.log(1 - p), axis=-1)


def _step_changes(setup: Setup, symptoms: frozenset[str]) -> Changes:
    """Train by Keras' own step, with the loss that was compiled or the usual one for numbers."""
    is_kerass = setup.compiled.loss != "none" and not setup.compiled.own_loss
    loss = setup.compiled.loss if is_kerass else "mean_squared_error"
    is_known = is_kerass or setup.task.kind == "regression"
    if "own_steps" in symptoms and is_known:
        lines = "# remove train_step, test_step, compute_loss and metrics from the model's class"
        yield Change(
            key="keras_steps",
            title=f"Keras' own training step with loss {loss}",
            size=1,
            code=f"{lines}\n" + compile_code(loss=f'"{loss}"'),
            removes=("own_steps", "loss_pairs"),
            group="steps",
            edit=edits.train_as_keras,
            loss=None if is_kerass else loss,
        )


def _are_places(setup: Setup) -> bool:
    """Tell whether every label names an output unit."""
    units = int(setup.output_shape[-1] or 1)
    return all(label in range(units) for label in setup.task.labels)


def _weighing_classes(setup: Setup, output: Site) -> Change:
    """Weigh steps or pixels so that all classes count alike, whatever their number."""
    weights = np.ones(int(setup.output_shape[-1] or 1), "float32")
    numbers = setup.task.labels or range(setup.task.classes)
    weights[np.array(numbers, int)] = setup.task.factors
    are_columns = setup.task.columns > 1
    labels = "keras.ops.argmax(y, axis=-1)"
    if not are_columns:
        labels = 'keras.ops.cast(keras.ops.reshape(y, keras.ops.shape(p)[:-1]), "int32")'
    is_softmax = output.activation == "softmax"
    lines = [] if is_softmax else [changed_layers(setup, [output], activation="softmax")]
    listed = ", ".join(f"{weight:.4g}" for weight in weights)
    return Change(
        key="weigh_classes",
        title="a cross-entropy in which all classes count alike",
        size=1 if is_softmax else 2,
        code="\n".join([*lines, WEIGHED_CLASSES.format(labels=labels, weights=listed)]),
        removes=("imbalance",),
        treats=("output_loss", "loss_choice"),
        group="output",
        edit=None if is_softmax else edits.activate([output], "softmax"),
        loss=partial(_weighed_classes, weights=weights, are_columns=are_columns),
    )


def _weighed_classes(y_true: Any, y_pred: Any, weights: Array, are_columns: bool) -> Any:
    import keras
    from keras import ops

    shape = ops.shape(y_pred)[:-1]
    labels = ops.argmax(y_true, axis=-1) if are_columns else ops.reshape(y_true, shape)
    labels = ops.cast(labels, "int32")
    entropy = keras.losses.sparse_categorical_crossentropy(labels, y_pred)
    return ops.take(weights, labels) * entropy


def _mean_changes(setup: Setup, symptoms: frozenset[str]) -> Changes:
    """Take the mean over the rows of a batch, each beside its own target."""
    if "sum_reduction" in symptoms:
        yield Change(
            key="mean_loss",
            title="the mean of the loss over the batch",
            size=1,
            code=compile_code(loss=f'"{setup.compiled.loss}"'),
            removes=("loss_summed",),
            treats=("rate_high", "target_scale"),
            group="loss",
            loss=setup.compiled.loss,
        )
    if "loss_pairs" in symptoms:
        yield Change(
            key="target_column",
            title="the targets as one column",
            size=1,
            code="y = y.reshape(-1, 1)",
            removes=("loss_pairs",),
            treats=("own_loss",),
            group="target_shape",
            data=lambda train, test: (_in_column(train), _in_column(test)),
        )


def _in_column(pair: Pair) -> Pair:
    return pair[0], pair[1].reshape(-1, 1)


def _penalty_changes(setup: Setup, symptoms: frozenset[str]) -> Changes:
    if "constraint" in symptoms:
        held = [o for o in setup.operations if getattr(o, "kernel_constraint", None) is not None]
        yield Change(
            key="no_constraint",
            title="no constraint on the weights",
            size=len(held),
            code="\n".join(layer_code(layer, kernel_constraint=None) for layer in held),
            removes=("constraint",),
            group="constraint",
            edit=edits.unconstrain,
        )
    fails = bool(symptoms & set(FAILURES))
    is_held = bool(penalized_variables(setup.operations)) or setup.optimizer.weight_decay
    if symptoms & {"penalty", "activity_penalty", "weight_decay"} or (fails and is_held):
        optimizer = optimizer_code(setup.optimizer, **UNDECAYED)
        yield Change(
            key="no_penalty",
            title="no penalty on the weights",
            size=1,
            code=f"{UNPENALIZED}{compile_code(optimizer)}",
            removes=("penalty",),
            group="penalty",
            edit=edits.unpenalize,
            optimizer=lambda optimizer: _remade(optimizer, UNDECAYED),
        )
    if "tiny_clip" in symptoms or (fails and shortest_clip(setup.optimizer) > 0):
        yield Change(
            key="no_clip",
            title="gradients of any length",
            size=1,
            code=compile_code(optimizer_code(setup.optimizer, **UNCLIPPED)),
            removes=("clip",),
            group="clip",
            optimizer=lambda optimizer: _remade(optimizer, UNCLIPPED),
        )


def _added_changes(symptoms: frozenset[str]) -> Changes:
    if "added_loss" in symptoms:
        yield Change(
            key="no_added_loss",
            title="no losses but that of the targets",
            size=1,
            code="# leave out self.add_loss(…), or multiply what it is given by 0.001",
            removes=("added_loss",),
            treats=("penalty",),
            group="added_loss",
            edit=edits.without_added_losses,
        )


def _remade(optimizer: object, settings: dict[str, Any]) -> object:
    config = settings_of(optimizer) | {"learning_rate": highest_rate(optimizer)} | settings
    return type(optimizer).from_config(config)  # type: ignore[attr-defined]


def _one_activation(setup: Setup, output: Site) -> Change:
    """Leave one of several activations on the output: the first, or the one of probabilities."""
    rest = list(enumerate(setup.operations))[output.activated_at + 1 :]
    named = [(i, operation_name(operation)) for i, operation in rest]
    named = [(i, name) for i, name in named if name not in ("", "linear")]
    last = named[-1][1]
    is_last = last in PROBABILITIES and output.activation not in PROBABILITIES
    first_off = edits.activate([output], "linear")
    places = [i for i, _ in named[:-1]] if is_last else [i for i, _ in named]
    return Change(
        key="one_activation",
        title=f"one {last if is_last else output.activation} on the output",
        size=1,
        code=(
            f"# leave out the {output.activation} in front of the {last}"
            if is_last
            else "# remove what activates the output a second time"
        ),
        removes=("double_activation",),
        group="behind",
        edit=edits.chain(first_off, edits.pass_by(places)) if is_last else edits.pass_by(places),
    )


def _behind_changes(setup: Setup, symptoms: frozenset[str]) -> Changes:
    output = setup.output
    if output is None:
        return
    rest = list(enumerate(setup.operations))[output.activated_at + 1 :]
    if "double_activation" in symptoms:
        yield _one_activation(setup, output)
    if "output_noise" in symptoms:
        places = [i for i, operation in rest if type(operation).__name__ in NOISES]
        yield Change(
            key="no_output_noise",
            title="nothing behind the output",
            size=1,
            code="# remove the layers of dropout, noise or normalization behind the output",
            removes=("output_noise",),
            group="behind",
            edit=edits.pass_by(places),
        )
