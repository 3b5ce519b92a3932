"""Models of several outputs: each output as a model of its own, and their scores in joint training.

A model of several outputs is trained once as it is, to see which output is worst. That one is then
diagnosed alone, by its own loss: the layers that it shares are trained for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.instruments.diagnose.setup.arrays import Array, as_columns, leaves, map_arrays
from repro.instruments.diagnose.setup.building import call_build, unfolded_build
from repro.instruments.diagnose.setup.compiled import compile_arguments, loss_name
from repro.instruments.diagnose.setup.errors import DiagnoseError, listed
from repro.instruments.diagnose.setup.skill import metric, skill
from repro.instruments.diagnose.setup.task import infer_task

if TYPE_CHECKING:
    import keras

JOINT_SEEDS = (0, 1)
COMPARED_SEEDS = (0, 1, 2, 3)
DROWNED = 0.01  # share of the sum of losses, below which an output's is tried with more weight
ALIKE = 0.05  # skill: outputs that differ by less fail alike
HELD_OUT = 0.2
MOST_ROWS = 4096


@dataclass(frozen=True)
class Output:
    """One output: its name, its skill when all are trained together, and a model of it alone.

    `share` is that of its loss in the sum of all, before training.
    """

    name: str
    joint_skill: float
    share: float
    build: Callable[[], "keras.Model"]
    y: Array
    y_test: Array | None
    joint: "Joint | None" = None


@dataclass(frozen=True)
class Joint:
    """The skill of an output when all are trained together, and once all losses are made alike.

    Attributes:
        name: the output's.
        share: of its loss in the sum before training, by the user's weights.
        skills: each seed's skill as it is.
        weighed: each seed's skill with `weights`.
        weights: of all outputs' losses; each makes its loss 1 before training.
        metrics: as the model of all outputs was compiled with.
    """

    name: str
    share: float
    skills: tuple[float, ...]
    weighed: tuple[float, ...]
    weights: tuple[float, ...]
    metrics: Any = None

    @property
    def gained(self) -> float:
        """The mean gain, 0 if it isn't one from every seed."""
        gains = np.subtract(self.weighed, self.skills)
        return float(gains.mean()) if gains.min() > 0 else 0.0


def are_several(y: Any) -> bool:
    """Tell whether targets are a dict or list of several arrays, one for each output."""
    is_list = isinstance(y, list | tuple) and bool(y) and np.ndim(y[0]) > 0
    many = isinstance(y, dict) or (is_list and hasattr(y[0], "shape"))
    return many and len(y) > 1


def outputs_of(
    build: Callable[[], Any], x: Any, y: Any, validation: Any, *, epochs: int, batch_size: int
) -> list[Output]:
    """Train the model as it is, score every output, and return them, the worst first.

    Of outputs that fail alike, the one with the largest loss comes first: what is wrong with it may
    be what keeps the others from learning.

    Raises:
        DiagnoseError: if the model has not as many outputs as there are targets.
    """
    model = call_build(build := unfolded_build(build, x))
    targets, names = leaves(y), _names_in_order(model, y)
    model(map_arrays(x, lambda a: a[:1]))
    if len(getattr(model, "outputs", None) or []) != len(targets):
        raise DiagnoseError(f"y holds {len(targets)} arrays, one for each output of the model")
    if isinstance(y, dict):
        _check_names(names, y, "y")
        _check_names(names, validation[1] if validation else y, "validation y")
        targets = [y[name] for name in names]
        validation = validation and (validation[0], [validation[1][name] for name in names])
    tests = leaves(validation[1]) if validation else [None] * len(targets)
    together = _Together(build, x, targets, names, epochs=epochs, batch_size=batch_size)
    skills = np.mean(together.skills(JOINT_SEEDS), axis=0)
    shares = together.shares()
    outputs = [
        Output(
            name=str(name),
            joint_skill=skills[i],
            share=shares[i],
            build=_alone(build, i, name),
            y=targets[i],
            y_test=tests[i],
        )
        for i, name in enumerate(names)
    ]
    worst = int(np.where(skills < skills.min() + ALIKE, shares, -1).argmax())
    outputs[worst] = replace(outputs[worst], joint=_compared(together, worst))
    return sorted(outputs, key=lambda o: (o is not outputs[worst], o.joint_skill))


def _check_names(names: list[Any], y: dict[Any, Any], called: str) -> None:
    for name in names:
        if name not in y:
            raise DiagnoseError(f"{called} has no {name!r}, an output; it has {listed(list(y))}")


def _names_in_order(model: Any, y: Any) -> list[Any]:
    """Return the names of the targets in the order in which the model has its outputs.

    Of a dict that a model puts out, Keras sorts the names; one of targets has any order.
    """
    names = list(getattr(model, "output_names", None) or [])
    if not isinstance(y, dict):
        return names
    return _output_keys(model) or [n for n in names if n in y and set(names) == set(y)] or list(y)


