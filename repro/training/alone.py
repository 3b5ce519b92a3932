"""Train seeds one after the other with `keras.Model.fit`: the slow way that is always right."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from repro.training.building import State, one_line, values_of, variables_of
from repro.training.callbacks import Callback, Recorder
from repro.training.feeding.batches import Batches
from repro.training.job import Job


@dataclass(frozen=True)
class Trained:
    """A seed's training.

    Attributes:
        rows: one dict an epoch: `epoch`, counted from 1, and the logs that Keras' history has.
        state: the variables at the end: the model's, then its optimizer's.
        callbacks: the seed's own.
    """

    rows: list[dict[str, Any]]
    state: State
    callbacks: Sequence[Callback] = field(default=())


def train_alone(job: Job, seed: int, start: State | None = None) -> Trained:
    """Seed the generators, build the model and `fit` it, with nothing in between."""
    callbacks = job.callbacks_of(seed)
    model = job.blueprint.model(seed, start)
    variables, optimizer = variables_of(model), model.optimizer
    rows = fit(job, model, seed, callbacks)
    if model.optimizer is not optimizer:  # compiled anew by a `fit` of its own
        variables = variables_of(model)
    return Trained(rows, values_of(variables), callbacks)


def fit(
    job: Job, model: keras.Model, seed: int, callbacks: Sequence[Callback] = ()
) -> list[dict[str, Any]]:
    """Call `model.fit` on what the seed sees; return its logs, one dict an epoch.

    Raises:
        TypeError: if a `fit` of the model's own class does not take what Keras' does.
    """
    recorder = Recorder()
    arguments = {
        "epochs": job.epochs,
        "initial_epoch": job.initial_epoch,
        "verbose": 0,
        "callbacks": [*callbacks, recorder],
        "shuffle": False,
        "class_weight": job.data.class_weight if isinstance(job.data, Batches) else None,
        "steps_per_epoch": job.steps_per_epoch,
        "validation_data": job.validation_feed(),
        "validation_steps": job.validation_steps,
        "validation_freq": job.validation_freq,
    }
    try:
        model.fit(job.feed(seed), **arguments)
    except TypeError as error:
        if type(model).fit.__module__.startswith("keras."):
            raise
        raise TypeError(
            f"{type(model).__name__}.fit must take x without y, and all arguments, as that of "
            f"keras.Model does for a data set: {one_line(error)}"
        ) from error
    return recorder.rows


def steps_of(job: Job) -> int | None:
    """Return the batches of an epoch, None where a data set does not tell."""
    if job.steps_per_epoch:
        return job.steps_per_epoch
    if isinstance(job.data, Batches):
        count: int | None = job.data.adapter().num_batches
        return count
    return -(-job.data.n // job.batch_size)
