"""`python -m bench.relu_health`: `fit` with the callback `ReluHealth` against the same without.

The MNIST thread's network, 20,000 rows in batches of 100; seconds per epoch of epochs 2 to 6 of one
call, so that neither contender's tracing counts; medians of three rounds in turns.
"""

import time
from typing import Any

import numpy as np

from bench.contest import Contest, run, show

EPOCHS, ROWS, BATCH = 6, 20_000, 100


def contests() -> dict[str, Contest]:
    """Return both contenders, on one model."""
    import keras

    from repro.callbacks import ReluHealth
    from repro.mnist_relu import build_model

    generator = np.random.default_rng(0)
    x = generator.random((ROWS, 784), dtype="float32")
    y = np.eye(10, dtype="float32")[generator.integers(0, 10, ROWS)]
    model = build_model("relu")

    def epoch(*callbacks: Any) -> float:
        marks: list[float] = []
        mark = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: marks.append(time.perf_counter())
        )
        model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0, callbacks=[*callbacks, mark])
        return (marks[-1] - marks[0]) / (EPOCHS - 1)

    return {"an epoch": {"fit": epoch, "fit with ReluHealth": lambda: epoch(ReluHealth())}}


if __name__ == "__main__":
    from repro.training import quiet  # noqa: F401

    show(run("relu_health"))
