"""Train several seeds at once: weights stacked along a leading seed axis, one TensorFlow graph.

Every seed's step is the model's own, mapped over the seed axis.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from repro.training.building import State, get_state
from repro.training.feeding.structures import Triple, map_tensors, tensors_in
from repro.training.step import SeedStep, Tensors
from repro.training.vectorize import over_seeds

Logs = dict[str, NDArray[Any]]


class FusedSeeds:
    """One model per seed, trained together.

    Args:
        models: one a seed, with all their variables.
        gradients_at_once: take the gradients of all seeds outside of the map, since TensorFlow can
            not map those of some loops. Exact only where `SeedStep.is_plain`.
    """

    def __init__(self, models: Sequence[keras.Model], *, gradients_at_once: bool = False):
        self.size, self._at_once = len(models), gradients_at_once
        self.step = SeedStep(models[0])
        self._is_shared = self._shared_by([model.optimizer for model in models])
        states = [get_state(model) for model in models]
        self._first_metrics = [np.asarray(v) for v in models[0].metrics_variables]
        self._stacked = [
            tf.Variable(value, dtype=v.dtype, trainable=False)
            for value, v in zip(self._values(models, states), self.step.variables, strict=True)
        ]
        self._count = len(self._stacked) - len(models[0].metrics_variables)  # all but metrics

    def load(self, models: Sequence[keras.Model], states: Sequence[State] | None = None) -> None:
        """Go on from the state of other models, as many as before.

        Args:
            models: one a seed.
            states: theirs, where a callback may have frozen a layer, which changes their order.
        """
        values = self._values(models, states or [get_state(model) for model in models])
        for stacked, value in zip(self._stacked, values, strict=False):
            stacked.assign(value)

    def fits(self, optimizers: Sequence[Any]) -> bool:
        """Return whether what this takes for shared, such as the rate, is so by these optimizers.

        What is not, may be equal for a while.
        """
        shared = self._shared_by(optimizers)
        return all(equal or not own for equal, own in zip(shared, self._is_shared, strict=True))

    def metrics(self) -> list[State]:
        """Return each seed's variables of the metrics."""
        stacked = [np.asarray(v) for v in self._stacked[self._count :]]
        return [[v[i] for v in stacked] for i in range(self.size)]

    def state(self) -> list[State]:
        """Return each seed's variables: the model's, then its optimizer's."""
        stacked = [np.asarray(v) for v in self._stacked[: self._count]]
        return [
            [v if shared else v[i] for v, shared in zip(stacked, self._is_shared, strict=False)]
            for i in range(self.size)
        ]

    def train_step(self, batch: Triple, *, batch_is_shared: bool) -> None:
        """Add one training step to the graph that is being built."""
        if self._at_once:
            self._train_at_once(batch, batch_is_shared)
        else:
            self._map(self.step.train, batch, batch_is_shared)

    def test_step(self, batch: Triple) -> None:
        """Add one step of evaluation to the graph that is being built."""
        self._map(self.step.test, batch, batch_is_shared=True)

    def predict(self, x: Any) -> Any:
        """Return the outputs for inputs that all seeds share, stacked."""
        outputs, values = over_seeds(
            lambda own: self.step.predict(self._of_seed(own), x), self._own()
        )
        self._assign(values)
        return outputs

    def call(self, function: Any, x: Any) -> Any:
        """Return what a model of the same layers gives for x in training, stacked."""
        return over_seeds(lambda own: self.step.call(function, x, self._of_seed(own)), self._own())

    def gradients(self, batch: Triple) -> Tensors:
        """Return the loss's gradients, of a batch that all seeds share, stacked."""
        return over_seeds(lambda own: self.step.gradients(self._of_seed(own), batch), self._own())

    def values_of(self, place: int) -> Tensors:
        """Return the values of all variables of one seed."""
        return self._of_seed([value[place] for value in self._own()])

    def results(self) -> dict[str, Any]:
        """Return each metric's results, stacked."""
        return over_seeds(lambda own: self.step.results(self._of_seed(own)), self._own())

    def finalize(self) -> None:
        """Let weights be averages, of which the optimizer keeps some."""
        self._assign(over_seeds(lambda own: self.step.finalize(self._of_seed(own)), self._own()))

    def reset_metrics(self) -> None:
        """Start the metrics again."""
        fresh = over_seeds(lambda own: self.step.reset(self._of_seed(own)), self._own())
        for stacked, value in zip(self._stacked[self._count :], fresh, strict=True):
            stacked.assign(value)

    @property
    def handles(self) -> set[int]:
        """The resources that belong to the seeds."""
        return {id(v.handle) for v in self._stacked}

    def _map(self, step: Callable[..., Tensors], batch: Triple, batch_is_shared: bool) -> None:
        self._assign(self._over_batches(step, self._own(), batch, batch_is_shared))

    def _train_at_once(self, batch: Triple, batch_is_shared: bool) -> None:
        own, count = self._own(), len(self.step.trainable)
        with tf.GradientTape() as tape:
            tape.watch(own[:count])
            loss, values = self._over_batches(self.step.forward, own, batch, batch_is_shared)
        # no seed's loss depends on another's weights: of the sum, each gets its own gradient
        gradients = tape.gradient(loss, own[:count])
        none = [g is None for g in gradients]
        dense = [tf.convert_to_tensor(g) for g in gradients if g is not None]

        def update(one_seed: tuple[Tensors, Tensors]) -> Tensors:
            mine = iter(one_seed[1])
            return self.step.update(one_seed[0], [None if n else next(mine) for n in none])

        self._assign(over_seeds(update, (values, dense)))

    def _over_batches(
        self, step: Callable[..., Any], own: Tensors, batch: Triple, batch_is_shared: bool
    ) -> Any:
        def packed(tensors: Tensors) -> Triple:
            remaining = iter(tensors)
            return map_tensors(lambda _: next(remaining), batch)

        if batch_is_shared:
            return over_seeds(lambda mine: step(self._of_seed(mine), batch), own)
        return over_seeds(
            lambda mine: step(self._of_seed(mine[0]), packed(mine[1])), (own, tensors_in(batch))
        )

    def _own(self) -> Tensors:
        """The values that each seed has for itself, stacked."""
        pairs = zip(self._stacked, self._is_shared, strict=True)
        return [tf.convert_to_tensor(v) for v, shared in pairs if not shared]

    def _of_seed(self, own: Tensors) -> Tensors:
        """All variables' values, from what a seed has for itself and what is shared."""
        mine = iter(own)
        pairs = zip(self._stacked, self._is_shared, strict=True)
        return [tf.convert_to_tensor(v) if shared else next(mine) for v, shared in pairs]

    def _assign(self, new: Tensors) -> None:
        for variable, value, shared in zip(self._stacked, new, self._is_shared, strict=True):
            variable.assign(value[0] if shared else value)

    def _values(self, models: Sequence[keras.Model], states: Sequence[State]) -> list[NDArray[Any]]:
        own = [
            values[0] if shared else np.stack(values)
            for values, shared in zip(zip(*states, strict=True), self._is_shared, strict=False)
        ]
        return own + [np.stack(v) for v in zip(*map(self._metrics_of, models), strict=True)]

    def _metrics_of(self, model: keras.Model) -> list[NDArray[Any]]:
        """A model's metrics: as they are if it has been trained, else as they begin."""
        values = [np.asarray(v) for v in model.metrics_variables]
        return values if len(values) == len(self._first_metrics) else self._first_metrics

    def _shared_by(self, optimizers: Sequence[Any]) -> list[bool]:
        # Numbers that are the same for all seeds: one number times stacked weights is a faster
        # product than one number a seed. An optimizer that is not Keras' own may set them itself.
        optimizer = optimizers[0]
        kerass = type(optimizer).__module__.startswith("keras.")
        may_be = {id(optimizer._iterations), id(optimizer._learning_rate)} if kerass else set()
        first = len(self.step.state)
        shared = [False] * len(self.step.variables)
        for place, variables in enumerate(zip(*(own.variables for own in optimizers), strict=True)):
            if id(variables[0]) in may_be:
                shared[first + place] = len({float(v) for v in variables}) == 1
        return shared
