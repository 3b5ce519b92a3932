"""What trains thread 000 for many seeds: descent from one logged step to the next, or Keras."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import pandas as pd

from repro.truth_table.measures import SLOPES
from repro.truth_table.posted import Floats, X, Y, posted_functions, train_posted
from repro.truth_table.rebuilt import Network, build_model, draw, unpack

LOGGED = (1, 2, 10, 100, 1_000, 10_000, 100_000)


class Descend(Protocol):
    """Takes gradient steps on parameters (seeds, 21), in place."""

    def __call__(self, parameters: Floats, updates: int) -> None: ...  # noqa: D102


def snapshots(
    network: Network, code: str, seeds: Sequence[int], iterations: int
) -> Iterator[tuple[int, Floats]]:
    """Train from the seeds' draws; yield each logged step and the parameters before its update.

    Args:
        network: what is trained.
        code: `posted`, `true` or, in numpy, `answer_returned`; see the experiment.
        seeds: of numpy's legacy generator.
        iterations: the last logged step.
    """
    start = np.stack([draw(np.random.RandomState(seed), network.initializer) for seed in seeds])
    descend = _in_numpy(network) if code == "answer_returned" else _compiled(network, code)
    return train(start, descend, logged_steps(iterations))


def train(
    parameters: Floats, descend: Descend, steps: Sequence[int]
) -> Iterator[tuple[int, Floats]]:
    """Yield each step (from 1, rising) and the parameters (seeds, 21) before its update.

    An update depends on nothing but the parameters. So a seed that an update leaves as it was, to
    the bit, is left as it was by all later ones, and they need not be computed.
    """
    parameters = parameters.copy()
    moving = np.arange(len(parameters))
    at = 1
    for step in steps:
        if step > at and len(moving):
            now = parameters[moving]
            descend(now, step - at - 1)
            before = now.copy()
            descend(now, 1)
            parameters[moving] = now
            moving = moving[~((now == before) | np.isnan(now)).all(axis=1)]
        at = step
        yield step, parameters.copy()


def logged_steps(iterations: int) -> list[int]:
    """Return the steps of `LOGGED` that are below `iterations`, and `iterations`."""
    return [step for step in LOGGED if step < iterations] + [iterations]


def _compiled(network: Network, code: str) -> Descend:
    from repro.truth_table.loop import Rule, descend

    hidden, output = network.hidden_activation, network.output_activation
    rule = Rule(
        sigmoid_hidden=hidden == "sigmoid",
        hidden_slope=SLOPES.get(hidden, 0.0),
        sigmoid_output=output == "sigmoid",
        output_slope=SLOPES.get(output, 0.0),
        masks=code == "posted" and hidden == "relu",
        learning_rate=network.learning_rate,
        bias_rate=network.learning_rate * network.bias,
    )
    return lambda parameters, updates: descend(parameters, X, Y[:, 0], rule, updates)


def _in_numpy(network: Network) -> Descend:
    names = network.hidden_activation, network.output_activation
    functions = posted_functions(*names, "answer_returned")

    def descend(parameters: Floats, updates: int) -> None:
        for one in parameters if updates else ():
            train_posted(
                unpack(one), *functions, iterations=updates,
                learning_rate=network.learning_rate, bias=network.bias,
            )  # fmt: skip

    return descend


def train_keras(network: Network, seeds: Sequence[int], iterations: int) -> pd.DataFrame:
    """Train the rebuild; return `mean_abs_error`, all that its history holds, by seed and step."""
    from repro.training.fit import fit_seeds

    fit = fit_seeds(
        lambda: build_model(network), X, Y, seeds=seeds, epochs=iterations, batch_size=len(X),
        shuffle=False, block_size=len(seeds),
    )  # fmt: skip
    frame = fit.frame.rename(columns={"epoch": "step"})
    logged = frame[frame.step.isin(logged_steps(iterations))]
    return logged[["seed", "step", "mean_abs_error"]]
