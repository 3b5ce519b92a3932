"""One seed's step as a function of its state: what `keras.Model.fit` does, with nothing assigned.

A step reads no variable's own value and changes none. It is given the values of all of them, for
one seed, and returns the new ones; so that it can be mapped over seeds.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import tensorflow as tf
from keras.src import ops
from keras.src.backend.tensorflow.optimizer import TFOptimizer
from keras.src.optimizers.base_optimizer import BaseOptimizer

from repro.training.feeding.structures import Triple
from repro.training.own_gradients import closed_over

Tensors = list[Any]


class SeedStep:
    """The steps of a model whose variables have other values.

    Args:
        model: compiled, with all its variables.

    Attributes:
        variables: the model's, then its optimizer's, then its metrics'; values are in this order.
        is_plain: whether each weight has a dense gradient, and is not assigned before the update.
        kept: names of variables of which an earlier value is used after they are assigned.
        hidden: names of weights that a function uses which takes gradients itself.
    """

    def __init__(self, model: keras.Model):
        self.model = model
        self.trainable = list(model.trainable_variables)
        self.state = self.trainable + list(model.non_trainable_variables)
        self.variables = [*self.state, *model.optimizer.variables, *model.metrics_variables]
        self.is_plain = False  # known once `train` has been traced
        self.kept: set[str] = set()
        self.hidden: set[str] = set()
        self._optimizer = _assigning_nothing(model.optimizer)

    def train(self, values: Tensors, batch: Triple) -> Tensors:
        """Return all variables' values after one training step.

        Args:
            values: of all variables.
            batch: x, y and sample_weight.
        """
        _, y, sample_weight = batch
        with self._scope(self.variables, values) as scope:
            with tf.GradientTape() as tape:
                scope.watch(tape, self.trainable)
                y_pred, loss = self._forward(batch, training=True)
                scaled = self._optimizer.scale_loss(loss)
            if self.trainable:
                gradients = scope.gradients(scaled, self.trainable)
                self.is_plain = (
                    scope.each_is_read_once
                    and not scope.hidden
                    and not any(isinstance(g, tf.IndexedSlices) for g in gradients)
                )
                with scope.conditions(self.variables):
                    self._optimizer.apply(gradients, self.trainable)
            self._update_metrics(y, y_pred, sample_weight)
            return scope.current(self.variables)

    def forward(self, values: Tensors, batch: Triple) -> tuple[Any, Tensors]:
        """Return the loss of a training step, and all variables' values before the update.

        Its gradient may be taken outside, over all seeds at once: but only where `is_plain`.
        """
        _, y, sample_weight = batch
        with self._scope(self.variables, values) as scope:
            y_pred, loss = self._forward(batch, training=True)
            scaled = self._optimizer.scale_loss(loss)
            self._update_metrics(y, y_pred, sample_weight)
            return scaled, scope.current(self.variables)

    def gradients(self, values: Tensors, batch: Triple) -> Tensors:
        """Return the gradients of a training step's loss, 0 where there is none."""
        with self._scope(self.variables, values) as scope:
            with tf.GradientTape() as tape:
                scope.watch(tape, self.trainable)
                _, loss = self._forward(batch, training=True)
            gradients = scope.gradients(loss, self.trainable)
        pairs = zip(gradients, self.trainable, strict=True)
        return [tf.zeros(v.shape) if g is None else tf.convert_to_tensor(g) for g, v in pairs]

    def update(self, values: Tensors, gradients: Tensors) -> Tensors:
        """Return all variables' values after the optimizer has applied the gradients."""
        with self._scope(self.variables, values) as scope:
            with scope.conditions(self.variables):
                self._optimizer.apply(gradients, self.trainable)
            return scope.current(self.variables)

    def test(self, values: Tensors, batch: Triple) -> Tensors:
        """Return all variables' values after one step of evaluation."""
        _, y, sample_weight = batch
        with self._scope(self.variables, values) as scope:
            y_pred, _ = self._forward(batch, training=False)
            self._update_metrics(y, y_pred, sample_weight)
            return scope.current(self.variables)

    def predict(self, values: Tensors, x: Any) -> tuple[Any, Tensors]:
        """Return the model's outputs for inputs x, and all variables' values after it."""
        with self._scope(self.variables, values) as scope:
            return self._call(x, training=False), scope.current(self.variables)

    def call(self, function: Any, x: Any, state: Tensors) -> Any:
        """Return what a model that has the same layers gives for x in training.

        Args:
            function: that model.
            x: inputs.
            state: values of the variables but for the metrics'.
        """
        variables = self.variables[: len(state)]
        with self._scope(variables, state):
            return function(x, training=True)

    def results(self, values: Tensors) -> dict[str, Any]:
        """Return each metric's result by name."""
        with self._scope(self.variables, values):
            return results_of(self.model)

    def reset(self, values: Tensors) -> Tensors:
        """Return the metrics' values before an epoch."""
        with self._scope(self.variables, values) as scope:
            self.model.reset_metrics()
            return scope.current(self.model.metrics_variables)

    def finalize(self, values: Tensors) -> Tensors:
        """Return all variables' values at the end of training, where weights may be averages."""
        with self._scope(self.variables, values) as scope:
            self._optimizer.finalize_variable_values(self.trainable)
            return scope.current(self.variables)

    @contextmanager
    def _scope(self, variables: Sequence[keras.Variable], values: Tensors) -> Iterator["_Values"]:
        with _Values(variables, values) as scope:
            yield scope
        self.kept |= scope.kept()
        self.hidden |= scope.hidden

    def _call(self, x: Any, training: bool) -> Any:
        model = self.model
        return model(x, training=training) if model._call_has_training_arg else model(x)

    def _update_metrics(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        # compute_metrics without the results, which nobody asks for within an epoch
        if self.model._compile_metrics is not None:
            self.model._compile_metrics.update_state(y, y_pred, sample_weight)

    def _forward(self, batch: Triple, training: bool) -> tuple[Any, Any]:
        x, y, sample_weight = batch
        y_pred = self._call(x, training)
        loss = self.model._compute_loss(
            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training
        )
        # Keras' own mean of the loss over samples
        first = next(a for a in keras.tree.flatten(x) if a is not None)
        self.model._loss_tracker.update_state(loss, sample_weight=tf.shape(first)[0])
        return y_pred, loss


@dataclass
class _Old:
    """A value that a variable had before it was assigned, and how often it had been used then."""

    name: str
    tensor: Any
    uses: int


class _Values(keras.StatelessScope):
    """Give variables the values of one seed, and gradients what TensorFlow's variables would.

    A variable that is assigned within a step is a new tensor from then on; no gradient flows back
    through the assignment, and the variable's gradient is that of all its readings.

    TensorFlow's `variable.value` is no number: what is kept of it and used after an assignment is
    the new value. Here it is the old one; so whoever does that is told by `kept`.
    """

    def __init__(self, variables: Sequence[keras.Variable], values: Tensors):
        super().__init__(zip(variables, values, strict=True), collect_losses=True)
        self._tape: tf.GradientTape | None = None
        self._readings: dict[int, Tensors] = {}
        self._tensors: dict[int, Tensors] = defaultdict(list)  # of the value that a variable has
        self._old: list[_Old] = []  # and of earlier ones
        self.hidden: set[str] = set()

    def get_current_value(self, variable: keras.Variable) -> Any:
        """Return the variable's value, in a tensor of its own that tells who uses it."""
        value = super().get_current_value(variable)
        if not tf.is_symbolic_tensor(value):
            return value
        self._tensors[id(variable)].append(tf.identity(value))
        return self._tensors[id(variable)][-1]

    def kept(self) -> set[str]:
        """Return the names of variables of which an old value has been used after its time."""
        return {old.name for old in self._old if len(old.tensor.consumers()) > old.uses}

    def watch(self, tape: tf.GradientTape, variables: Iterable[keras.Variable]) -> None:
        self._tape = tape
        for variable in variables:
            self._read_anew(variable, tf.identity(self.state_mapping[id(variable)]))

    def add_update(self, update: tuple[keras.Variable, Any]) -> None:
        variable, value = update[0], tf.convert_to_tensor(update[1])  # of a variable, its value
        for tensor in self._tensors.pop(id(variable), ()):
            self._old.append(_Old(variable.path, tensor, len(tensor.consumers())))
        if self._tape is None:
            super().add_update((variable, value))
        elif id(variable) in self._readings:
            self._read_anew(variable, tf.stop_gradient(value))
        else:
            super().add_update((variable, tf.stop_gradient(value)))

    @property
    def each_is_read_once(self) -> bool:
        """Return whether no variable that is watched has been assigned."""
        return all(len(readings) == 1 for readings in self._readings.values())

    def gradients(self, loss: Any, variables: Sequence[keras.Variable]) -> Tensors:
        """Return each variable's gradient, None where there is none; then stop watching."""
        readings = [self._readings[id(variable)] for variable in variables]
        named = {t.ref(): v.path for v in variables for t in self._readings[id(v)]}
        self.hidden = {named[tensor] for tensor in closed_over(named)}
        with self._uses_of_old_values():
            gradients = self._tape.gradient(loss, readings)  # type: ignore[union-attr]
        self._tape = None
        return [_summed(readings) for readings in gradients]

    @contextmanager
    def _uses_of_old_values(self) -> Iterator[None]:
        # Gradients use what the tape has recorded, as those of TensorFlow's variables do.
        counts = [len(old.tensor.consumers()) for old in self._old]
        yield
        for old, count in zip(self._old, counts, strict=True):
            old.uses += len(old.tensor.consumers()) - count

    @contextmanager
    def conditions(self, variables: Sequence[keras.Variable]) -> Iterator[None]:
        """Let the branches of `ops.cond` assign variables: their values are what it returns."""

        def follow(branch: Callable[[], Any], start: dict[int, Any]) -> tuple[Any, Tensors]:
            self.state_mapping = dict(start)
            result = branch()
            return () if result is None else result, self.current(variables)

        def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
            if threading.get_ident() != thread:  # of somebody who trains another model meanwhile
                return keras_cond(pred, true_fn, false_fn)
            start = self.state_mapping
            branches = [partial(follow, branch, start) for branch in (true_fn, false_fn)]
            result, values = tf.cond(tf.convert_to_tensor(pred), *branches)
            self.state_mapping = start
            for variable, value in zip(variables, values, strict=True):
                start[id(variable)] = value
            return result

        thread, keras_cond = threading.get_ident(), ops.cond
        ops.cond = cond
        try:
            yield
        finally:
            ops.cond = keras_cond

    def current(self, variables: Sequence[keras.Variable]) -> Tensors:
        return [super(_Values, self).get_current_value(variable) for variable in variables]

    def _read_anew(self, variable: keras.Variable, tensor: Any) -> None:
        self._tape.watch(tensor)  # type: ignore[union-attr]
        self._readings.setdefault(id(variable), []).append(tensor)
        self.state_mapping[id(variable)] = tensor


def results_of(model: keras.Model) -> dict[str, Any]:
    """Return each metric's result by the name that `fit` logs it by."""
    return dict(_flat(model.get_metrics_result()))


def _flat(results: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, result in results.items():
        if isinstance(result, dict):  # of a metric that returns several
            yield from _flat(result)
        else:
            yield name, result


def _summed(gradients: Tensors) -> Any:
    parts = [g for g in gradients if g is not None]
    if len(parts) < 2:
        return parts[0] if parts else None
    return tf.add_n([tf.convert_to_tensor(g) for g in parts])


class _AssignsNothing(TFOptimizer):
    """Keras' assignments to TensorFlow's variables, done to the values in scope.

    It comes after an optimizer's own class, and what that overrides, and before TensorFlow's.
    """

    def assign(self, variable: keras.Variable, value: Any) -> None:
        if isinstance(value, tf.IndexedSlices):
            rows = tf.cast(value.indices, tf.int64)[:, tf.newaxis]
            value = tf.tensor_scatter_nd_update(variable.value, rows, value.values)
        variable.assign(tf.cast(value, variable.dtype))

    def assign_add(self, variable: keras.Variable, value: Any) -> None:
        variable.assign(variable + tf.cast(tf.convert_to_tensor(value), variable.dtype))

    def assign_sub(self, variable: keras.Variable, value: Any) -> None:
        variable.assign(variable - tf.cast(tf.convert_to_tensor(value), variable.dtype))

    def _var_key(self, variable: Any) -> Any:  # as when the optimizer was built
        return getattr(variable, "_value", variable)._unique_id

    _apply_weight_decay = BaseOptimizer._apply_weight_decay
    _backend_update_step = BaseOptimizer._backend_update_step
    _backend_increment_gradient_accumulators = (
        BaseOptimizer._backend_increment_gradient_accumulators
    )
    _overwrite_model_variables_with_average_value = (
        BaseOptimizer._overwrite_model_variables_with_average_value
    )


def parts_of(optimizer: Any) -> Iterator[Any]:
    """Yield an optimizer, and those that it hands its work to."""
    yield optimizer
    inner = getattr(optimizer, "inner_optimizer", None)
    for part in [inner] if inner is not None else getattr(optimizer, "_inner_optimizers", ()):
        yield from parts_of(part)


def averages(optimizer: Any) -> bool:
    """Return whether weights become averages when training ends."""
    return any(getattr(part, "use_ema", False) for part in parts_of(optimizer))


def _assigning_nothing(optimizer: Any) -> Any:
    kind = type(optimizer)
    twin: Any = object.__new__(type(kind.__name__, (kind, _AssignsNothing), {}))
    own = optimizer.__dict__  # the same variables and settings
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        own = own | {"inner_optimizer": _assigning_nothing(optimizer.inner_optimizer)}
    elif isinstance(optimizer, keras.optimizers.MultiOptimizer):
        inner = [_assigning_nothing(part) for part in optimizer._inner_optimizers]
        own = own | {"_inner_optimizers": inner}
    object.__setattr__(twin, "__dict__", own)
    return twin
