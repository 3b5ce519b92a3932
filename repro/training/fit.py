"""`fit_seeds`: `keras.Model.fit` over many seeds."""

from repro.training import quiet  # noqa: F401  # isort: skip  # before Keras imports TensorFlow

import operator
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray

from repro.training import sequential
from repro.training.fused import FusedSeeds
from repro.training.fusible import why_not_fused
from repro.training.order import data_order

CACHE = 6.5 * 2**20  # bytes that one core's step may go over and stay fast; see bench/README.md

Build = Callable[[], keras.Model]
Metrics = list[dict[str, float]]


@dataclass(frozen=True)
class Settings:
    """The arguments of `fit_seeds`, checked."""

    build: Build
    x: Any
    y: Any
    epochs: int
    batch_size: int
    validation: tuple[Any, Any] | None
    validation_batch_size: int
    shuffle: bool

    def order(self, seed: int, epoch: int) -> NDArray[np.int64]:
        """Sample order of a seed's epoch, shape (n,)."""
        n = _length(self.x)
        return data_order(seed, epoch, n) if self.shuffle else np.arange(n)


@dataclass(frozen=True)
class SeedsFit:
    """The result of `fit_seeds`: the history, and the trained models.

    Attributes:
        frame: one row per seed and epoch (from 1): `seed`, `epoch`, then one column for each entry
            of Keras' history: `loss`, the metrics, and both with `val_` before them.
    """

    frame: pd.DataFrame
    _build: Build
    _states: dict[int, list[NDArray[Any]]]

    def model(self, seed: int) -> keras.Model:
        """Return that seed's trained model, with its optimizer's state.

        Raises:
            KeyError: if the seed was not trained.
        """
        if seed not in self._states:
            raise KeyError(f"seed {seed} was not trained; trained were {sorted(self._states)}")
        model = _model(self._build, seed)
        model.optimizer.build(model.trainable_variables)
        variables = model.trainable_variables + model.non_trainable_variables
        variables = [*variables, *model.optimizer.variables]
        for variable, value in zip(variables, self._states[seed], strict=True):
            variable.assign(value)
        return model


def fit_seeds(
    build: Build,
    x: Any,
    y: Any,
    *,
    seeds: Sequence[int],
    epochs: int = 1,
    batch_size: int = 32,
    validation_data: tuple[Any, Any] | None = None,
    validation_batch_size: int | None = None,
    shuffle: bool = True,
    block_size: int | None = None,
) -> SeedsFit:
    """Train one model per seed, several at once, as `keras.Model.fit` would train each.

    `build()` is called once per seed after `keras.utils.set_random_seed(seed)`, which also resets
    the global generators of Python, NumPy and Keras. What can not be trained at once without
    changing a number is trained one seed at a time, with a warning that says why.

    The same call gives the same bits. Beside other seeds, a seed gives the same numbers to rounding
    only: its place in the stacked arrays decides which products the processor adds up together.

    Args:
        build: returns a compiled Keras model; called without arguments.
        x: inputs, an array of shape (n, …), or a list or dict of them.
        y: targets, likewise. Floats are cast to the dtype of the model's weights.
        seeds: non-negative integers, no two alike.
        epochs: passes over the data.
        batch_size: samples a step; the last batch of an epoch may be smaller.
        validation_data: (x, y), evaluated after every epoch.
        validation_batch_size: samples a step of that evaluation; `batch_size` if None.
        shuffle: True: seed and epoch see the samples in `data_order(seed, epoch, n)`; False: in
            the order given.
        block_size: most seeds that are trained at once; blocks are made as equal as they can be.
            Memory holds one block's weights and batches. With the environment variable
            TF_NUM_INTRAOP_THREADS=1 as many blocks as cores train side by side, each on one core,
            which is faster still (see bench/README.md). None, by measurement: 8, or of blocks on
            one core `seeds_in_cache`.

    Returns:
        A `SeedsFit`: `.frame` is the tidy history, `.model(seed)` a trained model.

    Raises:
        ValueError: for seeds that are negative, repeated or none, lengths that differ, or counts
            below 1.
        TypeError: for a `build` that returns no compiled Keras model, or seeds or counts that are
            not integers.

    Source:
        `keras.Model.fit`; the stacking follows `tf.vectorized_map` over `Model.stateless_call`.
    """
    seeds = check_seeds(seeds)
    optional = {"validation_batch_size": validation_batch_size, "block_size": block_size}
    counts = {name: count for name, count in optional.items() if count is not None}
    _check_counts(epochs=epochs, batch_size=batch_size, **counts)
    dtype = _float_dtype(model := _model(build, seeds[0]))
    x, y = _tensors(x, y, dtype)
    settings = Settings(
        build=build,
        x=x,
        y=y,
        epochs=epochs,
        batch_size=batch_size,
        validation=None if validation_data is None else _tensors(*validation_data, dtype),
        validation_batch_size=validation_batch_size or batch_size,
        shuffle=shuffle,
    )
    blocks = _blocks(seeds, block_size or _block_size(model, settings))
    histories, states = [], {}
    for history, of_block in _train_blocks(settings, blocks):
        histories.append(history)
        states.update(of_block)
    frame = pd.concat(histories).sort_values(["seed", "epoch"], ignore_index=True)
    return SeedsFit(frame, build, states)


