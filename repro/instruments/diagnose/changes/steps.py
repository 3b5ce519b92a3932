"""Changes of the steps: rate, optimizer, clipping, batch size, epochs."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from repro.instruments.diagnose.changes.change import Change, Changes, settings_of, with_rate
from repro.instruments.diagnose.changes.code import compile_code, optimizer_code
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.compiled import highest_rate
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.symptoms.definitions import (
    ADAMS,
    FAILURES,
    FEW_IN_BATCH,
    USUAL_RATES,
    WIDEST_USUAL,
)

LOST = {"diverges", "nan_loss"}
TOO_LONG = LOST | {"large_steps", "over_limit", "killed", "exploding_gradient"}
LOWER, HIGHER = (0.1, 0.01, 0.001), (10.0, 100.0, 1000.0)
UNUSUAL = {"rate_above_usual", "rate_below_usual"}
LEAST_RATE = 1e-30
SMALL_BATCH = 32
ADAMS_RATES = (3e-4, 3e-3)  # within these, Adam's rate is as good as its default
CLIPPED = {"clipnorm": None, "clipvalue": None, "global_clipnorm": 1.0}
UNGATHERED = {"gradient_accumulation_steps": None}
LONGER = 4  # times the epochs
ENOUGH_STEPS = 2000  # of a training that took less than a tenth of them
HIGHER_TREATS = ("target_scale", "epochs", "loss_choice", "schedule", "warm_up")
ADAM_TREATS = (
    "rate_low",
    "rate_high",
    "vanishing",
    "input_scale",
    "target_scale",
    "epochs",
    "schedule",
    "warm_up",
)


def optimizer_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Change rate, optimizer or gradient."""
    name = setup.compiled.optimizer
    if "odd_settings" in symptoms:
        yield Change(
            key="usual_settings",
            title=f"{name} with Keras' own settings at the same rate",
            size=1,
            code=compile_code(f"keras.optimizers.{name}(learning_rate={setup.compiled.rate:g})"),
            removes=("optimizer_settings",),
            treats=("rate_high", "rate_low"),
            group="optimizer",
            optimizer=_usual,
        )
    if "gathered" in symptoms:
        yield _updating(setup)
    if symptoms & {"rate_fades", "rate_warms"}:
        yield _constant(setup)
    yield from _rates(setup, symptoms)
    if name not in ADAMS or not ADAMS_RATES[0] <= setup.compiled.rate <= ADAMS_RATES[1]:
        yield Change(
            key="adam",
            title="Adam at its default rate",
            size=1,
            code=compile_code("keras.optimizers.Adam()"),
            removes=() if name in ADAMS else ("optimizer",),
            treats=ADAM_TREATS,
            group="rate",
            optimizer=_adam,
        )
    if symptoms & TOO_LONG:
        yield _clipping(setup)


def _rates(setup: Setup, symptoms: frozenset[str]) -> Changes:
    lower = LOWER[: 2 + bool(symptoms & LOST)]
    factors = lower if symptoms & TOO_LONG else (LOWER[0], *HIGHER)
    for factor in _usual_first(setup, factors) if symptoms & UNUSUAL else factors:
        yield _rate(setup, factor)


def _usual_first(setup: Setup, factors: Sequence[float]) -> list[float]:
    """Order the factors: first what brings the rate to the middle of those that are usual."""
    middle = np.sqrt(np.prod(USUAL_RATES.get(setup.compiled.optimizer, WIDEST_USUAL)))
    rate = max(setup.compiled.rate, LEAST_RATE)
    return sorted(factors, key=lambda factor: abs(np.log(factor * rate / middle)))


def _clipping(setup: Setup) -> Change:
    return Change(
        key="clip_gradient",
        title="gradients clipped to length 1",
        size=1,
        code=compile_code(optimizer_code(setup.optimizer, **CLIPPED)),
        treats=("rate_high", "target_scale", "dead", "input_scale"),
        group="clip",
        optimizer=_clipped,
    )


