"""`python -m bench.relu_health`: `fit` with the callback `ReluHealth` against the same without.

The MNIST thread's network, 20,000 rows in batches of 100; seconds per epoch, the median of epochs 2
to 6 of one call, so that neither contender's tracing counts. Rounds in turns, by the clock and by
the processor's time of all threads, which other work on the machine disturbs less.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.contest import Contest, run, show

EPOCHS, ROWS, BATCH = 6, 20_000, 100
REPEATS = 15


def contests() -> dict[str, Contest]:
    """Return both contenders, on one model, once for each clock."""
    import keras

    from repro.callbacks import ReluHealth
    from repro.mnist_relu.rebuilt import build_model
    from repro.mnist_relu.settings import Settings

    generator = np.random.default_rng(0)
    x = generator.random((ROWS, 784), dtype="float32")
    y = np.eye(10, dtype="float32")[generator.integers(0, 10, ROWS)]
    model = build_model(Settings(hidden_activation="relu"))

    def epoch(clock: Callable[[], float], *callbacks: Any) -> float:
        marks: list[float] = []
        mark = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: marks.append(clock())
        )
        model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0, callbacks=[*callbacks, mark])
        return float(np.median(np.diff(marks)))

    def contest(clock: Callable[[], float]) -> Contest:
        return {
            "fit": lambda: epoch(clock),
            "fit with ReluHealth": lambda: epoch(clock, ReluHealth()),
        }

    return {
        "an epoch": contest(time.perf_counter),
        "an epoch, processor time": contest(time.process_time),
    }


if __name__ == "__main__":
    from repro.training import quiet  # noqa: F401

    show(run("relu_health"))
