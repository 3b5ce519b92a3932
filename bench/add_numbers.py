"""`python -m bench.add_numbers`: the compiled loop against the posted numpy code, per seed.

5,000 epochs of six samples. The posted code, without its 5,000 lines of print, trains one seed for
100 epochs and is extrapolated. `experiment` trains 1,000 seeds, all epochs, on one core and on all,
with drawing and measuring; it is compiled beforehand. Contenders take turns; medians of three.
Times depend on the machine, and on what else it does, ratios less so.
"""

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Literal

import numba
from rich.console import Console
from rich.table import Table

from repro.add_numbers import experiment
from repro.posted.add_numbers import train_posted

Activation = Literal["relu", "sigmoid", "tanh"]

EPOCHS, POSTED_EPOCHS, SEEDS, REPEATS = 5_000, 100, 1_000, 3
ACTIVATIONS: tuple[Activation, ...] = ("relu", "sigmoid", "tanh")


def seconds(job: Callable[[], object]) -> float:
    """Return the wall time of a call."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def posted(activation: Activation) -> float:
    """Return the seconds that a seed takes as posted."""
    epochs = POSTED_EPOCHS
    job = seconds(lambda: train_posted(0, activation=activation, epochs=epochs))
    return job * EPOCHS / epochs


def compiled(activation: Activation, cores: int, epochs: int = EPOCHS) -> float:
    """Return the seconds that one of many seeds takes in the experiment."""
    numba.set_num_threads(cores)
    job = partial(
        experiment, hidden_activation=activation, output_activation=activation, epochs=epochs
    )
    return seconds(lambda: job(seeds=range(SEEDS))) / SEEDS


def main() -> None:
    """Time both in turns and print the table."""
    cores = numba.get_num_threads()
    compiled("relu", cores, epochs=1)
    table = Table("activation", box=None)
    for heading in ("as posted (s)", "1 core (ms)", "times", f"{cores} cores (ms)", "times"):
        table.add_column(heading, justify="right")
    for activation in ACTIVATIONS:
        rounds = [
            (posted(activation), compiled(activation, 1), compiled(activation, cores))
            for _ in range(REPEATS)
        ]
        slow, one, all_cores = (median(times) for times in zip(*rounds, strict=True))
        cells = (1e3 * one, slow / one, 1e3 * all_cores, slow / all_cores)
        table.add_row(activation, f"{slow:.2f}", *(f"{cell:,.3g}" for cell in cells))
    Console().print(table)


if __name__ == "__main__":
    main()