def _updating(setup: Setup) -> Change:
    return Change(
        key="update_every_step",
        title="an update of the weights after every batch",
        size=1,
        code=compile_code(optimizer_code(setup.optimizer, **UNGATHERED)),
        removes=("gathered",),
        treats=("rate_low", "epochs"),
        group="gathering",
        optimizer=_ungathered,
    )


def _constant(setup: Setup) -> Change:
    rate = setup.compiled.rate
    return Change(
        key="constant_rate",
        title=f"a learning rate that stays at {rate:.2g}",
        size=1,
        code=compile_code(optimizer_code(setup.optimizer, learning_rate=rate)),
        removes=("schedule", "warm_up"),
        treats=("rate_low", "epochs"),
        group="rate",
        optimizer=partial(with_rate, factor=1.0),
    )


def _rate(setup: Setup, factor: float) -> Change:
    rate = setup.compiled.rate * factor
    lower = ("dead", "input_scale", "target_scale", "schedule")  # which is left out with it
    return Change(
        key=f"rate_x{factor:g}",
        title=f"learning rate {rate:.2g}",
        size=1,
        code=compile_code(optimizer_code(setup.optimizer, learning_rate=rate)),
        removes=("rate_high",) if factor < 1 else ("rate_low",),
        treats=lower if factor < 1 else HIGHER_TREATS,
        group="rate",
        optimizer=partial(with_rate, factor=factor),
    )


def _usual(optimizer: Any) -> Any:
    return type(optimizer)(learning_rate=highest_rate(optimizer))


def _adam(optimizer: Any) -> Any:
    import keras

    return keras.optimizers.Adam()


def _ungathered(optimizer: Any) -> Any:
    config = settings_of(optimizer) | {"learning_rate": highest_rate(optimizer)}
    return type(optimizer).from_config(config | UNGATHERED)


def _clipped(optimizer: Any) -> Any:
    config = settings_of(optimizer) | {"learning_rate": highest_rate(optimizer)}
    return type(optimizer).from_config(config | CLIPPED)


def _is_unusual(setup: Setup) -> bool:
    """Tell whether batches are large or small, and could be otherwise."""
    rows, size = len(setup.train[1]), setup.batch_size
    return rows > SMALL_BATCH and (size > SMALL_BATCH or size < FEW_IN_BATCH)


def _batches(setup: Setup) -> Change:
    is_large = setup.batch_size > SMALL_BATCH
    return Change(
        key="small_batch",
        title=f"batches of {SMALL_BATCH}",
        size=1,
        code=f"model.fit(x, y, epochs={setup.epochs}, batch_size={SMALL_BATCH})",
        removes=("large_batch",) if is_large else ("small_batch", "batch_norm_alone"),
        treats=("rate_low", "epochs") if is_large else ("rate_high", "dead"),
        group="batch",
        batch_size=SMALL_BATCH,
    )


def length_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Take more steps."""
    fails = bool(symptoms & set(FAILURES))
    if symptoms & {"large_batch", "batch_norm_alone"} or (fails and _is_unusual(setup)):
        yield _batches(setup)
    is_own = LONGER * setup.steps <= setup.own_steps  # no change, but what the budget cut off
    if "few_steps" in symptoms and (factor := ENOUGH_STEPS // setup.steps) > LONGER:
        yield _longer(setup, "enough_epochs", factor)
    if (fails or "slow" in symptoms) and not is_own:
        yield _longer(setup, "more_epochs", LONGER)


def _longer(setup: Setup, key: str, factor: int) -> Change:
    return Change(
        key=key,
        title=f"{factor * setup.epochs} epochs",
        size=1,
        code=f"model.fit(x, y, epochs={factor * setup.epochs}, batch_size={setup.batch_size})",
        removes=("epochs",),
        treats=("rate_low", "large_batch", "loss_choice"),
        group="epochs",
        epochs=factor,
    )
