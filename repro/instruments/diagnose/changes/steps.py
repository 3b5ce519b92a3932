"""Changes of the steps: rate, optimizer, clipping, batch size, epochs."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from repro.instruments.diagnose.changes.change import Change, settings_of, with_rate
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.symptoms.definitions import Symptom

Changes = Iterator[Change]
TOO_LONG = {
    "diverges", "nan_loss", "large_steps", "over_limit", "killed", "exploding_gradient",
}  # fmt: skip
LOWER, HIGHER = (0.1, 0.01, 0.001), (10.0, 100.0, 1000.0)


def of_optimizer(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    """Change rate, optimizer or gradient."""
    name, rate = case.compiled.optimizer, case.compiled.rate
    too_long = bool(keys.keys() & TOO_LONG)
    lost = bool(keys.keys() & {"diverges", "nan_loss"})
    for factor in LOWER[: 2 + lost] if too_long else (LOWER[0], *HIGHER):
        high = factor < 1
        yield Change(
            f"rate_x{factor:g}", f"learning rate {rate * factor:.2g}", 1,
            f"optimizer=keras.optimizers.{name}(learning_rate={rate * factor:.6g})",
            ("rate_high", "dead", "input_scale", "target_scale") if high
            else ("rate_low", "target_scale"), "rate",
            optimizer=partial(_at, factor),
        )  # fmt: skip
    if not name.startswith(("Adam", "Nadam")):
        yield Change(
            "adam", "Adam at its default rate", 1, "optimizer=keras.optimizers.Adam()",
            ("rate_high", "rate_low", "vanishing", "input_scale", "target_scale"), "rate",
            optimizer=_adam,
        )  # fmt: skip
    if too_long:
        yield Change(
            "clip_gradient", "gradients clipped to length 1", 1,
            f"optimizer=keras.optimizers.{name}(learning_rate={rate:g}, global_clipnorm=1.0)",
            ("rate_high", "target_scale", "dead"), "clip", optimizer=_clipped,
        )  # fmt: skip


def _at(factor: float, optimizer: Any) -> Any:
    return with_rate(optimizer, factor)


def _adam(optimizer: Any) -> Any:
    import keras

    return keras.optimizers.Adam()


def _clipped(optimizer: Any) -> Any:
    rate = float(np.asarray(optimizer.learning_rate))
    config = settings_of(optimizer) | {"clipnorm": None, "clipvalue": None}
    return type(optimizer).from_config(config | {"learning_rate": rate, "global_clipnorm": 1.0})


def of_length(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    """Take more steps."""
    if "large_batch" in keys:
        yield Change(
            "small_batch", "batches of 32", 1, "model.fit(..., batch_size=32)",
            ("large_batch", "rate_low"), "batch", batch_size=32,
        )  # fmt: skip
    if "slow" in keys or "stalls" in keys or "below_linear" in keys:
        yield Change(
            "more_epochs", f"{4 * case.epochs} epochs", 1,
            f"model.fit(..., epochs={4 * case.epochs})", ("epochs", "rate_low"), "epochs", epochs=4,
        )  # fmt: skip
