"""Changes of the steps: rate, optimizer, clipping, batch size, epochs."""

from functools import partial
from typing import Any

import numpy as np

from repro.instruments.diagnose.changes.change import Change, Changes, settings_of, with_rate
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.setup import Setup

LOST = {"diverges", "nan_loss"}
TOO_LONG = LOST | {"large_steps", "over_limit", "killed", "exploding_gradient"}
LOWER, HIGHER = (0.1, 0.01, 0.001), (10.0, 100.0, 1000.0)
SMALL_BATCH = 32
LONGER = 4  # times the epochs


def optimizer_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Change rate, optimizer or gradient."""
    name = setup.compiled.optimizer
    too_long, lost = bool(symptoms & TOO_LONG), bool(symptoms & LOST)
    for factor in LOWER[: 2 + lost] if too_long else (LOWER[0], *HIGHER):
        yield _rate(setup, factor)
    if not name.startswith(("Adam", "Nadam")):
        yield Change(
            key="adam",
            title="Adam at its default rate",
            size=1,
            code="optimizer=keras.optimizers.Adam()",
            treats=("rate_high", "rate_low", "vanishing", "input_scale", "target_scale"),
            group="rate",
            optimizer=_adam,
        )
    if too_long:
        arguments = f"learning_rate={setup.compiled.rate:g}, global_clipnorm=1.0"
        yield Change(
            key="clip_gradient",
            title="gradients clipped to length 1",
            size=1,
            code=f"optimizer=keras.optimizers.{name}({arguments})",
            treats=("rate_high", "target_scale", "dead"),
            group="clip",
            optimizer=_clipped,
        )


def _rate(setup: Setup, factor: float) -> Change:
    rate = setup.compiled.rate * factor
    lower = ("rate_high", "dead", "input_scale", "target_scale")
    return Change(
        key=f"rate_x{factor:g}",
        title=f"learning rate {rate:.2g}",
        size=1,
        code=f"optimizer=keras.optimizers.{setup.compiled.optimizer}(learning_rate={rate:.6g})",
        treats=lower if factor < 1 else ("rate_low", "target_scale"),
        group="rate",
        optimizer=partial(with_rate, factor=factor),
    )


def _adam(optimizer: Any) -> Any:
    import keras

    return keras.optimizers.Adam()


def _clipped(optimizer: Any) -> Any:
    rate = float(np.asarray(optimizer.learning_rate))
    config = settings_of(optimizer) | {"clipnorm": None, "clipvalue": None}
    return type(optimizer).from_config(config | {"learning_rate": rate, "global_clipnorm": 1.0})


def length_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Take more steps."""
    if "large_batch" in symptoms:
        yield Change(
            key="small_batch",
            title=f"batches of {SMALL_BATCH}",
            size=1,
            code=f"model.fit(..., batch_size={SMALL_BATCH})",
            treats=("large_batch", "rate_low"),
            group="batch",
            batch_size=SMALL_BATCH,
        )
    if symptoms & {"slow", "stalls", "below_linear"}:
        yield Change(
            key="more_epochs",
            title=f"{LONGER * setup.epochs} epochs",
            size=1,
            code=f"model.fit(..., epochs={LONGER * setup.epochs})",
            treats=("epochs", "rate_low"),
            group="epochs",
            epochs=LONGER,
        )
