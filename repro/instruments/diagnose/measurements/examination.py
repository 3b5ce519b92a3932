"""Measure a network before and in its first steps of training, for every seed.

One model instance trains all seeds, one after the other, its variables set anew for each: Keras
then traces its training step once. Steps are those of the user: the model's own `train_on_batch`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from repro.instruments.diagnose.measurements.inputs import Inputs, Relation, look_at_inputs, relate
from repro.instruments.diagnose.measurements.probe import Probe
from repro.instruments.diagnose.setup.anatomy import Site, trace
from repro.instruments.diagnose.setup.arrays import DiagnoseError, one_line, taken
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.setup.task import Array, linear_skill, table
from repro.training.order import data_order

if TYPE_CHECKING:
    import keras

Tables = tuple[pd.DataFrame, pd.DataFrame]
CHECKPOINTS = (0, 1, 2, 4, 8, 16, 32)


@dataclass
class Examination:
    """All measurements.

    Attributes:
        layers: one row a seed, step and layer: `seed, step, label, dead, saturated, signal,
            gradient, ratio, alike`; ratio: length of the step's update over that of the weights;
            alike: 1 if all units of the layer have the same weights.
        outputs: one row a seed and step: `seed, step, loss, constant`.
        fails: how training fails, if it raises.
    """

    inputs: Inputs | None
    relation: Relation | None
    linear: float
    layers: pd.DataFrame
    outputs: pd.DataFrame
    fails: str = ""


def examine(case: Case) -> Examination:
    """Measure the data, and the network at `CHECKPOINTS`, over the seeds."""
    indices = case.preprocessing.looks_up  # whose distances and sizes mean nothing
    inputs = None if indices else look_at_inputs(case)
    relation = None if indices else relate(case.inputs, case.train[1])
    linear = np.nan
    if not _same(case.inputs, table(case.train[1])):  # an autoencoder's: no feat for a matrix
        tests = case.test_inputs, case.test[1]
        linear = linear_skill(case.task, (case.inputs, case.train[1]), tests)
    try:
        layers, outputs = first_steps(case)
    except DiagnoseError:
        raise
    except Exception as error:  # whatever TensorFlow says of labels and shapes that don't fit
        empty = pd.DataFrame()
        return Examination(inputs, relation, linear, empty, empty, one_line(error))
    return Examination(inputs, relation, linear, layers, outputs)


def _same(x: Array, y: Array) -> bool:
    return x.shape == y.shape and np.allclose(x, y)


# First steps -------------------------------------------------------------------------------------


def first_steps(case: Case) -> Tables:
    """Train each seed for the first steps; measure at every checkpoint that it reaches."""
    import keras

    keras.utils.set_random_seed(case.seeds[0])
    model = case.build()
    model.optimizer.build(model.trainable_variables)
    optimizer = [np.asarray(v) for v in model.optimizer.variables]
    probe, kernels = Probe(model, case.sites), kernel_variables(model, case.sites)
    train = as_taken(model, case.train)
    layers, outputs = [], []
    for seed in case.seeds:
        keras.utils.set_random_seed(seed)
        fresh = case.build()
        weights = [np.asarray(v) for v in fresh.trainable_variables + fresh.non_trainable_variables]
        set_state(model, [*weights, *optimizer])
        for step, ratios in _train(case, model, kernels, seed):
            frame, output = _measured(probe, kernels, train)
            layers.append(frame.assign(seed=seed, step=step, ratio=frame.label.map(ratios)))
            outputs.append({"seed": seed, "step": step, **output})
    return pd.concat(layers, ignore_index=True), pd.DataFrame(outputs)


def last_step(case: Case, trained: Callable[[int], "keras.Model"]) -> Tables:
    """Measure every seed's trained model; `step` is the number of steps of the training."""
    model = case.build()
    probe, kernels = Probe(model, case.sites), kernel_variables(model, case.sites)
    train = as_taken(model, case.train)
    layers, outputs = [], []
    for seed in case.seeds:
        of_seed = trained(seed)
        variables = of_seed.trainable_variables + of_seed.non_trainable_variables
        set_state(model, [np.asarray(v) for v in variables])
        frame, output = _measured(probe, kernels, train)
        layers.append(frame.assign(seed=seed, step=case.steps, ratio=np.nan))
        outputs.append({"seed": seed, "step": case.steps, **output})
    return pd.concat(layers, ignore_index=True), pd.DataFrame(outputs)


def _measured(
    probe: Probe, kernels: dict[str, Any], train: tuple[Any, Any]
) -> tuple[pd.DataFrame, dict[str, float]]:
    frame, output = probe(*train)
    same = {label: _columns_alike(kernel) for label, kernel in _values(kernels).items()}
    return frame.assign(alike=frame.label.map(same).astype(float)), output


def set_state(model: "keras.Model", values: Sequence[Any]) -> None:
    """Set a model's variables: trainable, non-trainable, then the optimizer's."""
    variables = model.trainable_variables + model.non_trainable_variables
    for variable, value in zip([*variables, *model.optimizer.variables], values, strict=False):
        variable.assign(value)


def as_taken(model: "keras.Model", pair: tuple[Any, Any]) -> tuple[Any, Any]:
    """Floats as the model takes them: in the precision of its weights."""
    import keras

    double = any(v.dtype == "float64" for v in model.trainable_variables)
    dtype = "float64" if double else keras.config.floatx()
    return keras.tree.map_structure(lambda a: a.astype(dtype) if a.dtype.kind == "f" else a, pair)


def kernel_variables(model: "keras.Model", sites: Sequence[Site]) -> dict[str, Any]:
    """Each site's kernel (of a recurrent layer, its first one) by the site's label."""
    operations = trace(model).operations if sites else []
    found = {}
    for site in sites:
        kernel = [v for v in operations[site.position].trainable_variables if "kernel" in v.name]
        if kernel:
            found[site.label] = kernel[0]
    return found


def _values(kernels: dict[str, Any]) -> dict[str, Array]:
    return {label: np.asarray(variable) for label, variable in kernels.items()}


def _columns_alike(kernel: Array) -> bool:
    columns = kernel.reshape(-1, kernel.shape[-1])
    if columns.shape[1] < 2:
        return False
    return bool(np.allclose(columns, columns[:, :1], rtol=1e-6, atol=1e-12))


def _train(
    case: Case, model: "keras.Model", kernels: dict[str, Any], seed: int
) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield (step, update-to-weight ratio of each kernel) at every checkpoint."""
    n, size = len(case.train[1]), case.batch_size
    x, y = as_taken(model, case.train)
    yield 0, {}
    step, last = 0, min(CHECKPOINTS[-1], case.steps)
    for epoch in range(1, case.epochs + 1):
        order = data_order(seed, epoch, n)
        for start in range(0, n, size):
            watched = step + 1 in CHECKPOINTS
            before = _values(kernels) if watched else {}
            model.train_on_batch(*taken((x, y), order[start : start + size]))
            step += 1
            if watched:
                yield step, _ratios(before, _values(kernels))
            if step >= last:
                return


def _ratios(before: dict[str, Array], after: dict[str, Array]) -> dict[str, float]:
    with np.errstate(all="ignore"):
        return {
            label: float(np.linalg.norm(after[label] - old) / np.linalg.norm(old))
            for label, old in before.items()
        }
