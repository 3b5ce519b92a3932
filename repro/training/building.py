"""Call `build` for a seed as a fresh process would, and give the model its variables."""

import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.common import global_state
from numpy.typing import NDArray

from repro.training.checks import in_line
from repro.training.feeding.arrays import Arrays
from repro.training.feeding.in_order import InOrder
from repro.training.feeding.structures import tensors_in
from repro.training.reached import reached_from

Build = Callable[[], keras.Model]
State = list[NDArray[Any]]
NUMBERS = "biufV"  # kinds of arrays; V: short floats
NAMES = "object_name_uids"  # under this key Keras counts dense, dense_1, dense_2, …


@dataclass(frozen=True)
class Blueprint:
    """The makings of each seed's model: the user's `build`, and samples to make variables for.

    Attributes:
        build: returns a compiled model; called without arguments.
        sample: inputs, targets and sample weights of the first batch, as `fit` would see them.
    """

    build: Build
    sample: tuple[Any, Any, Any]

    def model(self, seed: int, state: State | None = None) -> keras.Model:
        """Return the seed's model before training, with all its variables and its optimizer's.

        Args:
            seed: all global generators are seeded with it first.
            state: values of the variables to go on from.

        Raises:
            TypeError: if `build` returns no compiled Keras model.
            ValueError: if the samples do not fit a model that is not built yet.
        """
        model = build_model(self.build, seed)
        with _scope_of(model):
            has_variables = self._makes_variables(model)
        if state is None:
            return model
        if has_variables and not _takes(model, state):  # as where steps train a part of the weights
            model, has_variables = self.untouched(seed), False
        if not has_variables:
            self._train_a_step(model)
        set_state(model, state)
        return model

    def untouched(self, seed: int) -> keras.Model:
        """Return the seed's model as `build` makes it, whose optimizer may have no variables."""
        return build_model(self.build, seed)

    def _makes_variables(self, model: keras.Model) -> bool:
        """Give a model all its variables; return False if only a step of its own can do that."""
        own_step = not is_kerass(model, "train_step")  # which may do without `call`
        if all(layer.built or (own_step and layer is model) for layer in model._flatten_layers()):
            with fresh_names():
                model.optimizer.build(model.trainable_variables)
            return True
        try:
            self.make_metrics(model)
        except (RuntimeError, ValueError) as error:
            if isinstance(error, ValueError) and not own_step:
                raise
            return False
        return True

    def trains(self, seed: int) -> bool:
        """Return whether `fit` itself takes a step on the samples."""
        try:
            self._train_a_step(self.untouched(seed))
        except Exception:
            return False
        return True

    def _train_a_step(self, model: keras.Model) -> None:
        n = tensors_in(self.sample[0])[0].shape[0]
        feed = InOrder(Arrays(self.sample, n), lambda _: np.arange(n), batch_size=n, steps=None)
        with fresh_names():
            model.fit(feed, verbose=0)

    def make_metrics(self, model: keras.Model) -> None:
        """Give a model's losses and metrics their variables, as `fit` does before its first step.

        Raises:
            ValueError: if the samples do not fit the model, its loss or its metrics.
        """
        with fresh_names():
            try:
                model._symbolic_build(data_batch=self.sample)
            except ValueError as error:
                message = f"the model can not be trained on these data: {one_line(error)}"
                raise ValueError(message) from error


def _scope_of(model: keras.Model) -> Any:
    """Return the scope of the distribution strategy that a model was made in, if any."""
    strategy = getattr(model, "_distribute_strategy", None)
    return nullcontext() if strategy is None else strategy.scope()


def build_model(build: Build, seed: int) -> keras.Model:
    """Seed all global generators, then call `build`; raise TypeError if it returns no model."""
    if not callable(build) or isinstance(build, keras.Model):
        raise TypeError(
            f"build must be a function that returns a new compiled model for each seed, "
            f"got {_kind(build)}; write fit_seeds(build, …) with def build(): … return model"
        )
    _check_takes_nothing(build)
    keras.utils.set_random_seed(seed)
    with fresh_names():
        model = _built(build, seed)
    if not isinstance(model, keras.Model):
        raise TypeError(f"build() must return a compiled keras.Model, got {_kind(model)}")
    if not model.compiled:
        raise TypeError(
            f"build() must return a compiled keras.Model; {model.name} is not compiled: "
            "call model.compile(optimizer, loss) before it is returned"
        )
    return model


