"""`python -m bench.fit_seeds`: fit_seeds against keras.Model.fit on the thread's network.

All contenders in one run, interleaved, whole calls of 15 epochs on full MNIST with compilation;
medians of three. The last row is what the dense layers' multiplications alone would take at the
rate at which this machine multiplies two large float32 matrices.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import click
import pandas as pd
from rich.console import Console
from rich.table import Table

from repro import fit_seeds

EPOCHS, BATCH, SEEDS, REPEATS = 15, 100, 8, 3
FUSED = f"fit_seeds, {SEEDS} seeds at once"
SIDE_BY_SIDE = f"fit_seeds, two blocks of {SEEDS} seeds side by side"
RESULTS = Path(__file__).parent / "results" / "fit_seeds.csv"


def contenders(epochs: int) -> dict[str, Callable[[], float]]:
    """Return each contender's name and a call that trains and gives the seconds per seed."""
    import keras

    from repro.data import load
    from repro.mnist_relu import build_model, prepare

    (x, y), _ = prepare(load("mnist"), 1 / 255, False)

    def timed(job: Callable[[], object], seeds: int = 1) -> float:
        start = time.perf_counter()
        job()
        return (time.perf_counter() - start) / seeds

    def plain(steps: int) -> object:
        keras.utils.set_random_seed(0)
        model = build_model("relu")
        model.compile(
            "sgd", "categorical_crossentropy", metrics=["accuracy"], steps_per_execution=steps
        )
        return model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0)

    def fused(seeds: int) -> object:
        build = lambda: build_model("relu")  # noqa: E731
        return fit_seeds(build, x, y, seeds=range(seeds), epochs=epochs, batch_size=BATCH)

    return {
        "keras.Model.fit": lambda: timed(lambda: plain(1)),
        "fit, steps_per_execution=20": lambda: timed(lambda: plain(20)),
        "fit, steps_per_execution=100": lambda: timed(lambda: plain(100)),
        "fit, steps_per_execution=600": lambda: timed(lambda: plain(600)),
        FUSED: lambda: timed(lambda: fused(SEEDS), SEEDS),
        SIDE_BY_SIDE: lambda: timed(lambda: fused(2 * SEEDS), 2 * SEEDS),
        "matrix multiplications alone": lambda: dense_work(epochs) / peak(),
    }


def dense_work(epochs: int) -> float:
    """Return the multiply-adds, times two, of a seed's forward and backward dense products."""
    # forward, weight gradient, and for the second layer the gradient by its input
    return 2 * 60_000 * epochs * (2 * 784 * 100 + 3 * 100 * 10)


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


def in_another_process(name: str, epochs: int) -> float:
    """Return a contender's seconds in a process whose products get one thread each."""
    command = [sys.executable, "-m", "bench.fit_seeds", "--epochs", str(epochs), "--only", name]
    one_thread = os.environ | {"TF_NUM_INTRAOP_THREADS": "1"}
    done = subprocess.run(command, env=one_thread, stdout=subprocess.PIPE, check=True)
    return float(done.stdout)


@click.command()
@click.option("--epochs", default=EPOCHS, show_default=True, type=click.IntRange(min=1))
@click.option("--repeats", default=REPEATS, show_default=True, type=click.IntRange(min=1))
@click.option("--only", help="Time this contender once and print its seconds alone.")
def main(epochs: int, repeats: int, only: str | None) -> None:
    """Time fit_seeds against keras.Model.fit and the machine's peak; print and keep the table."""
    jobs = contenders(epochs)
    if only:
        click.echo(jobs[only]())
        return
    jobs[SIDE_BY_SIDE] = lambda: in_another_process(SIDE_BY_SIDE, epochs)
    rounds = [{name: job() for name, job in jobs.items()} for _ in range(repeats)]
    seconds = {name: median(r[name] for r in rounds) for name in jobs}
    plain = seconds["keras.Model.fit"]
    best = min(value for name, value in seconds.items() if name.startswith("fit, "))
    table = pd.DataFrame(
        {
            "contender": list(seconds),
            "seconds_per_seed": [round(s, 3) for s in seconds.values()],
            "times_plain_fit": [round(plain / s, 2) for s in seconds.values()],
            "times_best_fit": [round(best / s, 2) for s in seconds.values()],
        }
    )
    table.to_csv(RESULTS, index=False)
    show(table)


def show(table: pd.DataFrame) -> None:
    """Print a table."""
    drawn = Table(box=None)
    for column in table:
        drawn.add_column(
            column.replace("_", " "), justify="left" if column == "contender" else "right"
        )
    for row in table.itertuples(index=False):
        drawn.add_row(*map(str, row))
    Console().print(drawn)


if __name__ == "__main__":
    main()
