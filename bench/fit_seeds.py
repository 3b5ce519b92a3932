"""`python -m bench.fit_seeds`: fit_seeds against keras.Model.fit on the thread's network.

All contenders in one run, interleaved, whole calls of 15 epochs on full MNIST with compilation;
medians of three. The first job's last row is what the dense layers' multiplications alone would
take at the rate at which this machine multiplies two large float32 matrices. The next jobs are
other optimizers and layers, 5 epochs; the last is a small model from the call to the first result.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.contest import Contest, run, seconds, show
from bench.mnist_job import ONE_THREAD, PLAIN, Job, in_another_process
from repro import fit_seeds

EPOCHS, OTHER_EPOCHS, SEEDS = 15, 5, 8
SIDE_BY_SIDE = f"fit_seeds, {2 * SEEDS} seeds, blocks side by side"
OTHERS: dict[str, dict[str, Any]] = {
    "momentum": {"optimizer": "momentum"},
    "Adam": {"optimizer": "adam", "learning_rate": 0.001},
    "batch normalization": {"batch_normalization": True},
    "dropout": {"dropout": 0.2},
}


def contests() -> dict[str, Contest]:
    """Return the contests: each contender trains and gives the seconds per seed."""
    usual = Job(EPOCHS)
    return {
        f"mnist_relu, {EPOCHS} epochs, a seed": {
            PLAIN: usual.plain,
            "fit, steps_per_execution=20": lambda: usual.plain(20),
            "fit, steps_per_execution=100": lambda: usual.plain(100),
            "fit, steps_per_execution=600": lambda: usual.plain(600),
            f"fit_seeds, {SEEDS} seeds at once": lambda: usual.fused(SEEDS),
            SIDE_BY_SIDE: lambda: side_by_side(epochs=EPOCHS),
            "matrix multiplications alone": lambda: dense_work() / peak(),
        },
        **{
            f"with {name}, {OTHER_EPOCHS} epochs, a seed": {
                PLAIN: Job(OTHER_EPOCHS, **settings).plain,
                SIDE_BY_SIDE: lambda settings=settings: side_by_side(
                    epochs=OTHER_EPOCHS, **settings
                ),
            }
            for name, settings in OTHERS.items()
        },
        "a small model, to the first result": {
            PLAIN: lambda: small(fit_one),
            f"fit_seeds, {SEEDS} seeds": lambda: small(
                lambda build, x, y: fit_seeds(build, x, y, seeds=range(SEEDS))
            ),
        },
    }


def small(train: Callable[..., object]) -> float:
    """Return the seconds of one epoch of a 10-16-2 network on 1,000 rows, all new."""
    import keras
    import numpy as np
    from keras import layers

    generator = np.random.default_rng(0)
    x = generator.random((1000, 10), dtype="float32")
    y = (x.sum(axis=1) > 5).astype("int64")

    def build() -> keras.Model:
        hidden, output = layers.Dense(16, activation="relu"), layers.Dense(2, activation="softmax")
        model = keras.Sequential([keras.Input((10,)), hidden, output])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    return seconds(lambda: train(build, x, y))


def fit_one(build: Callable[[], Any], x: Any, y: Any) -> object:
    """Train one model."""
    return build().fit(x, y, verbose=0)


def dense_work() -> float:
    """Return the multiply-adds, times two, of a seed's forward and backward dense products."""
    # forward, weight gradient, and for the second layer the gradient by its input
    return 2 * 60_000 * EPOCHS * (2 * 784 * 100 + 3 * 100 * 10)


def peak(size: int = 4096) -> float:
    """Return the float32 operations a second in a product of two large matrices; best of five."""
    import tensorflow as tf

    a = tf.random.normal((size, size))
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        (a @ a).numpy()
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds)


def side_by_side(**job: Any) -> float:
    """Return a job's seconds a seed, in a process that trains blocks side by side."""
    return in_another_process("bench.fit_seeds", job, ONE_THREAD)


if __name__ == "__main__":
    if sys.argv[1:]:
        print(Job(**json.loads(sys.argv[1])).fused(2 * SEEDS))
    else:
        show(run("fit_seeds"))
