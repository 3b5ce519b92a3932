"""Models of several outputs: each output as a model of its own, and their scores in joint training.

A model of several outputs is trained once as it is, to see which output is worst. That one is then
diagnosed alone, by its own loss: the layers that it shares are trained for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.instruments.diagnose.setup.arrays import Array, leaves, map_arrays
from repro.instruments.diagnose.setup.building import call_build
from repro.instruments.diagnose.setup.compiled import compile_arguments, loss_name
from repro.instruments.diagnose.setup.errors import DiagnoseError
from repro.instruments.diagnose.setup.skill import metric, skill
from repro.instruments.diagnose.setup.task import infer_task

if TYPE_CHECKING:
    import keras

JOINT_SEEDS = (0, 1)
HELD_OUT = 0.2
MOST_ROWS = 4096


@dataclass(frozen=True)
class Output:
    """One output: its name, its skill when all are trained together, and a model of it alone."""

    name: str
    joint_skill: float
    build: Callable[[], "keras.Model"]
    y: Array
    y_test: Array | None


def are_several(y: Any) -> bool:
    """Tell whether targets are a dict or list of several arrays, one for each output."""
    is_list = isinstance(y, list | tuple) and bool(y) and np.ndim(y[0]) > 0
    many = isinstance(y, dict) or (is_list and hasattr(y[0], "shape"))
    return many and len(y) > 1


def outputs_of(
    build: Callable[[], Any], x: Any, y: Any, validation: Any, *, epochs: int, batch_size: int
) -> list[Output]:
    """Train the model as it is, score every output, and return them, the worst first.

    Raises:
        DiagnoseError: if the model has not as many outputs as there are targets.
    """
    model = call_build(build)
    targets = leaves(y)
    model(map_arrays(x, lambda a: a[:1]))
    if len(getattr(model, "outputs", None) or []) != len(targets):
        raise DiagnoseError(f"y holds {len(targets)} arrays, one for each output of the model")
    names = list(y) if isinstance(y, dict) else list(model.output_names)
    tests = leaves(validation[1]) if validation else [None] * len(targets)
    skills = _joint_skills(build, x, targets, epochs=epochs, batch_size=batch_size, keys=names)
    outputs = [
        Output(
            name=str(name),
            joint_skill=skills[i],
            build=_alone(build, i, name),
            y=targets[i],
            y_test=tests[i],
        )
        for i, name in enumerate(names)
    ]
    return sorted(outputs, key=lambda output: output.joint_skill)


def _alone(build: Callable[[], Any], place: int, name: Any) -> Callable[[], "keras.Model"]:
    """Return a build function of one output with its own loss."""

    def build_one() -> "keras.Model":
        import keras

        model = call_build(build)
        arguments = compile_arguments(model)
        inputs = model.inputs[0] if len(model.inputs) == 1 else model.input
        alone = keras.Model(inputs, model.outputs[place])
        alone.compile(
            optimizer=model.optimizer,
            loss=_of_output(arguments["loss"], place, name),
            loss_weights=_weight(arguments["loss_weights"], place, name),
            metrics=["accuracy"] if "acc" in repr(arguments["metrics"]).lower() else None,
        )
        return alone

    return build_one


def _of_output(loss: Any, place: int, name: Any) -> Any:
    if isinstance(loss, dict):
        return loss[name] if name in loss else list(loss.values())[place]
    return loss[place] if isinstance(loss, list | tuple) else loss


def _weight(weights: Any, place: int, name: Any) -> list[float] | None:
    """Return the weight of an output's loss; what a dict of weights doesn't name counts as 1."""
    if isinstance(weights, dict):
        return [float(weights.get(name, 1.0))]
    return None if weights is None else [float(weights[place])]


def _joint_skills(
    build: Callable[[], Any],
    x: Any,
    targets: list[Array],
    *,
    epochs: int,
    batch_size: int,
    keys: Any,
) -> list[float]:
    """Train all outputs together from a few seeds; return each output's skill on other rows."""
    import keras

    rows = len(targets[0])
    order = np.random.default_rng(0).permutation(rows)
    test, train = order[: int(rows * HELD_OUT)], order[int(rows * HELD_OUT) :][:MOST_ROWS]
    skills = []
    for seed in JOINT_SEEDS:
        keras.utils.set_random_seed(seed)
        model = call_build(build)
        model.fit(
            map_arrays(x, lambda a: a[train]),
            [y[train] for y in targets],
            epochs=epochs,
            batch_size=batch_size,
            verbose=0,
        )
        predictions = leaves(model.predict(map_arrays(x, lambda a: a[test]), verbose=0))
        losses = [_of_output(compile_arguments(model)["loss"], i, k) for i, k in enumerate(keys)]
        scores = zip(targets, predictions, losses, strict=True)
        skills.append([_skill(y[test], y, predicted, loss) for y, predicted, loss in scores])
    return np.mean(skills, axis=0).tolist()


def _skill(y: Array, all_y: Array, predicted: Array, loss: Any) -> float:
    units = int(predicted.shape[-1])
    task = infer_task(all_y, loss=loss_name(loss), activation="", units=units, wants_accuracy=False)
    logits = bool(getattr(loss, "from_logits", False))
    hits = metric(task, logits)(np.asarray(y, "float32"), predicted)
    return float(skill(task, float(np.mean(np.asarray(hits))), y))
