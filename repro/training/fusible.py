"""Tell models that can be trained with their weights stacked along a seed axis from others."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from types import FunctionType
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.optimizers.base_optimizer import BaseOptimizer

from repro.training.building import assign, copies_weights, get_state, is_kerass, values_of
from repro.training.cost import products_of_convolutions
from repro.training.feeding.structures import Triple, tensors_in
from repro.training.fused import FusedSeeds
from repro.training.model_settings import settings_differ, settings_tell_all
from repro.training.shared_state import is_library, names_in
from repro.training.step import parts_of
from repro.training.vectorize import SIZED

# What `fit` calls, and what is done here in its place: a model's own must be Keras' own.
STEPS = frozenset(
    [
        "fit",
        "train_step",
        "test_step",
        "evaluate",
        "make_train_function",
        "make_test_function",
        "compute_loss",
        "_compute_loss",
        "compute_metrics",
        "metrics",
        "metrics_variables",
        "get_metrics_result",
        "reset_metrics",
        "trainable_variables",
        "trainable_weights",
        "non_trainable_variables",
        "__call__",
    ]
)
UPDATES = frozenset(
    [
        "apply",
        "apply_gradients",
        "stateless_apply",
        "_backend_apply_gradients",
        "_clip_gradients",
        "scale_loss",
        "learning_rate",
        "_get_current_learning_rate",
        "finalize_variable_values",
    ]
)
NAMES = frozenset(["name", "path"])
PREDICTIONS = ("predict", "predict_step", "make_predict_function", "__call__")
DRAWS = (
    "build() draws something that is not a variable of the model, or layers of its own draw or "
    "count whenever they are called"
)
KEEPS = (
    "its code takes variables' values past Keras, so that no other seed's can be put in their "
    "place: in a tf.function of its own, or as `_value`"
)
LARGE = 250e6  # products of a step's convolutions, forward: more were no faster on two cores
RANDOM = re.compile(r"(Stateful(?!Part)|Random|Multinomial|(Parameterized)?TruncatedNormal|Rng)")
PYTHON = re.compile(r"(Eager)?PyFunc(Stateless)?$")


def why_not_fused(models: Sequence[keras.Model], first: keras.Model, sample: Triple) -> str | None:
    """Name what keeps these models, one a seed, from being trained at once; None if nothing does.

    Args:
        models: the same `build()` called after different seeds, with all their variables.
        first: the first seed's, of which the graph is made.
        sample: a few samples, on which outputs are compared where settings do not tell all.
    """
    return (
        _own_steps(first)
        or _unbuilt(first)
        or _trained_already(models)
        or _own_updates(first.optimizer)
        or _copies(first)
        or _large_convolutions(first, sample)
        or settings_differ(models, first)
        or _outputs_differ(models, first, sample)
    )


def predicts_plainly(model: keras.Model) -> bool:
    """Return whether `predict` does what Keras' own does, so that it can be done at once."""
    return not model.run_eagerly and all(is_kerass(model, name) for name in PREDICTIONS)


def why_graph_not_fused(graph: Any, seeds: FusedSeeds) -> str | None:
    """Name what makes a graph's results depend on more than the seeds' variables and the data."""
    nodes = list(_nodes(graph.graph.as_graph_def()))
    operations = {node.op for node in nodes}
    if seeds.step.kept:
        names = ", ".join(sorted(seeds.step.kept))
        return f"it uses a value of {names:.80} that it has kept from before an assignment"
    if seeds.step.hidden:
        names = ", ".join(sorted(seeds.step.hidden))
        return f"a function takes the gradients itself (recompute_grad or the like) of {names:.80}"
    random = sorted(filter(RANDOM.match, operations))
    if random:
        return f"it draws from a generator that is no variable of the model ({random[0]})"
    if any(map(PYTHON.match, operations)):
        return "it calls Python from the graph (py_function or numpy_function)"
    sizes = sorted(node.name.split(SIZED)[1] for node in nodes if SIZED in node.name)
    if sizes:
        operation = sizes[0].split("_")[0]
        return f"the size of a tensor depends on a seed's values ({operation})"
    outside = [
        tensor
        for tensor in graph.graph.external_captures
        if tensor.dtype == tf.resource and id(tensor) not in seeds.handles
    ]
    if outside:
        return f"it uses state that is no variable of the model ({_name(outside[0], graph)})"
    if seeds.step.model.jit_compile and any(op.startswith("StatelessRandom") for op in operations):
        return "it is compiled with jit_compile=True, which draws other random numbers"
    return None


def _nodes(definition: Any) -> Iterator[Any]:
    yield from definition.node
    for function in definition.library.function:
        yield from function.node_def


def _name(handle: Any, graph: Any) -> str:
    for variable in graph.graph.variables:
        if variable.handle is handle:
            return variable.name.split(":")[0]
    return "a table or a variable"