def _output_keys(model: Any) -> list[Any]:
    """Return the keys of the dict that a model puts out, as Keras orders its values; or []."""
    import keras

    outputs = getattr(model, "_outputs_struct", None)
    return keras.tree.flatten({key: key for key in outputs}) if isinstance(outputs, dict) else []


def _compared(together: "_Together", place: int) -> Joint | None:
    """Train with losses made alike, if this output's is next to nothing beside the others'."""
    losses, share = together.first_losses, float(together.shares()[place])
    if not (share < DROWNED and (losses > 0).all()):
        return None
    weights = tuple(float(f"{1 / loss:.2g}") for loss in losses)
    skills, weighed = (
        tuple(together.skills(COMPARED_SEEDS, chosen)[:, place].tolist())
        for chosen in (None, weights)
    )
    return Joint(
        name=str(together.keys[place]),
        share=share,
        skills=skills,
        weighed=weighed,
        weights=weights,
        metrics=compile_arguments(call_build(together.build))["metrics"],
    )


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


@dataclass(frozen=True)
class _Together:
    """The joint training of all outputs, on some rows, scored on others."""

    build: Callable[[], Any]
    x: Any
    targets: list[Array]
    keys: Any
    epochs: int
    batch_size: int

    @cached_property
    def rows(self) -> tuple[Array, Array]:
        """The rows that are trained on, and those scored on."""
        count = len(self.targets[0])
        order = np.random.default_rng(0).permutation(count)
        held_out = int(count * HELD_OUT)
        return order[held_out:][:MOST_ROWS], order[:held_out]

    def skills(self, seeds: Sequence[int], weights: Sequence[float] | None = None) -> Array:
        """Return each output's skill, (seeds, outputs), under these weights of the losses."""
        return np.array([self._skills(seed, weights) for seed in seeds])

    def _skills(self, seed: int, weights: Sequence[float] | None) -> list[float]:
        train, test = self.rows
        model = self._model(seed, weights)
        x, y = self._take(train)
        model.fit(
            x, self._as_put_out(model, y), epochs=self.epochs, batch_size=self.batch_size, verbose=0
        )
        predictions = self._in_order(model.predict(self._take(test)[0], verbose=0))
        scores = zip(self.targets, predictions, self._losses(model), strict=True)
        return [_skill(y[test], y, predicted, loss) for y, predicted, loss in scores]

    @cached_property
    def first_losses(self) -> Array:
        """Each output's loss before training."""
        import keras

        model = self._model(JOINT_SEEDS[0], None)
        x, y = self._take(self.rows[1])
        predictions = self._in_order(model.predict(x, verbose=0))
        means = [
            float(np.mean(np.asarray(keras.losses.get(loss)(as_columns(a), p))))
            for loss, a, p in zip(self._losses(model), y, predictions, strict=True)
        ]
        return np.array(means)

    def shares(self) -> Array:
        """Return the share of each output's loss, as the user weighs it, in the sum of all."""
        weighed = self.first_losses * self.weights()
        return weighed / weighed.sum() if weighed.sum() > 0 else np.zeros(len(weighed))

    def weights(self) -> Array:
        """Return the user's weights of the losses; 1 for what has none."""
        weights_set = compile_arguments(call_build(self.build))["loss_weights"]
        weights = [_weight(weights_set, i, key) for i, key in enumerate(self.keys)]
        return np.array([1.0 if weight is None else weight[0] for weight in weights])

    def _model(self, seed: int, weights: Sequence[float] | None) -> "keras.Model":
        import keras

        keras.utils.set_random_seed(seed)
        model = call_build(self.build)
        if weights is not None:
            weighed = self._as_put_out(model, list(weights))
            model.compile(optimizer=model.optimizer, loss=model.loss, loss_weights=weighed)
        return model

    def _as_put_out(self, model: Any, values: list[Any]) -> Any:
        """Return something for each output as the model puts these out: by name, or as a list."""
        return dict(zip(self.keys, values, strict=True)) if _output_keys(model) else values

    def _in_order(self, predictions: Any) -> list[Array]:
        is_named = isinstance(predictions, dict)
        return [predictions[key] for key in self.keys] if is_named else leaves(predictions)

    def _losses(self, model: "keras.Model") -> list[Any]:
        losses = compile_arguments(model)["loss"]
        return [_of_output(losses, i, key) for i, key in enumerate(self.keys)]

    def _take(self, rows: Array) -> tuple[Any, list[Array]]:
        return map_arrays(self.x, lambda a: a[rows]), [y[rows] for y in self.targets]


def _skill(y: Array, all_y: Array, predicted: Array, loss: Any) -> float:
    units = int(predicted.shape[-1])
    task = infer_task(all_y, loss=loss_name(loss), activation="", units=units, wants_accuracy=False)
    logits = bool(getattr(loss, "from_logits", False))
    hits = metric(task, logits)(np.asarray(y, "float32"), predicted)
    return float(skill(task, float(np.mean(np.asarray(hits))), y))
