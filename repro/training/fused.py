"""Train several seeds at once: weights stacked along a leading seed axis, one TensorFlow graph.

Every seed's forward pass is the model's own, mapped over the seed axis. The gradient of the summed
loss with respect to the stacked weights is each seed's own gradient, since no seed's loss depends
on another's weights, and an elementwise optimizer steps them all at once.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Arrays = list[NDArray[Any]]
Tensors = list[Any]


def _vectorize_bitcast() -> None:
    # Keras' argmax, and with it accuracy, bit-casts; tf.vectorized_map has no rule for that and
    # would loop over the seeds. It is only a matter of speed, hence the shrug if TensorFlow moves.
    try:
        from tensorflow.python.ops.parallel_for import pfor

        @pfor.RegisterPFor("Bitcast")
        def _convert(pfor_input: Any) -> Any:
            cast = tf.bitcast(pfor_input.stacked_input(0), pfor_input.get_attr("type"))
            return pfor.wrap(cast, True)
    except (ImportError, AttributeError, ValueError):  # pragma: no cover
        pass


_vectorize_bitcast()


class FusedSeeds:
    """One model per seed, trained together.

    Args:
        models: the freshly built, compiled models, one a seed, that `why_not_fused` has passed.
        x: training inputs, a tensor of shape (n, …) or a structure of them.
        y: training targets, likewise.
        batch_size: samples a step.
        validation: inputs and targets to evaluate on, or None.
        validation_batch_size: samples a step of the evaluation.
    """

    def __init__(
        self,
        models: Sequence[keras.Model],
        x: Any,
        y: Any,
        batch_size: int,
        validation: tuple[Any, Any] | None,
        validation_batch_size: int,
    ):
        self.size = len(models)
        self.model = models[0]
        self._build_metrics(x, y)
        kinds = ("trainable_variables", "non_trainable_variables")
        self._trainable, self._frozen = (
            _variables(_stacked([getattr(m, kind) for m in models]), getattr(self.model, kind))
            for kind in kinds
        )
        self._fresh_metrics = _stacked([self.model.metrics_variables] * self.size)
        self._metrics = _variables(self._fresh_metrics, self.model.metrics_variables)
        self._clip = self._take_over_optimizer()
        self._fresh_optimizer = self._optimizer_values()
        # The data are arguments, not captured: TensorFlow keeps graphs, and all they capture, long
        # after they are of use.
        self._data, self._validation = (x, y), validation
        n = _length(x)
        self._train = tf.function(
            lambda order, data: self._epoch(
                n, batch_size, _gathered(data, order), self._train_step
            ),
            autograph=False,
        ).get_concrete_function(tf.TensorSpec((self.size, n), tf.int32), _specs(self._data))
        self._test = validation and tf.function(
            lambda data: self._epoch(
                _length(data), validation_batch_size, _sliced(data), self._test_step
            ),
            autograph=False,
        ).get_concrete_function(_specs(validation))

    def load(self, models: Sequence[keras.Model]) -> None:
        """Start again from other seeds' models (as many as before)."""
        values = _stacked([m.trainable_variables + m.non_trainable_variables for m in models])
        fresh = [*values, *self._fresh_optimizer]
        variables = [*self._trainable, *self._frozen, *self.model.optimizer.variables]
        for variable, value in zip(variables, fresh, strict=True):
            variable.assign(value)

    def train(self, order: NDArray[np.integer]) -> dict[str, NDArray[Any]]:
        """Train one epoch; `order` of shape (seeds, n) holds each seed's sample order.

        Returns:
            Each metric's name and its values, shape (seeds,).
        """
        return _numpy(self._train(tf.constant(order, tf.int32), self._data))

    def test(self) -> dict[str, NDArray[Any]]:
        """Evaluate on the validation data; returns as `train` does."""
        return _numpy(self._test(self._validation))  # type: ignore[misc]  # asked for with validation data only

    def state(self) -> list[Arrays]:
        """Return each seed's variables: trainable, non-trainable, then the optimizer's."""
        stacked = [np.asarray(v) for v in (*self._trainable, *self._frozen)]
        optimizer = self._optimizer_values()
        # the optimizer's scalars (iterations, learning rate) are shared, all else has a seed axis
        return [
            [v[i] for v in stacked] + [v[i] if v.ndim else v for v in optimizer]
            for i in range(self.size)
        ]

    def _build_metrics(self, x: Any, y: Any) -> None:
        # Keras makes metric variables when it first sees a prediction.
        x, y = keras.tree.map_structure(lambda a: a[:1], (x, y))
        y_pred = self.model(x, training=False)
        self.model.compute_loss(x=x, y=y, y_pred=y_pred, training=False)
        self.model.compute_metrics(x, y, y_pred)
        self.model.reset_metrics()

    def _take_over_optimizer(self) -> Callable[[Tensors], Tensors]:
        # Its own clipping would take norms over all seeds: clip here, seed by seed, instead.
        optimizer = self.model.optimizer
        clip = _clipper(optimizer.clipnorm, optimizer.global_clipnorm)
        optimizer.clipnorm = optimizer.global_clipnorm = None
        optimizer.build(self._trainable)
        return clip

    def _optimizer_values(self) -> Arrays:
        return [np.asarray(v) for v in self.model.optimizer.variables]

    def _epoch(
        self, n: int, batch_size: int, take: Callable[[Any, int], Any], step: Callable[[Any], None]
    ) -> dict[str, tf.Tensor]:
        for stacked, fresh in zip(self._metrics, self._fresh_metrics, strict=True):
            stacked.assign(fresh)
        full, rest = divmod(n, batch_size)

        def body(i: tf.Tensor) -> list[tf.Tensor]:
            step(take(i * batch_size, batch_size))
            return [i + 1]

        tf.while_loop(lambda i: i < full, body, [tf.constant(0)], parallel_iterations=1)
        if rest:
            step(take(full * batch_size, rest))
        return self._results()

    def _train_step(self, batch: tuple[Any, Any]) -> None:
        weights = _read(self._trainable)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss, state = tf.vectorized_map(
                lambda of_seed: self._forward(*of_seed, training=True),  # type: ignore[misc]
                (weights, _read(self._frozen), _read(self._metrics), batch),
                warn=False,  # of operations, such as random numbers, that loop over the seeds
            )
        gradients = [
            tf.convert_to_tensor(g)  # a regularizer's comes as slices
            for g in tape.gradient(loss, weights, unconnected_gradients="zero")
        ]
        self.model.optimizer.apply(self._clip(gradients), self._trainable)
        self._assign(state)

    def _test_step(self, batch: tuple[Any, Any]) -> None:
        _, state = tf.vectorized_map(
            lambda of_seed: self._forward(*of_seed, batch, training=False),  # type: ignore
            (_read(self._trainable), _read(self._frozen), _read(self._metrics)),
            warn=False,
        )
        self._assign(state)

    def _forward(
        self, weights: Tensors, frozen: Tensors, metrics: Tensors, batch: Any, training: bool
    ) -> tuple[tf.Tensor, tuple[Tensors, Tensors]]:
        """One seed's loss on its batch, its new non-trainable state and metric state."""
        x, y = batch
        with self._scope(weights, frozen, metrics) as scope:
            y_pred = self.model(x, training=training)
            loss = self.model.compute_loss(x=x, y=y, y_pred=y_pred, training=training)
            # the first metric is Keras' own mean of the loss over samples
            self.model.metrics[0].update_state(loss, sample_weight=_length(x))
            self.model.compute_metrics(x, y, y_pred)
        return loss, (
            _current(scope, self.model.non_trainable_variables, frozen),
            _current(scope, self.model.metrics_variables, metrics),
        )

    def _results(self) -> dict[str, tf.Tensor]:
        def of_seed(metrics: Tensors) -> dict[str, tf.Tensor]:
            with self._scope([], [], metrics):
                return self.model.get_metrics_result()

        return tf.vectorized_map(of_seed, _read(self._metrics), warn=False)

    def _scope(self, *values: Tensors) -> keras.StatelessScope:
        model = self.model
        kinds = (model.trainable_variables, model.non_trainable_variables, model.metrics_variables)
        pairs = [zip(kind, new, strict=False) for kind, new in zip(kinds, values, strict=True)]
        return keras.StatelessScope(state_mapping=list(chain(*pairs)), collect_losses=True)

    def _assign(self, state: tuple[Tensors, Tensors]) -> None:
        for variables, values in zip((self._frozen, self._metrics), state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)


