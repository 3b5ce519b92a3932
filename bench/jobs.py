"""`python -m bench.jobs`: `n_jobs` and `fit_grid` against what a user would do instead.

The thread's network on full MNIST. The first contest trains 16 seeds for 5 epochs, in seconds a
seed, whole calls with self-check and compilation. `n_jobs=2, warm` is a second call, which finds
its processes waiting. The next trains 8 seeds at each of eight learning rates for an epoch, in
seconds a call. Last, from start and blocks as measured here, what other numbers of cores would
take if they were as fast; that their memory is shared, no simulation knows.
"""

import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from bench.contest import RESULTS, Contest, run, seconds, show
from bench.mnist_job import PLAIN, Job, in_another_process, pixels
from bench.pages import splice
from repro import fit_grid, fit_seeds
from repro.findings.markdown import markdown_table
from repro.training.jobs.workers import end_workers

EPOCHS, GRID_EPOCHS, SEEDS = 5, 1, 16
RATES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5]
CORES = (1, 2, 4, 8, 16, 32, 64)
REPEATS = 1
PAGES = [Path(__file__).parents[1] / page for page in ("docs/fit-seeds.md", "bench/README.md")]
TITLES = {
    PLAIN: "`fit`",
    "n_jobs=1": "`n_jobs=1`",
    "n_jobs=2": "`n_jobs=2`, processes started for the call",
    "n_jobs=2, warm": "`n_jobs=2`, processes of an earlier call",
}


def contests() -> dict[str, Contest]:
    """Return the contests: each contender trains and gives seconds."""
    return {
        f"mnist_relu, {SEEDS} seeds, {EPOCHS} epochs, a seed": {
            PLAIN: Job(EPOCHS).plain,
            "n_jobs=1": lambda: fused("n_jobs=1"),
            "n_jobs=2": lambda: fused("n_jobs=2"),
            "n_jobs=2, warm": lambda: fused("n_jobs=2, warm"),
        },
        f"{len(RATES)} learning rates, 8 seeds, {GRID_EPOCHS} epochs, a call": {
            "fit_seeds for each": lambda: fused("each"),
            "fit_grid, n_jobs=1": lambda: fused("grid, n_jobs=1"),
            "fit_grid, n_jobs=2": lambda: fused("grid, n_jobs=2"),
        },
    }


def fused(contender: str) -> float:
    """Return a contender's seconds, in a process of its own, which no other one has warmed."""
    return float(in_another_process("bench.jobs", {"contender": contender}, {}))


def measure(contender: str) -> float:
    """Return the seconds of a contender in this process."""
    x, y = pixels(None)
    n_jobs = 2 if "n_jobs=2" in contender else 1
    options: dict[str, Any] = {"batch_size": 100, "verbose": 0, "n_jobs": n_jobs}
    if contender == "each":
        return seconds(
            lambda: [
                fit_seeds(
                    lambda rate=rate: build(rate), x, y, seeds=8, epochs=GRID_EPOCHS, **options
                )
                for rate in RATES
            ]
        )
    if contender.startswith("grid"):
        grid = {"learning_rate": RATES}
        return seconds(
            lambda: fit_grid(build, x, y, grid=grid, seeds=8, epochs=GRID_EPOCHS, **options)
        )
    if contender.endswith("warm"):
        fit_seeds(build, x, y, seeds=SEEDS, epochs=1, **options)
    return seconds(lambda: fit_seeds(build, x, y, seeds=SEEDS, epochs=EPOCHS, **options)) / SEEDS


def build(learning_rate: float = 0.1) -> Any:
    """Return the thread's network with a learning rate."""
    import keras
    from keras import layers

    hidden, output = layers.Dense(100, "relu"), layers.Dense(10, "softmax")
    model = keras.Sequential([keras.Input((784,)), hidden, output])
    optimizer = keras.optimizers.SGD(learning_rate)
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return model


def in_markdown(measured: pd.DataFrame) -> str:
    """Return the first contest as Markdown."""
    first = measured[measured.job == measured.job[0]]
    rows = [
        (TITLES[row.contender], f"{row.seconds:.2g}", f"{row.times_first:.2g}")
        for row in first.itertuples()
    ]
    heading = f"{SEEDS} seeds, {EPOCHS} epochs of MNIST"
    return markdown_table([heading, "seconds a seed", "times `fit`"], rows)


def simulated(start: float, block: float, blocks: int) -> pd.DataFrame:
    """Return what so many equal blocks take on other numbers of cores, a process each.

    Args:
        start: seconds until a process trains.
        block: seconds that a block then takes.
        blocks: how many there are.
    """
    rows = []
    for cores in CORES:
        total = start + -(-blocks // cores) * block
        rows.append((cores, round(total, 1), round((start + blocks * block) / total, 2)))
    return pd.DataFrame(rows, columns=["cores", "seconds", "times_first"])


def start_and_block(short: int = 1, long: int = 5) -> tuple[float, float]:
    """Measure two blocks side by side; return their start, and a block's seconds for all epochs."""
    x, y = pixels(None)
    calls = {}
    for epochs in (short, long):
        begin = time.perf_counter()
        fit_seeds(build, x, y, seeds=8, epochs=epochs, batch_size=100, verbose=0, n_jobs=2)
        calls[epochs] = time.perf_counter() - begin
        end_workers()
    epoch = (calls[long] - calls[short]) / (long - short)
    return calls[short] - short * epoch, EPOCHS * epoch


if __name__ == "__main__":
    if sys.argv[1:]:
        import json

        print(measure(**json.loads(sys.argv[1])))
    else:
        measured = run("jobs")
        for page in PAGES:
            text = splice(page.read_text("utf-8"), "processes", in_markdown(measured))
            page.write_text(text, encoding="utf-8")
        show(measured)
        table = simulated(*start_and_block(), blocks=64)
        table.to_csv(RESULTS / "jobs_simulated.csv", index=False, lineterminator="\n")
        show(table)
