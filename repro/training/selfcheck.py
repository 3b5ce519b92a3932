"""Before a model is fused: take its own first steps both ways, and compare.

What one way and the other may differ by is measured: `fit` is repeated from weights that differ in
their last bit. A difference far beyond what that makes is no rounding.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from repro.training.block import Block
from repro.training.building import State, get_state, set_state, variables_of
from repro.training.feeding.in_order import InOrder
from repro.training.feeding.structures import Triple
from repro.training.fused import FusedSeeds
from repro.training.job import Job
from repro.training.model_settings import counted_in_python, settings_tell_all
from repro.training.step import results_of

BEYOND_ROUNDING = 30.0  # times what a change of the last bit makes
BEYOND_COARSE = 3.0  # and of a coarse dtype's; of eight models, none made as much as that change
DIGITS = {"float64": 1e-9, "float32": 2e-5}  # of the largest value; coarser types: COARSE
COARSE = 2e-2
COARSE_BITS = {"float16": 2.0**-10, "bfloat16": 2.0**-7}  # of a number near 1
OTHER_EACH_TIME = "build() makes another model each time that it is called for a seed"
OTHER_MODEL = (
    f"{OTHER_EACH_TIME}: it draws from a generator that keras.utils.set_random_seed does not seed"
)


@dataclass(frozen=True)
class Steps:
    """The outcome of a seed's first steps.

    Attributes:
        logs: each entry of Keras' history and its last value.
        state: the model's and its optimizer's variables.
    """

    logs: dict[str, Any]
    state: State


class SelfCheck:
    """Take a block's steps fused and, for its first and last seed, by `fit`.

    Args:
        job: what to train.
        block: the seeds.
        seeds: the block's.
        twin: lets `build` make a model anew, of the seed in a place. Its steps are taken before
            the next one is built, which may set what both look at.
    """

    def __init__(
        self, job: Job, block: Block, seeds: Sequence[int], twin: Callable[[int], keras.Model]
    ):
        self._job, self._block, self._seeds, self._twin = job, block, seeds, twin
        self._models: dict[int, keras.Model] = {}  # by place; their graphs serve again

    def at_start(self) -> str | None:
        """Name what differs beyond rounding in the first steps, and by how much; None if nothing.

        The block is left in another state.
        """
        begun, first = self._block.seeds.state(), self._block.seeds.step.model
        logs, jobs = self._block.first_steps(self._seeds)
        states = self._block.seeds.state()
        model = None
        for place in sorted({0, len(self._seeds) - 1}):
            own = self._twin(place)
            state = get_state(own)
            if not _are_same_bits(state, begun[place]):
                return OTHER_MODEL
            if model is None or not settings_tell_all(first):  # else one model's graph serves both
                model = own
            self._models[place] = model
            fused = Steps({name: values[place] for name, values in logs.items()}, states[place])
            if differs := self._differs(place, jobs[place], fused, state):
                return differs
            if name := counted_in_python(model):
                return f"{name} changes when a graph is made of it"
        return None

    def at_end(self, trained: Sequence[State]) -> str | None:
        """Name what differs in steps from the states of all seeds after their training.

        What is 0 in the first steps, as where a callback or a count of steps lets it in, shows.
        """
        seeds = self._block.seeds
        for place, model in self._models.items():
            # of one state, since seeds that stopped early have taken fewer steps
            seeds.load([model] * len(self._seeds), [trained[place]] * len(self._seeds))
            logs, jobs = self._block.first_steps(self._seeds)
            own = {name: values[place] for name, values in logs.items()}
            fused = Steps(own, seeds.state()[place])
            if differs := self._differs(place, jobs[place], fused, trained[place]):
                return differs
        return None

    def _differs(self, place: int, job: Job, fused: Steps, state: State) -> str | None:
        model, seeds = self._models[place], self._block.seeds
        by_fit = partial(_by_fit, job, model, self._seeds[place])
        differs = _difference(fused, by_fit, state, model)
        if differs is None:
            return None
        set_state(model, state)
        seeds.load([model] * len(self._seeds))
        origin = _origin(differs, seeds, self._job.blueprint.sample)
        return f"{differs} ({origin})"


def _are_same_bits(state: State, other: State) -> bool:
    pairs = zip(state, other, strict=True)
    return all(a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in pairs)


def _difference(
    fused: Steps, by_fit: Callable[[State], Steps], state: State, model: keras.Model
) -> str | None:
    plain = by_fit(state)
    if what_differs(fused, plain, [], model) is None:
        return None
    near = [by_fit(next_to(state, model, sign)) for sign in (1, -1)]
    return what_differs(fused, plain, near, model)


def what_differs(
    fused: Steps, plain: Steps, near: Sequence[Steps], model: keras.Model
) -> str | None:
    """Name what differs beyond rounding between both ways, and by how much; None if nothing does.

    Args:
        fused: the steps of a seed in a block.
        plain: the same by `fit`.
        near: the same by `fit` from weights that differ in the last bit.
        model: of the same build, for the names of its variables.
    """
    if set(fused.logs) != set(plain.logs):
        odd = sorted(set(fused.logs) ^ set(plain.logs))
        return f"the history has not the same columns: {', '.join(odd)}"
    variables = variables_of(model)
    factor = BEYOND_COARSE if _coarse_bit(model) else BEYOND_ROUNDING
    compared = [
        *(
            (name, fused.logs[name], plain.logs[name], [n.logs[name] for n in near])
            for name in plain.logs
        ),
        *(
            (v.path, fused.state[i], plain.state[i], [n.state[i] for n in near])
            for i, v in enumerate(variables)
        ),
    ]
    worst = max((_excess(a, b, noise, factor), name) for name, a, b, noise in compared)
    if worst[0] <= 1:
        return None
    name, ours, theirs, _ = next(item for item in compared if item[0] == worst[1])
    return f"{name} differs by {_distance(ours, theirs):.2g}"


def next_to(state: State, model: keras.Model, sign: float) -> State:
    """Return a state whose weights differ in the last bit of the dtype that computes with them."""
    trainable, coarse = len(model.trainable_variables), _coarse_bit(model)

    def moved(a: NDArray[Any]) -> NDArray[Any]:
        if coarse:  # a finer one would be rounded away
            return (a * (1 + sign * coarse)).astype(a.dtype)
        return np.nextafter(a, a + np.asarray(sign, a.dtype) * (1 + np.abs(a))).astype(a.dtype)

    return [
        moved(a) if place < trainable and a.dtype in (np.float32, np.float64) else a
        for place, a in enumerate(state)
    ]


def _coarse_bit(model: keras.Model) -> float:
    """Return the last bit, relative, of the coarsest dtype below float32; 0 if there is none."""
    kinds = {layer.compute_dtype for layer in model._flatten_layers()}
    return max(COARSE_BITS.get(kind, 0.0) for kind in kinds)


def _excess(fused: Any, plain: Any, near: Sequence[Any], factor: float = BEYOND_ROUNDING) -> float:
    """Return two arrays' difference in units of what rounding allows: a factor times the noise."""
    fused, plain = np.asarray(fused), np.asarray(plain)
    if fused.dtype.kind not in "fV" and fused.dtype != plain.dtype:
        return np.inf
    if not np.issubdtype(plain.dtype, np.floating) and plain.dtype.kind != "V":
        return 0.0 if np.array_equal(fused, plain) else np.inf
    digits = DIGITS.get(plain.dtype.name, COARSE)
    if plain.dtype.name == "float64" and plain.ndim == 0:
        digits = DIGITS["float32"]  # a log, a Python number made of a float32
    finite = np.abs(plain[np.isfinite(plain)].astype("float64"))
    scale = finite.max() if finite.size else 1.0
    noise = max((_distance(n, plain) for n in near), default=0.0)
    allowed = factor * noise + digits * scale + np.finfo(np.float32).tiny
    return float(_distance(fused, plain) / allowed) if np.isfinite(allowed) else 0.0


