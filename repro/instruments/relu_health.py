"""A Keras callback that watches units die and weights move while the user's own model trains."""

import functools
import warnings
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from repro.instruments.diagnose.setup.anatomy import CLIPPED, Site, sites, trace
from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS
from repro.instruments.diagnose.symptoms.symptom import percent

DEAD, LARGE_STEP = DEFINITIONS["born_dead"], DEFINITIONS["large_steps"]
LOWEST = np.float32(-3e38)  # stands for the largest output of a unit that had none yet


class ReluHealth(keras.callbacks.Callback):
    """Log each layer's dead units and update-to-weight ratio, epoch by epoch, and warn once.

    `model.fit(..., callbacks=[ReluHealth()]).history` then also has, for layers with weights,

    - `dead_units/LAYER`: share of the layer's units that were 0 for every sample of the epoch, as
      they were trained on: all data, not a batch (layers with ReLU alone);
    - `update_ratio/LAYER`: length of the epoch's last update of the kernel over the kernel's own.

    It warns the first time that more than half of a layer's units are dead, or that an update is
    longer than 0.3 of the weights or not finite; not again in that run.

    Each unit's largest value is kept inside the training step, so that nothing is computed twice.
    Functional models and Sequential ones that begin with a `keras.Input` are watched; of others the
    callback says that it can't.

    Examples:
        >>> import keras, numpy as np
        >>> from repro.callbacks import ReluHealth
        >>> hidden = keras.layers.Dense(8, "relu", name="hidden")
        >>> model = keras.Sequential([keras.Input((2,)), hidden, keras.layers.Dense(1, name="out")])
        >>> model.compile("sgd", "mse")
        >>> x = np.random.default_rng(0).normal(size=(100, 2))
        >>> fit = model.fit(x, x[:, 0], epochs=2, verbose=0, callbacks=[ReluHealth()])
        >>> sorted(fit.history)
        ['dead_units/hidden', 'loss', 'update_ratio/hidden', 'update_ratio/out']
    """

    def __init__(self) -> None:
        super().__init__()
        self._warned = False
        self._largest: dict[str, tf.Variable] = {}
        self._kernels: dict[str, Any] = {}
        self._patched: list[Any] = []
        self._old: dict[str, Any] = {}
        self._ratios: dict[str, float] = {}

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Find the layers; put the bookkeeping into the training step."""
        self._restore()  # a training that was broken off may have left it in
        self._warned, self._ratios = False, {}
        layers = sites(self.model)
        if not layers:
            needs = "it needs a functional model, or a Sequential that begins with keras.Input"
            self._warn(f"ReluHealth finds no layers: {needs}")
            return
        operations = trace(self.model).operations
        for site in layers:
            layer = operations[site.position]
            kernel = [v for v in layer.trainable_variables if "kernel" in v.name]
            if kernel:
                self._kernels[layer.name] = kernel[0]
            activation = operations[site.activated_at]
            if site.activation in CLIPPED and activation not in self._patched:
                self._watch(layer.name, activation, site)
        self.model.make_train_function(force=True)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Take the bookkeeping out again."""
        self._restore()
        self.model.make_train_function(force=True)

    def _restore(self) -> None:
        for operation in self._patched:
            object.__delattr__(operation, "call")
        self._patched, self._largest, self._kernels = [], {}, {}

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Forget the epoch before."""
        for largest in self._largest.values():
            largest.assign(tf.fill(largest.shape, LOWEST))

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep the kernels as they are before the epoch's last update."""
        if self._is_last(batch):
            self._old = {name: np.asarray(kernel) for name, kernel in self._kernels.items()}

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Measure the last update."""
        if not self._old:
            return
        for name, old in self._old.items():
            with np.errstate(all="ignore"):
                length = np.linalg.norm(np.asarray(self._kernels[name]) - old)
                self._ratios[name] = float(length / np.linalg.norm(old))
        self._old = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the measures into the logs, and warn of the first that is bad."""
        dead = {name: float(np.mean(np.asarray(top) <= 0)) for name, top in self._largest.items()}
        if logs is not None:
            logs |= {f"dead_units/{name}": share for name, share in dead.items()}
            logs |= {f"update_ratio/{name}": ratio for name, ratio in self._ratios.items()}
        for name, share in dead.items():
            if DEAD.is_met(share):
                text = f"{name}: {percent(share)} of the units were 0 for every sample of epoch"
                self._warn(f"{text} {epoch + 1}; see repro.diagnose for the cause")
        for name, ratio in self._ratios.items():
            if LARGE_STEP.is_met(ratio) or np.isnan(ratio):
                text = f"{name}: an update in epoch {epoch + 1} is {ratio:.2g} of the weights'"
                self._warn(f"{text} length; see repro.diagnose for the cause")

    def _is_last(self, batch: int) -> bool:
        steps = self.params.get("steps")
        return batch == 0 if steps is None else batch + self.model.steps_per_execution >= steps

    def _warn(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(text, stacklevel=3)

    def _watch(self, name: str, operation: Any, site: Site) -> None:
        """Let an operation's call keep each unit's largest output."""
        call = operation.call
        largest = tf.Variable(tf.fill((site.units,), LOWEST), trainable=False)

        @functools.wraps(call)
        def watched(*args: Any, **kwargs: Any) -> Any:
            outputs = call(*args, **kwargs)
            if not isinstance(outputs, keras.KerasTensor):
                top = tf.reduce_max(tf.reshape(outputs, (-1, site.units)), axis=0)
                largest.assign(tf.maximum(largest, tf.cast(top, tf.float32)))
            return outputs

        object.__setattr__(operation, "call", watched)
        self._largest[name] = largest
        self._patched.append(operation)
