"""The table of optimizers and their settings, on a small model with an embedding."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, optimizers
from keras.optimizers import schedules

from tests.training.matrix.cases import INPUTS, TARGETS, public_classes
from tests.training.matrix.compare import Case


def _excluding() -> Any:
    optimizer = optimizers.AdamW(0.01, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def _drawn() -> Any:
    return optimizers.SGD(float(np.random.uniform(0.01, 0.1)))


def _several() -> Any:
    chosen = optimizers.OptimizerMap(optimizers.SGD(0.05))
    chosen["embed"] = optimizers.Adam(0.01)
    return optimizers.MultiOptimizer(chosen)


class OwnSGD(optimizers.SGD):
    """A user's optimizer with an update of its own."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.assign_sub(variable, gradient * learning_rate * 0.5)


class Unclipped(optimizers.SGD):
    """A user's optimizer that overrides what fit calls."""

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        super().apply(list(grads), trainable_variables)


DENSE = "without embedding"
RECIPES: dict[str, Callable[[], Any]] = {
    "Adadelta": lambda: optimizers.Adadelta(0.5),
    "LossScaleOptimizer": lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.05)),
    "LossScaleOptimizer, growing": lambda: optimizers.LossScaleOptimizer(
        optimizers.Adam(0.01), initial_scale=2.0, dynamic_growth_steps=2
    ),
    "MultiOptimizer": _several,
    "SGD": lambda: optimizers.SGD(0.05),
    "SGD, momentum": lambda: optimizers.SGD(0.05, momentum=0.9),
    "SGD, nesterov": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "SGD, clipnorm": lambda: optimizers.SGD(0.05, clipnorm=0.1),
    "SGD, clipnorm=0": lambda: optimizers.SGD(0.05, clipnorm=0.0),
    "SGD, global_clipnorm": lambda: optimizers.SGD(0.05, global_clipnorm=0.1),
    "SGD, clipvalue": lambda: optimizers.SGD(0.05, clipvalue=0.01),
    "SGD, weight_decay": lambda: optimizers.SGD(0.05, weight_decay=0.1),
    "SGD, use_ema": lambda: optimizers.SGD(0.05, use_ema=True, ema_momentum=0.5),
    "SGD, ema_overwrite_frequency": lambda: optimizers.SGD(
        0.05, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2
    ),
    "SGD, gradient_accumulation_steps": lambda: optimizers.SGD(0.05, gradient_accumulation_steps=2),
    "SGD, loss_scale_factor": lambda: optimizers.SGD(0.05, loss_scale_factor=8.0),
    f"SGD, loss_scale_factor, {DENSE}": lambda: optimizers.SGD(0.05, loss_scale_factor=8.0),
    f"SGD, own update, {DENSE}": lambda: OwnSGD(0.05),
    "SGD, rate drawn": _drawn,
    "SGD, own update": lambda: OwnSGD(0.05),
    "SGD, own apply": lambda: Unclipped(0.05),
    "Adam, clipnorm": lambda: optimizers.Adam(0.01, clipnorm=0.1),
    "Adam, global_clipnorm": lambda: optimizers.Adam(0.01, global_clipnorm=0.1),
    "Adam, clipvalue": lambda: optimizers.Adam(0.01, clipvalue=0.01),
    "Adam, amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "Adam, use_ema": lambda: optimizers.Adam(0.01, use_ema=True, ema_momentum=0.5),
    "Adam, gradient_accumulation_steps": lambda: optimizers.Adam(
        0.01, gradient_accumulation_steps=3, clipnorm=0.5, weight_decay=0.01
    ),
    "AdamW, exclude_from_weight_decay": _excluding,
    "AdamW, clipnorm": lambda: optimizers.AdamW(0.01, clipnorm=0.1),
    "RMSprop, centered": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "RMSprop, clipnorm": lambda: optimizers.RMSprop(0.01, global_clipnorm=0.1),
    "Ftrl, regularized": lambda: optimizers.Ftrl(0.05, l1_regularization_strength=0.01),
    "CosineDecay": lambda: optimizers.SGD(schedules.CosineDecay(0.05, 6)),
    "CosineDecayRestarts": lambda: optimizers.Adam(schedules.CosineDecayRestarts(0.01, 2)),
    "ExponentialDecay": lambda: optimizers.SGD(schedules.ExponentialDecay(0.05, 2, 0.5)),
    "InverseTimeDecay": lambda: optimizers.SGD(schedules.InverseTimeDecay(0.05, 2, 0.5)),
    "PiecewiseConstantDecay": lambda: optimizers.SGD(
        schedules.PiecewiseConstantDecay([2, 4], [0.05, 0.02, 0.01])
    ),
    "PolynomialDecay": lambda: optimizers.SGD(schedules.PolynomialDecay(0.05, 5)),
}
UNUSABLE = {
    "Optimizer": "is abstract",
    "OptimizerMap": "is part of a MultiOptimizer",
    "LearningRateSchedule": "is abstract",
}
FALL_BACK: dict[str, str] = {
    "ScheduleFreeAdamW": "copies weights when it is built",
    "SGD, own apply": "overrides apply",
}
REFUSED: dict[str, str] = {  # the gradient of an embedding is no tensor that these can scale
    "SGD, loss_scale_factor": "IndexedSlices",
    "SGD, own update": "IndexedSlices",
}
ONE_FIT = ("use_ema", "ema_")  # each call of fit ends with the averages
QUICK = {"SGD, gradient_accumulation_steps"}


def optimizer_recipes() -> dict[str, Callable[[], Any]]:
    """Return what makes each optimizer: the table's, else the class with a rate of 0.01."""
    kinds = {**public_classes(optimizers), **public_classes(schedules)}
    found = {name: _default(kind) for name, kind in kinds.items() if name not in UNUSABLE}
    return {**found, **RECIPES}


def optimizer_case(name: str, make: Callable[[], Any]) -> Case:
    """Return a small model that is trained by an optimizer."""

    def build() -> keras.Model:
        numbers, ids = keras.Input((8,)), keras.Input((5,), dtype="int64")
        dense = DENSE in name
        look_up = layers.Rescaling(0.1) if dense else layers.Embedding(6, 2, name="embed")
        embedded = layers.Flatten()(look_up(ids))
        y = layers.Concatenate()([layers.Dense(4, "tanh")(numbers), embedded])
        model = keras.Model([numbers, ids], layers.Dense(1)(y))
        model.compile(make(), "mse")
        return model

    return Case(
        name=name,
        build=build,
        x=[INPUTS["vector"], INPUTS["integers"]],
        y=TARGETS,
        validates=False,
        one_fit=any(word in name for word in ONE_FIT),
        falls_back=FALL_BACK.get(name),
        refused=REFUSED.get(name),
        slow=name not in QUICK,
    )


def _default(kind: type) -> Callable[[], Any]:
    return lambda: kind(learning_rate=0.01)