def _distance(a: Any, b: Any) -> float:
    """The largest difference; infinite if one is a number where the other is none."""
    a, b = np.asarray(a).astype("float64"), np.asarray(b).astype("float64")
    equal = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        difference = np.where(equal, 0.0, np.abs(a - b))
    return float(np.max(np.where(np.isnan(difference), np.inf, difference), initial=0.0))


def _by_fit(job: Job, model: keras.Model, seed: int, state: State) -> Steps:
    """Take the steps by the functions that `fit` calls for each batch, without its callbacks."""
    set_state(model, state)
    model.make_train_function()
    logs: dict[str, Any] = {}
    for _ in range(job.epochs):
        logs = _go_over(job.feed(seed), model, model.train_function)
    if job.validation is not None:
        model.make_test_function()
        tested = _go_over(job.validation_feed(), model, model.test_function)
        logs |= {f"val_{name}": value for name, value in tested.items()}
    return Steps(logs, get_state(model))


def _go_over(feed: Any, model: keras.Model, step: Callable[[Any], Any]) -> dict[str, Any]:
    model.reset_metrics()
    dataset = feed.get_tf_dataset() if isinstance(feed, InOrder) else feed
    iterator, count = iter(dataset), feed.num_batches if isinstance(feed, InOrder) else len(feed)
    for _ in range(-(-count // model.steps_per_execution)):
        step(iterator)
    return {name: np.asarray(value) for name, value in results_of(model).items()}


def _origin(differs: str, seeds: FusedSeeds, batch: Triple) -> str:
    """Say where it begins: in a layer's outputs, in its gradients, or nowhere before the update."""
    if layer := first_layer_that_differs(seeds, batch[0]):
        return f"first in layer {layer}"
    if layer := last_layer_of_other_gradients(seeds, batch):
        return f"first in the gradients of layer {layer}"
    owner = _owner(differs.split(" differs by ")[0], seeds.step.model)
    return f"of layer {owner}, in the update" if owner else "in the update, or what is measured"


def last_layer_of_other_gradients(seeds: FusedSeeds, batch: Triple) -> str | None:
    """Name the layer nearest to the loss whose gradients are others when mapped over seeds.

    Args:
        seeds: all with the same state.
        batch: x, y and sample_weight.
    """
    step = seeds.step
    try:
        mapped = tf.function(lambda: seeds.gradients(batch), autograph=False)()
        alone = tf.function(lambda: step.gradients(seeds.values_of(0), batch), autograph=False)()
    except Exception:  # of loops whose gradients can't be mapped
        return None
    pairs = zip(step.trainable, mapped, alone, strict=True)
    others = [variable for variable, many, one in pairs if _excess(many[0], one, []) > 1]
    return _owner(others[-1].path, step.model) if others else None


def _owner(name: str, model: keras.Model) -> str | None:
    """Name the layer of a variable, or of the weight that an optimizer's variable is for."""

    def is_named(variable: keras.Variable) -> bool:
        return name == variable.path or f"/{variable.path.replace('/', '_')}_" in name

    layers = [own for own in model._flatten_layers(include_self=False) if own.variables]
    owners = [layer for layer in layers if any(map(is_named, layer.variables))]
    return min(owners, key=lambda layer: len(layer.variables)).name if owners else None


def first_layer_that_differs(seeds: FusedSeeds, x: Any) -> str | None:
    """Name the first layer whose outputs are others when it is mapped over seeds.

    Args:
        seeds: all with the same state.
        x: inputs of a batch.

    Returns:
        The layer's name; None if no layer's outputs differ, or the model is no graph of layers.
    """
    model = seeds.step.model
    try:
        layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
        outputs = keras.Model(model.inputs, [layer.output for layer in layers])
        mapped = tf.function(lambda: seeds.call(outputs, x), autograph=False)()
        alone = seeds.step.call(outputs, x, seeds.state()[0])
    except Exception:  # subclassed, or a layer is called twice: there is no telling
        return None
    pairs = zip(layers, keras.tree.flatten(mapped), keras.tree.flatten(alone), strict=False)
    return next((n.name for n, many, one in pairs if _excess(many[0], one, []) > 1), None)
