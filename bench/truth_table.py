"""`python -m bench.truth_table`: the compiled loop and vectorized ReLU against the posted code.

Training: 500,000 iterations of 256 seeds, none stopped early, against one seed of the posted numpy
code for 2,000 iterations, extrapolated; compiled beforehand, medians of three rounds in turns.
ReLU: forward and derivative of the answer's vectorized function against the posted loops, on
arrays of the thread's size and larger, and in the thread's training.
Times depend on the machine, and on what else it does, ratios less so.
"""

import time
from collections.abc import Callable
from statistics import median

import numba
import numpy as np
from rich.console import Console
from rich.table import Table

from repro.posted.truth_table import X, Y, answer_relu_returned, nonlin, relu, train_posted
from repro.rebuilt.truth_table import draw, unpack
from repro.training.compiled.truth_table import Rule, descend

ITERATIONS, POSTED_ITERATIONS, SEEDS, REPEATS = 500_000, 2_000, 256, 3
RULES = {
    "sigmoid everywhere": (nonlin, Rule(True, 0.0, True, 0.0, False, 1.0, 0.0)),
    "ReLU everywhere": (relu, Rule(False, 0.0, False, 0.0, True, 1.0, 0.0)),
}
SHAPES = ((6, 4), (60, 40), (600, 400))


def seconds(job: Callable[[], object], times: int = 1) -> float:
    """Return the wall time of a call, the mean of so many."""
    start = time.perf_counter()
    for _ in range(times):
        job()
    return (time.perf_counter() - start) / times


def posted(function: Callable[..., object], iterations: int = ITERATIONS) -> float:
    """Return the seconds that one seed takes in numpy, extrapolated."""
    weights = unpack(draw(np.random.RandomState(1)))
    job = seconds(lambda: train_posted(weights, function, function, iterations=POSTED_ITERATIONS))
    return job * iterations / POSTED_ITERATIONS


def compiled(rule: Rule, cores: int, updates: int = ITERATIONS) -> float:
    """Return the seconds that one of many seeds takes in the compiled loop."""
    numba.set_num_threads(cores)
    parameters = np.stack([draw(np.random.RandomState(seed)) for seed in range(SEEDS)])
    return seconds(lambda: descend(parameters, X, Y[:, 0], rule, updates)) / SEEDS


def both_branches(function: Callable[..., object], shape: tuple[int, int]) -> float:
    """Return the seconds that a ReLU function takes forward and backward on such an array."""
    values = np.random.RandomState(0).standard_normal(shape)
    job = lambda: (function(values.copy()), function(values.copy(), deriv=True))  # noqa: E731
    return seconds(job, times=max(1, 24_000 // values.size))


def times_in_turns(*jobs: Callable[[], float]) -> list[float]:
    """Return each job's median time over rounds in which they take turns."""
    rounds = [[job() for job in jobs] for _ in range(REPEATS)]
    return [median(times) for times in zip(*rounds, strict=True)]


def training() -> Table:
    """Return the table of the training loops."""
    cores = numba.get_num_threads()
    compiled(RULES["sigmoid everywhere"][1], cores, updates=1)
    table = Table(f"{ITERATIONS:,} iterations", box=None)
    for heading in ("as posted (s)", "1 core (ms)", "times", f"{cores} cores (ms)", "times"):
        table.add_column(heading, justify="right")
    for name, (function, rule) in RULES.items():
        slow, one, every = times_in_turns(
            lambda f=function: posted(f),
            lambda r=rule: compiled(r, 1),
            lambda r=rule: compiled(r, cores),
        )
        cells = (1e3 * one, slow / one, 1e3 * every, slow / every)
        table.add_row(name, f"{slow:.2f}", *(f"{cell:,.3g}" for cell in cells))
    return table


def vectorizing() -> Table:
    """Return the table of the ReLU functions."""
    table = Table("ReLU", box=None)
    for heading in ("loops (µs)", "vectorized (µs)", "times"):
        table.add_column(heading, justify="right")
    functions = (relu, answer_relu_returned)
    for shape in SHAPES:
        slow, fast = times_in_turns(*(lambda f=f, s=shape: both_branches(f, s) for f in functions))
        name = "{} x {}, both branches".format(*shape)
        table.add_row(name, f"{1e6 * slow:,.3g}", f"{1e6 * fast:,.3g}", f"{slow / fast:,.3g}")
    slow, fast = times_in_turns(*(lambda f=f: posted(f, iterations=1) for f in functions))
    name = "the thread's iteration"
    table.add_row(name, f"{1e6 * slow:,.3g}", f"{1e6 * fast:,.3g}", f"{slow / fast:,.3g}")
    return table


def main() -> None:
    """Time everything and print both tables."""
    console = Console()
    console.print(training(), "", vectorizing())


if __name__ == "__main__":
    main()
