"""`python -m bench.add_numbers`: the compiled loop against the posted numpy code, per seed.

5,000 epochs of six samples. The posted code, without its 5,000 lines of print, trains one seed for
100 epochs and is extrapolated. `experiment` trains 1,000 seeds, all epochs, on one core and on all,
with drawing and measuring; it is compiled beforehand. Contenders take turns; medians of three.
Times depend on the machine, and on what else it does, ratios less so.
"""

from functools import partial
from typing import Literal

import numba

from bench.contest import CORES, Contest, run, seconds, show
from repro.add_numbers import experiment
from repro.add_numbers.posted import train_posted

Activation = Literal["relu", "sigmoid", "tanh"]

EPOCHS, POSTED_EPOCHS, SEEDS = 5_000, 100, 1_000
ACTIVATIONS: tuple[Activation, ...] = ("relu", "sigmoid", "tanh")


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


def contests() -> dict[str, Contest]:
    """Return a contest for each activation."""
    compiled("relu", 1, epochs=1)
    return {
        f"{activation} everywhere, {EPOCHS:,} epochs, a seed": {
            "as posted": lambda a=activation: posted(a),
            "compiled, 1 core": lambda a=activation: compiled(a, 1),
            f"compiled, {CORES} cores": lambda a=activation: compiled(a, CORES),
        }
        for activation in ACTIVATIONS
    }


if __name__ == "__main__":
    show(run("add_numbers"))