def check_seeds(seeds: Sequence[int]) -> list[int]:
    """Return the seeds as a list of ints; raise ValueError or TypeError if they are not seeds."""
    checked = [operator.index(seed) for seed in seeds]
    if not checked:
        raise ValueError("no seeds given; give at least one, such as range(8)")
    if min(checked) < 0 or max(checked) >= 2**32:
        raise ValueError(f"seeds must lie in 0..2**32-1, got {min(checked)}..{max(checked)}")
    if len(set(checked)) < len(checked):
        raise ValueError("seeds are repeated; give each seed once")
    return checked


def seeds_in_cache(model: keras.Model, batch: Any) -> int:
    """Return how many seeds, 2 to 8, one core should train at once, by measurement.

    Args:
        model: any seed's.
        batch: the inputs of one step, an array or a list or dict of them.
    """
    inputs = sum(np.asarray(a).nbytes for a in keras.tree.flatten(batch))
    weights = sum(np.asarray(v).nbytes for v in model.trainable_variables)
    # a step goes over the weights, their gradient and their change
    return min(8, max(2, int(CACHE // (inputs + 3 * weights))))


def _check_counts(**counts: Any) -> None:
    for name, count in counts.items():
        if not isinstance(count, int | np.integer):
            raise TypeError(f"{name} must be an integer, got {count!r}")
        if count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")


def _blocks(seeds: list[int], size: int) -> list[list[int]]:
    count = -(-len(seeds) // size)
    return [part.tolist() for part in np.array_split(seeds, count)]


def _train_blocks(
    settings: Settings, blocks: Sequence[list[int]]
) -> Iterator[tuple[pd.DataFrame, dict[int, list[NDArray[Any]]]]]:
    samples = keras.tree.map_structure(lambda a: a[:2], (settings.x, settings.y))
    reused: dict[tuple[int, int], FusedSeeds] = {}
    at_once = _blocks_at_once()
    for start in range(0, len(blocks), at_once):
        fused = []
        for place, seeds in enumerate(blocks[start : start + at_once]):
            models = [_model(settings.build, seed) for seed in seeds]
            reason = why_not_fused(models, *samples)
            if reason is not None:
                warnings.warn(f"one seed at a time: {reason}", stacklevel=3)
                yield from (_train_one(settings, s, m) for s, m in zip(seeds, models, strict=True))
            elif (key := (place, len(seeds))) in reused:
                reused[key].load(models)
                fused.append((seeds, reused[key]))
            else:
                reused[key] = _fuse(settings, models)
                fused.append((seeds, reused[key]))
        yield from _train_side_by_side(settings, fused)


def _block_size(model: keras.Model, settings: Settings) -> int:
    if not _one_thread_a_block():
        return 8  # threads that share a block want large products
    step = slice(settings.batch_size)
    return seeds_in_cache(model, keras.tree.map_structure(lambda a: a[step], settings.x))


def _one_thread_a_block() -> bool:
    # Threads that share one block's products spend a quarter of their time on keeping in step. Each
    # on a block of its own need not; but only TensorFlow's user can say that products get one.
    intra = tf.config.threading.get_intra_op_parallelism_threads()
    return str(intra or os.environ.get("TF_NUM_INTRAOP_THREADS")) == "1"


def _blocks_at_once() -> int:
    inter = tf.config.threading.get_inter_op_parallelism_threads()
    inter = inter or int(os.environ.get("TF_NUM_INTEROP_THREADS") or os.cpu_count() or 1)
    return inter if _one_thread_a_block() else 1


def _train_side_by_side(
    settings: Settings, blocks: Sequence[tuple[list[int], FusedSeeds]]
) -> Iterator[tuple[pd.DataFrame, dict[int, list[NDArray[Any]]]]]:
    stop = threading.Event()

    def train(block: tuple[list[int], FusedSeeds]) -> Any:
        return _train_fused(settings, *block, stop)

    if len(blocks) < 2:  # in this thread, so that Ctrl-C stops it
        yield from map(train, blocks)
        return
    with ThreadPoolExecutor(len(blocks)) as pool:
        try:
            yield from pool.map(train, blocks)
        finally:
            stop.set()


def _fuse(settings: Settings, models: Sequence[keras.Model]) -> FusedSeeds:
    return FusedSeeds(
        models,
        settings.x,
        settings.y,
        batch_size=settings.batch_size,
        validation=settings.validation,
        validation_batch_size=settings.validation_batch_size,
    )


def _train_fused(
    settings: Settings, seeds: list[int], fused: FusedSeeds, stop: threading.Event
) -> tuple[pd.DataFrame, dict[int, list[NDArray[Any]]]]:
    rows = []
    for epoch in range(1, settings.epochs + 1):
        if stop.is_set():
            raise InterruptedError("another block failed, or was interrupted")
        metrics = fused.train(np.stack([settings.order(seed, epoch) for seed in seeds]))
        if settings.validation is not None:
            metrics |= {f"val_{name}": values for name, values in fused.test().items()}
        rows.append(pd.DataFrame({"seed": seeds, "epoch": epoch, **metrics}))
    return pd.concat(rows).drop_duplicates(["seed", "epoch"]), dict(
        zip(seeds, fused.state(), strict=True)
    )


def _train_one(
    settings: Settings, seed: int, model: keras.Model
) -> tuple[pd.DataFrame, dict[int, list[NDArray[Any]]]]:
    rows = []
    for epoch in range(1, settings.epochs + 1):
        metrics = sequential.train_epoch(
            model,
            settings.x,
            settings.y,
            settings.order(seed, epoch),
            batch_size=settings.batch_size,
            validation_data=settings.validation,
            validation_batch_size=settings.validation_batch_size,
        )
        rows.append({"seed": seed, "epoch": epoch, **metrics})
    return pd.DataFrame(rows), {seed: sequential.state(model)}


def _model(build: Build, seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = build()
    if not isinstance(model, keras.Model) or not model.compiled:
        raise TypeError(f"build() must return a compiled keras.Model, got {model!r}")
    return model


def _float_dtype(model: keras.Model) -> str:
    double = any(v.dtype == "float64" for v in model.trainable_variables)
    return "float64" if double else keras.config.floatx()


def _tensors(x: Any, y: Any, dtype: str) -> tuple[Any, Any]:
    lengths = {len(a) for a in keras.tree.flatten((x, y))}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"x and y must hold the same number of samples, got {sorted(lengths)}")

    def tensor(a: Any) -> Any:
        a = np.asarray(a)
        a = a.astype(dtype, copy=False) if a.dtype.kind == "f" else a
        return keras.ops.convert_to_tensor(a)

    return keras.tree.map_structure(tensor, (x, y))


def _length(x: Any) -> int:
    return keras.tree.flatten(x)[0].shape[0]
