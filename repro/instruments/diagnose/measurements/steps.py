"""Measure a network's layers in its first steps of training, and at the end of it, for every seed.

One model instance trains all seeds, one after the other, its variables set anew for each: Keras
then traces its training step once. Steps are those of the user: the model's own `train_on_batch`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from repro.instruments.diagnose.measurements.probe import Probe
from repro.instruments.diagnose.setup.anatomy import Site, has_own_steps, trace
from repro.instruments.diagnose.setup.arrays import Array, select_rows
from repro.instruments.diagnose.setup.budget import watched_rows
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.splitting import Pair
from repro.training.order import data_order

if TYPE_CHECKING:
    import keras

Tables = tuple[pd.DataFrame, pd.DataFrame]
BuildTrained = Callable[[int], "keras.Model"]
"""Seed -> the model that was trained with it."""
WATCHED_ROWS = 512  # at most, evenly spread: each is run through the network at every checkpoint
FEWEST_SEEDS = 2
CHECKPOINTS = (0, 1, 2, 4, 8, 16, 32)


class _Watch:
    """Measures one model, whatever weights it has at the time, and keeps the rows of the tables."""

    def __init__(self, setup: Setup, model: "keras.Model"):
        self.probe = Probe(model, setup.sites)
        self.kernels = kernel_variables(model, setup.sites)
        self.train = in_weights_precision(model, setup.train)
        self.watched = select_rows(self.train, _spread_rows(model, len(setup.train[1])))
        self.layers: list[pd.DataFrame] = []
        self.outputs: list[dict[str, float]] = []

    def kernel_values(self) -> dict[str, Array]:
        return {label: np.asarray(variable) for label, variable in self.kernels.items()}

    def measure(self, seed: int, step: int, ratios: dict[str, float]) -> None:
        frame, output = self.probe(*self.watched)
        alike = {label: _columns_alike(kernel) for label, kernel in self.kernel_values().items()}
        columns = {"alike": frame.label.map(alike).astype(float), "seed": seed, "step": step}
        self.layers.append(frame.assign(**columns, ratio=frame.label.map(ratios).astype(float)))
        self.outputs.append({"seed": seed, "step": step, **output})

    def tables(self) -> Tables:
        return pd.concat(self.layers, ignore_index=True), pd.DataFrame(self.outputs)


def _spread_rows(model: "keras.Model", rows: int) -> Array:
    watched = min(rows, watched_rows(model, WATCHED_ROWS))
    return np.linspace(0, rows - 1, watched).astype(int)


def first_steps(setup: Setup, seconds: float = np.inf) -> Tables:
    """Train seeds for the first steps; measure at every checkpoint that they reach.

    After that many seconds no other seed is begun, but for the first two.
    """
    import keras

    start = time.monotonic()
    keras.utils.set_random_seed(setup.seeds[0])
    model = setup.build()
    model.optimizer.build(model.trainable_variables)
    optimizer = [np.asarray(v) for v in model.optimizer.variables]
    watch = _Watch(setup, model)
    for place, seed in enumerate(setup.seeds):
        if place >= FEWEST_SEEDS and time.monotonic() - start > seconds:
            break
        keras.utils.set_random_seed(seed)
        set_state(model, [*_weights(setup.build()), *optimizer])
        for step, ratios in _train(setup, model, watch, seed):
            watch.measure(seed, step, ratios)
    return watch.tables()


def last_step(setup: Setup, trained: BuildTrained) -> Tables:
    """Measure every seed's trained model; `step` is the number of steps of the training."""
    model = setup.build()
    watch = _Watch(setup, model)
    for seed in setup.seeds:
        set_state(model, _weights(trained(seed)))
        watch.measure(seed, setup.steps, {})
    return watch.tables()


def _weights(model: "keras.Model") -> list[Array]:
    return [np.asarray(v) for v in model.trainable_variables + model.non_trainable_variables]


def set_state(model: "keras.Model", values: Sequence[Any]) -> None:
    """Set a model's variables: trainable, non-trainable, then the optimizer's."""
    variables = model.trainable_variables + model.non_trainable_variables
    for variable, value in zip([*variables, *model.optimizer.variables], values, strict=False):
        variable.assign(value)


def in_weights_precision(model: "keras.Model", pair: Pair) -> Pair:
    """Return the data with floats as the model takes them: in the precision of its weights."""
    import keras

    is_double = any(v.dtype == "float64" for v in model.trainable_variables)
    dtype = "float64" if is_double else keras.config.floatx()
    return keras.tree.map_structure(lambda a: a.astype(dtype) if a.dtype.kind == "f" else a, pair)


def kernel_variables(model: "keras.Model", sites: Sequence[Site]) -> dict[str, Any]:
    """Return each site's kernel (of a recurrent layer, its first one) by the site's label."""
    operations = trace(model).operations if sites else []
    kernels = {}
    for site in sites:
        kernel = [v for v in operations[site.position].trainable_variables if "kernel" in v.name]
        if kernel:
            kernels[site.label] = kernel[0]
    return kernels


def _columns_alike(kernel: Array) -> bool:
    columns = kernel.reshape(-1, kernel.shape[-1])
    if columns.shape[1] < 2:
        return False
    return bool(np.allclose(columns, columns[:, :1], rtol=1e-6, atol=1e-12))


def _train(
    setup: Setup, model: "keras.Model", watch: _Watch, seed: int
) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield (step, update-to-weight ratio of each kernel) at every checkpoint."""
    rows, size = len(setup.train[1]), setup.batch_size
    yield 0, {}
    step, last = 0, min(CHECKPOINTS[-1], setup.steps)
    for epoch in range(1, setup.epochs + 1):
        order = data_order(seed, epoch, rows) if setup.shuffle else np.arange(rows)
        for start in range(0, rows, size):
            is_checkpoint = step + 1 in CHECKPOINTS
            old = watch.kernel_values() if is_checkpoint else {}
            batch = order[start : start + size]
            weights = None if setup.weights is None else setup.weights[batch]
            take_step(model, select_rows(watch.train, batch), weights)
            step += 1
            if is_checkpoint:
                yield step, _ratios(old, watch.kernel_values())
            if step >= last:
                return


def take_step(model: "keras.Model", batch: Pair, weights: Array | None = None) -> dict[str, Any]:
    """Take one step of training, and return what it logs.

    Steps of the user's own are called as they are: `train_on_batch` hands them weights even if
    there are none, and `x, y = data` has no place for these.
    """
    import tensorflow as tf

    x, y = batch
    if not has_own_steps(model):
        return dict(model.train_on_batch(x, y, sample_weight=weights, return_dict=True))
    tensors = (x, y) if weights is None else (x, y, weights)
    return dict(model.train_step(tf.nest.map_structure(tf.convert_to_tensor, tensors)))


def _ratios(old: dict[str, Array], new: dict[str, Array]) -> dict[str, float]:
    with np.errstate(all="ignore"):
        return {
            label: float(np.linalg.norm(new[label] - kernel) / np.linalg.norm(kernel))
            for label, kernel in old.items()
        }
