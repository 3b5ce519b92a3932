"""`python -m bench.fit_seeds`: fit_seeds against keras.Model.fit on the thread's network.

All contenders in one run, interleaved, whole calls of 15 epochs on full MNIST with compilation;
medians of three. The last row is what the dense layers' multiplications alone would take at the
rate at which this machine multiplies two large float32 matrices.
"""

import os
import subprocess
import sys
import time

from bench.contest import Contest, run, seconds, show
from repro import fit_seeds

EPOCHS, BATCH, SEEDS = 15, 100, 8
ONE_THREAD = "TF_NUM_INTRAOP_THREADS"
SIDE_BY_SIDE = f"fit_seeds, two blocks of {SEEDS} seeds side by side"


def contests() -> dict[str, Contest]:
    """Return the contest: each contender trains and gives the seconds per seed."""
    import keras

    from repro.data import load
    from repro.mnist_relu import build_model, prepare

    (x, y), _ = prepare(load("mnist"), 1 / 255, False)

    def plain(steps: int) -> object:
        keras.utils.set_random_seed(0)
        model = build_model("relu")
        model.compile(
            "sgd", "categorical_crossentropy", metrics=["accuracy"], steps_per_execution=steps
        )
        return model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)

    def fused(seeds: int) -> object:
        build = lambda: build_model("relu")  # noqa: E731
        return fit_seeds(build, x, y, seeds=range(seeds), epochs=EPOCHS, batch_size=BATCH)

    contenders = {
        "keras.Model.fit": lambda: seconds(lambda: plain(1)),
        "fit, steps_per_execution=20": lambda: seconds(lambda: plain(20)),
        "fit, steps_per_execution=100": lambda: seconds(lambda: plain(100)),
        "fit, steps_per_execution=600": lambda: seconds(lambda: plain(600)),
        f"fit_seeds, {SEEDS} seeds at once": lambda: seconds(lambda: fused(SEEDS)) / SEEDS,
        SIDE_BY_SIDE: lambda: (
            seconds(lambda: fused(2 * SEEDS)) / (2 * SEEDS)
            if ONE_THREAD in os.environ
            else in_another_process(SIDE_BY_SIDE)
        ),
        "matrix multiplications alone": lambda: dense_work() / peak(),
    }
    return {f"mnist_relu, {EPOCHS} epochs, a seed": contenders}


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


def in_another_process(contender: str) -> float:
    """Return a contender's seconds in a process whose products get one thread each."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.fit_seeds", contender],
        env=os.environ | {ONE_THREAD: "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return float(done.stdout)


if __name__ == "__main__":
    if sys.argv[1:]:
        print(next(iter(contests().values()))[sys.argv[1]]())
    else:
        show(run("fit_seeds"))