def _stacked(models: Sequence[Sequence[keras.Variable]]) -> Arrays:
    return [np.stack([np.asarray(v) for v in seeds]) for seeds in zip(*models, strict=True)]


def _variables(values: Arrays, like: Sequence[keras.Variable]) -> list[keras.Variable]:
    # dtype is given since Keras would make floats of integers (a seed generator's state)
    return [
        keras.Variable(value, trainable=v.trainable, dtype=v.dtype, name=v.name)
        for value, v in zip(values, like, strict=True)
    ]


def _read(variables: Sequence[keras.Variable]) -> Tensors:
    return [tf.convert_to_tensor(v.value) for v in variables]


def _current(scope: keras.StatelessScope, variables: Sequence[Any], values: Tensors) -> Tensors:
    updated = map(scope.get_current_value, variables)
    return [old if new is None else new for old, new in zip(values, updated, strict=True)]


def _specs(data: Any) -> Any:
    return keras.tree.map_structure(tf.TensorSpec.from_tensor, data)


def _length(x: Any) -> int:
    return keras.tree.flatten(x)[0].shape[0]


def _gathered(data: Any, order: tf.Tensor) -> Callable[[Any, int], Any]:
    def take(start: Any, size: int) -> Any:
        # a slice of static size: with a dynamic one the batch has no static shape
        indices = tf.slice(order, [0, start], [order.shape[0], size])
        return keras.tree.map_structure(lambda a: tf.gather(a, indices), data)

    return take


def _sliced(data: Any) -> Callable[[Any, int], Any]:
    def take(start: Any, size: int) -> Any:
        def part(a: tf.Tensor) -> tf.Tensor:
            return tf.slice(a, [start] + [0] * (a.ndim - 1), [size, *a.shape[1:]])

        return keras.tree.map_structure(part, data)

    return take


def _clipper(clipnorm: float | None, global_clipnorm: float | None) -> Callable[[Tensors], Tensors]:
    def norm(g: tf.Tensor) -> tf.Tensor:
        return tf.norm(tf.reshape(g, [g.shape[0], -1]), axis=1)

    def scale(g: tf.Tensor, norm: tf.Tensor, limit: float) -> tf.Tensor:
        factor = limit / tf.maximum(norm, limit)
        return g * tf.reshape(factor, [-1] + [1] * (g.ndim - 1))

    def clip(gradients: Tensors) -> Tensors:
        if clipnorm is not None:
            return [scale(g, norm(g), clipnorm) for g in gradients]
        if global_clipnorm is not None:
            total = tf.norm(tf.stack([norm(g) for g in gradients]), axis=0)
            return [scale(g, total, global_clipnorm) for g in gradients]
        return gradients

    return clip


def _numpy(results: dict[str, tf.Tensor]) -> dict[str, NDArray[Any]]:
    return {name: np.asarray(value) for name, value in results.items()}
