"""Tell models that can be trained with their weights stacked along a seed axis from others."""

import re
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

# Their update of one element looks at that element alone, so stacking seeds changes nothing.
ELEMENTWISE_OPTIMIZERS = (
    keras.optimizers.SGD,
    keras.optimizers.RMSprop,
    keras.optimizers.Adam,
    keras.optimizers.AdamW,
    keras.optimizers.Adamax,
    keras.optimizers.Nadam,
    keras.optimizers.Adagrad,
    keras.optimizers.Adadelta,
    keras.optimizers.Lion,
)
PLAIN_STEPS = ("fit", "train_step", "test_step", "compute_loss", "compute_metrics")


def why_not_fused(models: Sequence[keras.Model], x: Any, y: Any) -> str | None:
    """Name what keeps these models, one a seed, from being trained at once; None if nothing does.

    Args:
        models: the same `build()` called after different seeds; compiled.
        x: a few samples, on which the models' outputs are compared.
        y: their targets, on which the losses are compared.
    """
    return (
        _own_steps(models[0])
        or _optimizer_over_whole_tensors(models[0].optimizer)
        or _constraints(models[0])
        or _seeds_differ(models)
        or _outputs_differ(models, x, y)
    )


def _own_steps(model: keras.Model) -> str | None:
    own = [
        name for name in PLAIN_STEPS if getattr(type(model), name) is not getattr(keras.Model, name)
    ]
    return f"{type(model).__name__} overrides {', '.join(own)}" if own else None


def _optimizer_over_whole_tensors(optimizer: Any) -> str | None:
    name = type(optimizer).__name__
    if type(optimizer) not in ELEMENTWISE_OPTIMIZERS:
        return f"optimizer {name} is not known to treat each weight on its own"
    for option in ("use_ema", "gradient_accumulation_steps", "loss_scale_factor"):
        if getattr(optimizer, option, None):
            return f"optimizer {name} has {option} set"
    if getattr(optimizer, "_exclude_from_weight_decay", None):
        return f"optimizer {name} excludes weights from weight decay by name"
    return f"optimizer {name} is already built" if optimizer.built else None


def _constraints(model: keras.Model) -> str | None:
    bound = [v.path for v in model.trainable_variables if getattr(v, "constraint", None)]
    return f"weight constraint on {', '.join(bound)}" if bound else None


def _seeds_differ(models: Sequence[keras.Model]) -> str | None:
    first, *others = map(_settings, models)
    if any(other != first for other in others):
        return "build() returns models of different settings for different seeds"
    return None


def _settings(model: keras.Model) -> Any:
    variables = [(tuple(v.shape), v.dtype) for v in model.variables]
    optimizer = keras.optimizers.serialize(model.optimizer)
    return variables, _unnumbered([_config(model), model.get_compile_config(), optimizer])


def _config(model: keras.Model) -> Any:
    try:
        return model.get_config()
    except NotImplementedError:  # a subclassed model; its outputs are compared all the same
        return None


def _unnumbered(settings: Any) -> Any:
    # Keras numbers automatic names over the life of the process: dense, dense_1, dense_2, …
    return re.sub(r"_\d+\b", "", repr(settings))


def _outputs_differ(models: Sequence[keras.Model], x: Any, y: Any) -> str | None:
    # A constant that build() draws by itself is in no settings, but it shows in outputs or loss.
    first = models[0]
    for model in models[1:]:
        if not _close(_outputs(model, model, x, y), _outputs(first, model, x, y)):
            return "build() draws something that is not a variable of the model"
    return None


def _outputs(model: keras.Model, state_of: keras.Model, x: Any, y: Any) -> Any:
    pairs = zip(_state(model), (v.value for v in _state(state_of)), strict=True)
    with keras.StatelessScope(state_mapping=list(pairs), collect_losses=True):
        y_pred = model(x, training=False)
        return y_pred, model.compute_loss(x=x, y=y, y_pred=y_pred, training=False)


def _state(model: keras.Model) -> list[Any]:
    return model.trainable_variables + model.non_trainable_variables


def _close(a: Any, b: Any) -> bool:
    pairs = zip(keras.tree.flatten(a), keras.tree.flatten(b), strict=True)
    return all(np.allclose(u, v, rtol=1e-4, atol=1e-6, equal_nan=True) for u, v in pairs)
