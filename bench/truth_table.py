"""`python -m bench.truth_table`: the compiled loop and vectorized ReLU against the posted code.

Training: 500,000 iterations of 256 seeds, none stopped early, against one seed of the posted numpy
code for 2,000 iterations, extrapolated; compiled beforehand, medians of three rounds in turns.
ReLU: forward and derivative of the answer's vectorized function against the posted loops, on
arrays of the thread's size and larger, and in the thread's training.
Times depend on the machine, and on what else it does, ratios less so.
"""

from collections.abc import Callable

import numba
import numpy as np

from bench.contest import CORES, Contest, run, seconds, show
from repro.truth_table.loop import Rule, descend
from repro.truth_table.posted import X, Y, answer_relu_returned, nonlin, relu, train_posted
from repro.truth_table.rebuilt import draw, rule_of, unpack
from repro.truth_table.settings import Settings

ITERATIONS, POSTED_ITERATIONS, SEEDS = 500_000, 2_000, 256
RULES = {
    "sigmoid everywhere": (nonlin, rule_of(Settings())),
    "ReLU everywhere": (
        relu,
        rule_of(Settings(hidden_activation="relu", output_activation="relu")),
    ),
}
FUNCTIONS = {"loops": relu, "vectorized": answer_relu_returned}
SHAPES = ((6, 4), (60, 40), (600, 400))


def posted(function: Callable[..., object], iterations: int = ITERATIONS) -> float:
    """Return the seconds that one seed takes in numpy, extrapolated."""
    weights = unpack(draw(np.random.RandomState(1)))
    job = seconds(lambda: train_posted(weights, function, function, iterations=POSTED_ITERATIONS))
    return job * iterations / POSTED_ITERATIONS


def compiled(rule: Rule, cores: int, updates: int = ITERATIONS) -> float:
    """Return the seconds that one of many seeds takes in the compiled loop."""
    numba.set_num_threads(cores)
    parameters = np.stack([draw(np.random.RandomState(seed)) for seed in range(SEEDS)])
    return seconds(lambda: descend(parameters, X, Y[:, 0], rule=rule, updates=updates)) / SEEDS


def both_branches(function: Callable[..., object], shape: tuple[int, int]) -> float:
    """Return the seconds that a ReLU function takes forward and backward on such an array."""
    values = np.random.RandomState(0).standard_normal(shape)
    job = lambda: (function(values.copy()), function(values.copy(), deriv=True))  # noqa: E731
    return seconds(job, times=max(1, 24_000 // values.size))


def contests() -> dict[str, Contest]:
    """Return the contests: training, and the ReLU functions on arrays of growing size."""
    compiled(RULES["sigmoid everywhere"][1], 1, updates=1)
    training: dict[str, Contest] = {
        f"{name}, {ITERATIONS:,} iterations, a seed": {
            "as posted": lambda f=function: posted(f),
            "compiled, 1 core": lambda r=rule: compiled(r, 1),
            f"compiled, {CORES} cores": lambda r=rule: compiled(r, CORES),
        }
        for name, (function, rule) in RULES.items()
    }
    vectorizing: dict[str, Contest] = {
        "ReLU both ways, {} x {}".format(*shape): {
            name: lambda f=function, s=shape: both_branches(f, s)
            for name, function in FUNCTIONS.items()
        }
        for shape in SHAPES
    }
    in_training = {
        name: lambda f=function: posted(f, iterations=1) for name, function in FUNCTIONS.items()
    }
    return training | vectorizing | {"the thread's iteration with it": in_training}


if __name__ == "__main__":
    show(run("truth_table"))