def _check_takes_nothing(build: Build) -> None:
    try:
        signature = inspect.signature(build)
    except (TypeError, ValueError):  # not all that can be called tells what it takes
        return
    try:
        signature.bind()
    except TypeError as error:
        raise TypeError(
            f"build is called without arguments, and this takes {signature}: {error}. The seed is "
            "set before each call, by keras.utils.set_random_seed"
        ) from None


def _built(build: Build, seed: int) -> Any:
    try:
        return build()
    except Exception as error:
        error.add_note(f"build() raised this for seed {seed}")
        raise


def get_state(model: keras.Model) -> State:
    """Return a model's variables: trainable, non-trainable, then the optimizer's."""
    return values_of(variables_of(model))


def set_state(model: keras.Model, state: State) -> None:
    """Give a model the state of another of the same build, with or without `kept_elsewhere`."""
    own = variables_of(model)
    others = kept_elsewhere(model) if len(state) > len(own) else []
    assign([*own, *others], state)


def values_of(variables: Sequence[keras.Variable]) -> State:
    """Return the values of variables, in their order."""
    return [np.asarray(v) for v in variables]


def assign(variables: Sequence[keras.Variable], state: State) -> None:
    """Give variables the values of a state of theirs."""
    for variable, value in zip(variables, state, strict=True):
        variable.assign(value)


def variables_of(model: keras.Model) -> list[keras.Variable]:
    """Return all that training changes, in the order of a state.

    Who freezes a layer changes that order: ask before a training, not after it.
    """
    own = model.trainable_variables + model.non_trainable_variables
    return [*own, *model.optimizer.variables]


def is_kerass(thing: Any, name: str) -> bool:
    """Return whether a method or property is Keras' own, no subclass's and not the instance's."""
    if name in vars(thing):
        return False
    for kind in type(thing).__mro__:
        if name in vars(kind):
            return kind.__module__.split(".")[0] in ("keras", "tensorflow", "tf_keras")
    return True


def _takes(model: keras.Model, state: State) -> bool:
    """Return whether a state has the shapes of a model's variables."""
    own = variables_of(model)
    whole = own if len(state) == len(own) else [*own, *kept_elsewhere(model)]
    return [tuple(v.shape) for v in whole] == [np.shape(a) for a in state]


def kept_elsewhere(model: keras.Model) -> list[Any]:
    """Return variables that parts keep to themselves, as a stateful layer or a schedule does."""
    known = [*variables_of(model), *model.metrics_variables]
    listed = {id(own) for v in known for own in (v, v.value)}
    losses = [loss for loss in keras.tree.flatten(model.loss) if hasattr(loss, "__dict__")]
    held = reached_from([model.optimizer, *model._flatten_layers(), *losses])
    variables = [v for _, v in held if isinstance(v, keras.Variable | tf.Variable)]
    return [v for v in variables if id(v) not in listed and _is_number(v)]


def _is_number(variable: Any) -> bool:
    return np.asarray(variable).dtype.kind in NUMBERS


def copies_weights(model: keras.Model) -> bool:
    """Return whether a model's optimizer begins with copies of weights, as schedule-free ones."""
    weights = [np.asarray(v) for v in model.trainable_variables]
    own = [np.asarray(v) for v in model.optimizer.variables]
    return any(
        v.shape == w.shape and w.any() and np.array_equal(v, w)
        for v in own
        for w in weights
        if w.ndim
    )


def one_line(error: BaseException) -> str:
    """Return an error's message on one line, without Keras' traces."""
    text = re.sub(r"\x1b\[\d*m|{{function_node \S*}} ?|\[Op:\w+\] name:.*", "", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    traces = ("Exception encountered", "Arguments received")
    messages = [line for line in lines if not line.startswith(traces)]
    nodes = [place for place, line in enumerate(messages) if line.startswith("[[{{node")]
    messages = messages[nodes[0] - 1 : nodes[0]] if nodes else messages  # behind TensorFlow's trace
    return " ".join(messages[:2])[:300] or type(error).__name__


@contextmanager
def fresh_names() -> Iterator[None]:
    """Let automatic names be those of a fresh process for a while."""
    # Keras numbers automatic names over the life of a process. Counted afresh, a metric is `auc`
    # in every seed's model, and two models of one build can be compared by their settings.
    counts = global_state.get_global_attribute(NAMES)
    global_state.set_global_attribute(NAMES, defaultdict(int))
    try:
        yield
    finally:
        global_state.set_global_attribute(NAMES, counts)


def _kind(thing: Any) -> str:
    if isinstance(thing, keras.Model):
        return f"the model {thing.name!r} itself"
    return f"{in_line(thing)} of type {type(thing).__name__}"
