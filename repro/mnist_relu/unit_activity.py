"""A Keras layer that watches what a hidden layer's units do over a whole data set."""

from typing import Any

import keras
from keras import ops


class _UnitShare(keras.metrics.Metric):
    """Share of units for which an extreme over all samples meets a condition."""

    def __init__(self, units: int, name: str, extreme: Any, start: float, condition: Any):
        super().__init__(name=name)
        self._extreme, self._start, self._condition = extreme, start, condition
        self._reached = self.add_variable((units,), initializer=self._fill, name="reached")

    def _fill(self, shape: Any, dtype: Any = None) -> Any:
        return ops.full(shape, self._start, dtype=dtype)

    def update_state(self, activations: Any, sample_weight: Any = None) -> None:
        pair = ops.stack([self._reached.value, self._extreme(activations, axis=0)])
        self._reached.assign(self._extreme(pair, axis=0))

    def result(self) -> Any:
        return ops.mean(ops.cast(self._condition(self._reached.value), self.dtype))

    def reset_state(self) -> None:
        self._reached.assign(ops.full_like(self._reached, self._start))


class UnitActivity(keras.layers.Layer):
    """Pass activations on unchanged and report, when evaluating, what the units did.

    Put it behind a hidden layer's activation; inputs have shape (batch, units). Over an evaluation
    (`evaluate`, or `fit`'s validation) the model then also reports

    - `dead_fraction`: share of units that were zero or below for every sample: through a ReLU such
      a unit neither passes a signal nor gets a gradient;
    - `always_on_fraction`: share of units above zero for every sample: there a ReLU is linear.

    While training it does nothing, so training costs nothing and both names read 0 and 0 in the
    training columns of Keras' history.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the metrics' variables, one number a unit."""
        units, far = input_shape[-1], 3e38  # nearly the largest float32
        self.dead = _UnitShare(
            units,  # type: ignore[arg-type]  # only the batch's size may be unknown
            "dead_fraction",
            extreme=ops.max,
            start=-far,
            condition=lambda top: top <= 0,
        )
        self.always_on = _UnitShare(
            units,  # type: ignore[arg-type]
            "always_on_fraction",
            extreme=ops.min,
            start=far,
            condition=lambda low: low > 0,
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the inputs' shape, which Keras would trace a call for."""
        return input_shape

    def call(self, activations: Any, training: bool | None = None) -> Any:
        """Return the activations unchanged."""
        if not training:
            self.dead.update_state(activations)
            self.always_on.update_state(activations)
        return activations