def _own_steps(model: keras.Model) -> str | None:
    own = [name for name in sorted(STEPS) if not is_kerass(model, name)]
    if isinstance(getattr(type(model), "stop_training", None), property):
        own.append("stop_training")
    if own:
        return f"{type(model).__name__} overrides {', '.join(own)}"
    if model.run_eagerly:
        return "it is compiled with run_eagerly=True"
    if (
        model._distribute_strategy is not None
        or tf.distribute.get_strategy().num_replicas_in_sync > 1
    ):
        return "a distribution strategy is in use"
    return None


def _unbuilt(model: keras.Model) -> str | None:
    if not model.optimizer.built:
        return "its variables can not be made before it is trained"
    return None


def _trained_already(models: Sequence[keras.Model]) -> str | None:
    # `fit` goes on with the graph that it has; what was frozen or set since changes nothing there
    if any(model.train_function is not None for model in models):
        return "build() trains it, and fit keeps that graph until it is compiled again"
    return None


def _own_updates(optimizer: Any) -> str | None:
    if not isinstance(optimizer, BaseOptimizer):
        return f"optimizer {optimizer!r:.60} is not Keras'"
    for part in parts_of(optimizer):
        if own := [name for name in sorted(UPDATES) if not is_kerass(part, name)]:
            return f"optimizer {type(part).__name__} overrides {', '.join(own)}"
        if named := sorted(NAMES.intersection(chain(*map(names_in, _updates_of(part))))):
            return (
                f"optimizer {type(part).__name__} looks at the {', '.join(named)} of variables, "
                "which in fit are TensorFlow's"
            )
    return None


def _updates_of(optimizer: Any) -> Iterator[FunctionType]:
    """Yield the functions of the user's own by which an optimizer updates a variable."""
    for kind in type(optimizer).__mro__:
        update = vars(kind).get("update_step")
        if isinstance(update, FunctionType) and not is_library(update):
            yield update


def _copies(model: keras.Model) -> str | None:
    # which `fit` does within its graph, again and again
    if int(model.optimizer.iterations) == 0 and copies_weights(model):
        return f"optimizer {type(model.optimizer).__name__} copies weights when it is built"
    return None


def _large_convolutions(model: keras.Model, sample: Triple) -> str | None:
    # One seed's large convolutions keep all cores busy. Several seeds' then only crowd the cache.
    rows = tensors_in(sample[0])[0].shape[0]
    products = rows * products_of_convolutions(model)
    if products > LARGE:
        return f"{products / 1e6:.0f} million products of convolutions a step: no faster at once"
    return None


def _outputs_differ(
    models: Sequence[keras.Model], first: keras.Model, sample: Triple
) -> str | None:
    # A constant that build() draws by itself is in no settings, but it shows in outputs or loss.
    if all(map(settings_tell_all, (first, *models))):
        return None
    for model in models:
        for training in (False, True):
            if model is not first and not _close(
                _outputs(model, model, sample, training), _outputs(first, model, sample, training)
            ):
                return _why_other_outputs(model, first, sample, training)
    return None


def _why_other_outputs(
    model: keras.Model, first: keras.Model, sample: Triple, training: bool
) -> str:
    """Say whether it is by other constants that two models differ, or by what can't be replaced."""
    variables = first.trainable_variables + first.non_trainable_variables
    own = values_of(variables)
    assign(variables, get_state(model)[: len(variables)])
    try:
        outputs = _outputs_with([], first, sample, training)
    finally:
        assign(variables, own)
    return KEEPS if _close(outputs, _outputs(model, model, sample, training)) else DRAWS


def draws_anew(model: keras.Model, sample: Triple) -> bool:
    """Return whether a model whose variables stay the same gives other outputs each time."""
    outputs, others = (_outputs(model, model, sample, training=True) for _ in range(2))
    return not _close(outputs, others)


def _outputs(model: keras.Model, state_of: keras.Model, sample: Triple, training: bool) -> Any:
    variables = model.trainable_variables + model.non_trainable_variables
    values = get_state(state_of)[: len(variables)]
    return _outputs_with(list(zip(variables, values, strict=True)), model, sample, training)


def _outputs_with(
    values: list[tuple[Any, Any]], model: keras.Model, sample: Triple, training: bool
) -> Any:
    """Return outputs, loss and metrics where variables have these values in place of their own."""
    x, y, sample_weight = sample
    with keras.StatelessScope(values, collect_losses=True):
        model.reset_metrics()  # callbacks leave the first model's sums in them
        extra = {"training": training} if model._call_has_training_arg else {}
        y_pred = model(x, **extra)
        loss = model._compute_loss(
            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training
        )
        metrics = model.compute_metrics(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        return y_pred, loss, metrics


def _close(a: Any, b: Any) -> bool:
    pairs = zip(keras.tree.flatten(a), keras.tree.flatten(b), strict=True)
    return all(np.allclose(u, v, rtol=1e-4, atol=1e-6, equal_nan=True) for u, v in pairs)
