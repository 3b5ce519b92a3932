"""`python -m bench.relu_health`: what `ReluHealth` costs, against the same `fit` without it.

Whole calls of 5 epochs on 20,000 rows, after one that is not counted, taken in turns; medians of
seven. The calls with the callback hold one more tracing of the training step; it is counted.
"""

import time
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results" / "relu_health.csv"
EPOCHS, ROWS, BATCH, REPEATS = 5, 20_000, 100, 7


def model() -> Any:
    """The network of mnist_relu."""
    import keras

    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(100, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network


def seconds(callbacks: list[Any], x: Any, y: Any, network: Any) -> float:
    """How long one call of `fit` takes, per epoch without the first."""
    import keras

    marks: list[float] = []
    mark = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda e, logs: marks.append(time.perf_counter())
    )
    network.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0, callbacks=[*callbacks, mark])
    return (marks[-1] - marks[0]) / (EPOCHS - 1)


@click.command()
def main() -> None:
    """Measure and write bench/results/relu_health.csv."""
    from repro.callbacks import ReluHealth
    from repro.training import quiet

    generator = np.random.default_rng(0)
    x = generator.random((ROWS, 784), dtype="float32")
    y = generator.integers(0, 10, ROWS)
    network = model()
    contenders = {"fit": lambda: [], "fit with ReluHealth": lambda: [ReluHealth()]}
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for repeat in range(REPEATS + 1):
        for name, callbacks in contenders.items():
            taken = seconds(callbacks(), x, y, network)
            if repeat:
                times[name].append(taken)
    plain = median(times["fit"])
    rows = [
        {"contender": name, "seconds_per_epoch": round(median(t), 4),
         "overhead": round(median(t) / plain - 1, 4)}
        for name, t in times.items()
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    frame.to_csv(RESULTS, index=False, lineterminator="\n")
    click.echo(frame.to_string(index=False))
    _ = quiet


if __name__ == "__main__":
    main(prog_name="python -m bench.relu_health")
