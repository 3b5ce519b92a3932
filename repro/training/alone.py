"""Train seeds one after the other with `keras.Model.fit`: the slow way that is always right."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from repro.training.building import (
    State,
    fresh_names,
    get_state,
    kept_elsewhere,
    one_line,
    values_of,
)
from repro.training.callbacks import Callback, Recorder
from repro.training.changed import Changed, settings_now, what_changed
from repro.training.feeding.batches import Batches
from repro.training.job import Job

Flags = list[tuple[keras.layers.Layer, bool]]
NO_FUNCTION = "'NoneType' object is not callable"  # which `fit` calls where a graph would be


@dataclass(frozen=True)
class Trained:
    """A seed's training.

    Attributes:
        rows: one dict an epoch: `epoch`, counted from 1, and the logs that Keras' history has.
        state: the variables at the end: the model's, then its optimizer's.
        callbacks: the seed's own.
        kept: the variables that layers keep to themselves, which no fused training changes.
        changed: what callbacks or steps changed besides; None if nothing.
    """

    rows: list[dict[str, Any]]
    state: State
    callbacks: Sequence[Callback] = field(default=())
    kept: State = field(default_factory=list)
    changed: Changed | None = None

    @property
    def whole(self) -> State:
        """All that the seed's model goes on from."""
        return [*self.state, *self.kept]


def train_alone(job: Job, seed: int, start: State | None = None) -> Trained:
    """Seed the generators, build the model and `fit` it, with nothing in between."""
    callbacks = job.callbacks_of(seed)
    # of a new model, `fit` builds the optimizer in its graph, which it then makes once more
    model = job.blueprint.untouched(seed) if start is None else job.blueprint.model(seed, start)
    optimizer = model.optimizer
    rate = getattr(optimizer, "_learning_rate", None)
    flags = [(layer, layer.trainable) for layer in model._flatten_layers()]
    begun, settings = _GraphAtStart(), settings_now(model)
    with fresh_names():
        rows = fit(job, model, seed, [begun, *callbacks])
    # a callback may have set another, which a graph uses that is made after that, and no other
    if model.train_function is begun.graph or not _are_alike(optimizer, model.optimizer):
        model.optimizer = optimizer
    _give_back(rate, optimizer)
    state, kept = _state(model, flags), values_of(kept_elsewhere(model))
    changed = what_changed(
        model, settings, blueprint=job.blueprint, seed=seed, state=[*state, *kept]
    )
    return Trained(rows, state, callbacks, kept, changed=changed)


def _give_back(rate: Any, optimizer: Any) -> None:
    """Let an optimizer have its rate's variable again, if a callback has set a schedule."""
    # the graph of `fit` goes on with that variable, whatever is set in its place
    if isinstance(rate, keras.Variable) and all(rate is not v for v in optimizer.variables):
        optimizer._learning_rate = rate  # the last of the variables, then
        optimizer._variables.insert(1, optimizer._variables.pop())  # after the count of steps


class _GraphAtStart(keras.callbacks.Callback):
    """Keep the graph that a training begins with."""

    graph: Any = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.graph = self.model.train_function


def _are_alike(optimizer: Any, other: Any) -> bool:
    """Return whether one optimizer can take the other's state."""
    shapes = [[(tuple(v.shape), v.dtype) for v in own.variables] for own in (optimizer, other)]
    return shapes[0] == shapes[1]


def _state(model: keras.Model, flags: Flags) -> State:
    """Return a model's state, in the order of the time before a step or a callback froze a layer.

    Args:
        model: trained.
        flags: the layers of that time, and whether they were trainable.
    """
    changed = [(layer, layer.trainable) for layer, flag in flags if layer.trainable != flag]
    _set(flags if changed else [])
    state = get_state(model)
    _set(changed)
    return state


def _set(flags: Flags) -> None:
    for layer, trainable in flags:
        if layer.trainable != trainable:
            layer.trainable = trainable


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
        if message := _why_fit_fails(model, error):
            raise TypeError(message) from error
        raise
    except tf.errors.InvalidArgumentError as error:  # whose reason stands within a page of graph
        message = one_line(error)
        if "not in [" in message or "range" in message:
            message += "; repro.diagnose(build, x, y) says which labels or tokens are out of range"
        raise tf.errors.InvalidArgumentError(error.node_def, error.op, message) from error
    return recorder.rows


def _why_fit_fails(model: keras.Model, error: TypeError) -> str | None:
    if not type(model).fit.__module__.startswith("keras."):
        return (
            f"{type(model).__name__}.fit must take x without y, and all arguments, as that of "
            f"keras.Model does for a data set: {one_line(error)}"
        )
    if model.train_function is None and str(error) == NO_FUNCTION:
        return (
            "a callback compiled the model while it was trained, and with that took away the graph "
            "that trains it, as in fit; call model.make_train_function() after model.compile(…), "
            "or compile before the training, in build"
        )
    return None


def steps_of(job: Job) -> int | None:
    """Return the batches of an epoch, None where a data set does not tell."""
    if job.steps_per_epoch:
        return job.steps_per_epoch
    if isinstance(job.data, Batches):
        count: int | None = job.data.adapter().num_batches
        return count
    return -(-job.data.n // job.batch_size)
