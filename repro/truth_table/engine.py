"""Train thread 000 for many seeds: descent from one logged step to the next, or Keras."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from repro.truth_table.posted import Floats, X, Y, posted_functions, runs_as_written, train_posted
from repro.truth_table.rebuilt import build_model, draw, rule_of, unpack
from repro.truth_table.settings import Settings


class Snapshot(NamedTuple):
    """The networks at a logged step, before its update; Keras tells their errors and no more."""

    step: int
    parameters: Floats | None = None  # (seeds, 21)
    mean_abs_errors: Floats | None = None  # (seeds,)


class Descend(Protocol):
    """Takes gradient steps on parameters (seeds, 21), in place."""

    def __call__(self, parameters: Floats, updates: int) -> None: ...  # noqa: D102


def train(settings: Settings, seeds: Sequence[int]) -> list[Snapshot]:
    """Train a network per seed; return its logged steps, none if the thread's code does not run."""
    hidden, output = settings.hidden_activation, settings.output_activation
    if not runs_as_written(settings.backpropagation, hidden, output):
        return []
    if settings.engine == "keras":
        return _train_keras(settings, seeds)
    start = np.stack([draw(np.random.RandomState(seed), settings.initializer) for seed in seeds])
    descend = _in_numpy(settings) if settings.engine == "numpy" else _compiled(settings)
    return list(snapshots(start, descend, settings.logged))


def snapshots(parameters: Floats, descend: Descend, steps: Sequence[int]) -> Iterator[Snapshot]:
    """Yield each step (from 1, rising) with the parameters (seeds, 21) before its update.

    An update depends on nothing but the parameters. So a seed that an update leaves as it was, to
    the bit, is left as it was by all later ones, and they need not be computed.
    """
    parameters = parameters.copy()
    moving = np.arange(len(parameters))
    reached = 1
    for step in steps:
        if step > reached and len(moving):
            moved = parameters[moving]
            descend(moved, step - reached - 1)
            previous = moved.copy()
            descend(moved, 1)
            parameters[moving] = moved
            moving = moving[~((moved == previous) | np.isnan(moved)).all(axis=1)]
        reached = step
        yield Snapshot(step, parameters.copy())


def _compiled(settings: Settings) -> Descend:
    from repro.truth_table.loop import descend

    rule = rule_of(settings)
    return lambda parameters, updates: descend(parameters, X, Y[:, 0], rule=rule, updates=updates)


def _in_numpy(settings: Settings) -> Descend:
    hidden, output = posted_functions(
        settings.hidden_activation, settings.output_activation, settings.backpropagation
    )

    def descend(parameters: Floats, updates: int) -> None:
        for network in parameters if updates else ():
            train_posted(
                unpack(network),
                hidden,
                output,
                iterations=updates,
                learning_rate=settings.learning_rate,
                bias=settings.bias,
            )

    return descend


def _train_keras(settings: Settings, seeds: Sequence[int]) -> list[Snapshot]:
    from repro.training.fit import fit_seeds

    fit = fit_seeds(
        lambda: build_model(settings),
        X,
        Y,
        seeds=seeds,
        epochs=settings.iterations,
        batch_size=len(X),
        shuffle=False,
        block_size=len(seeds),
        verbose=0,
        check=False,
    )
    errors = fit.frame.pivot(index="epoch", columns="seed", values="mean_abs_error")[list(seeds)]
    return [Snapshot(step, mean_abs_errors=errors.loc[step].to_numpy()) for step in settings.logged]
