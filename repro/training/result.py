"""The result of `fit_seeds`: the tidy history, and the trained models."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from repro.training.alone import Trained
from repro.training.building import NUMBERS, Blueprint, one_line
from repro.training.callbacks import Callback, named_by_keras, renamed
from repro.training.changed import check_metrics_begin_anew
from repro.training.feeding.arrays import Arrays, make_arrays
from repro.training.feeding.batches import is_batches
from repro.training.feeding.structures import map_tensors
from repro.training.fused import FusedSeeds
from repro.training.fusible import predicts_plainly
from repro.training.generators import borrowed
from repro.training.job import check_count, check_targets, float_dtype, in_given_order
from repro.training.passes import ArrayPass
from repro.training.saved import PLAIN, write_fit
from repro.training.shown import Shown, counted
from repro.training.sizes import SEEDS_A_BLOCK, split_evenly
from repro.training.trainer import logs_of


@dataclass(frozen=True, repr=False)
class SeedsFit(Shown):
    """The result of `fit_seeds`: the history, and the trained models.

    Attributes:
        frame: one row per seed and epoch (from 1): `seed`, `epoch`, then one column for each entry
            of Keras' history: `loss`, the metrics, and both with `val_` before them. A metric that
            is a vector has a column for each of its numbers: `f1_score[0]`, `f1_score[1]`, …
        one_at_a_time: why the seeds were trained one at a time; None if all at once.
        trained: by seed: its rows, its state and its callbacks.
        blueprint: what makes a seed's model.
        arguments: those of `fit_seeds`.
        check_seconds: what the self-check took.
        one_process: why this process trained although `n_jobs` asked for others; None otherwise.
        processes: how many processes trained.

    Examples:
        `fit` as in `fit_seeds`:

        >>> fit.seeds
        [0, 1, 2, 3, 4, 5, 6, 7]
        >>> list(fit.frame.columns)
        ['seed', 'epoch', 'loss']
        >>> print(fit.one_at_a_time)
        None
    """

    frame: pd.DataFrame
    one_at_a_time: str | None
    trained: dict[int, Trained]
    blueprint: Blueprint
    arguments: dict[str, Any]
    check_seconds: float
    _resume: Callable[..., "SeedsFit"]
    one_process: str | None = None
    processes: int = 1

    @property
    def seeds(self) -> list[int]:
        """The seeds that were trained."""
        return list(self.trained)

    def model(self, seed: int) -> keras.Model:
        """Return that seed's trained model, with its optimizer's state.

        Raises:
            KeyError: if the seed was not trained.
            ValueError: if `build` returns another model than the one that was trained, or if
                callbacks or steps in Python changed more of it than its variables.

        Examples:
            >>> fit.model(3).predict(x, verbose=0).shape
            (10, 1)
        """
        changed = self._training(seed).changed
        if changed is not None and changed.in_losses:
            raise ValueError(not_kept(changed.name))
        return self._model(seed)

    def _predicting(self, seed: int) -> keras.Model:
        changed = self._training(seed).changed
        if changed is not None and changed.in_predictions:
            raise ValueError(not_kept(changed.name))
        return self._model(seed)

    def _model(self, seed: int) -> keras.Model:
        state = self._training(seed).whole
        with borrowed():
            try:
                return self.blueprint.model(int(seed), state)
            except ValueError as error:
                message = f"build() makes another model than was trained: {one_line(error)}"
                raise ValueError(message) from error

    def history(self, seed: int) -> keras.callbacks.History:
        """Return that seed's history, as `fit` would have returned it.

        Raises:
            KeyError: if the seed was not trained.

        Examples:
            >>> len(fit.history(3).history["loss"])  # one an epoch
            2
        """
        history = keras.callbacks.History()
        history.on_train_begin()
        history.set_model(self._model(seed))
        for row in self._training(seed).rows:
            logs = {named_by_keras(n): _logged(v) for n, v in row.items() if n != "epoch"}
            history.on_epoch_end(row["epoch"] - 1, logs)
        return history

    def callbacks(self, seed: int) -> Sequence[Callback]:
        """Return that seed's own callbacks, as training left them.

        Raises:
            KeyError: if the seed was not trained.

        Examples:
            >>> stop = keras.callbacks.EarlyStopping("loss")
            >>> stopped = fit_seeds(build, x, y, seeds=2, epochs=2, callbacks=[stop])
            >>> stopped.callbacks(1)[0].stopped_epoch  # 0: it was not stopped
            0
        """
        return self._training(seed).callbacks

    def predict(self, x: Any, batch_size: int | None = None) -> Any:
        """Return all models' outputs for the same inputs, shape (seeds, n, …).

        Args:
            x: inputs, as in `fit_seeds`; arrays.
            batch_size: samples at once, 32 if None.

        Examples:
            >>> fit.predict(x).shape
            (8, 10, 1)
        """
        model, batch_size = self._predicting(self.seeds[0]), _checked(batch_size)
        if self.one_at_a_time or is_batches(x) or not predicts_plainly(model):
            outputs = [self._predicting(s).predict(x, batch_size, verbose=0) for s in self.seeds]
            return keras.tree.map_structure(lambda *seeds: np.stack(seeds), *outputs)
        _require_rows(x)
        data = make_arrays(x, None, None, dtype=float_dtype(model))
        try:
            models = self._blocks(self._predicting)
            blocks = [self._predict(block, data, batch_size) for block in models]
        except ValueError as error:
            raise ValueError(
                f"the model can not predict from these data: {one_line(error)}"
            ) from error
        return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *blocks)

    def evaluate(
        self, x: Any, y: Any = None, batch_size: int | None = None, *, sample_weight: Any = None
    ) -> pd.DataFrame:
        """Return each model's loss and metrics on the same data: `seed`, `loss`, ….

        Args:
            x: inputs, as in `fit_seeds`; arrays.
            y: targets.
            batch_size: samples a step, 32 if None.
            sample_weight: weights of the samples.

        Examples:
            >>> fit.evaluate(x, y).columns.tolist()
            ['seed', 'loss']
        """
        size, model = _checked(batch_size), self.model(self.seeds[0])
        check_metrics_begin_anew(model, self.blueprint)
        if is_batches(x):
            return self._by_seed(self._evaluate_alone(x))
        data = make_arrays(x, y, sample_weight, dtype=float_dtype(model))
        check_targets(model, data.data[1], "evaluate(x, y)")
        try:
            if self.one_at_a_time or not data.dense:
                rows = self._evaluate_alone(in_given_order(data, size))
            else:
                blocks = [self._evaluate(models, data, size) for models in self._blocks(self.model)]
                rows = list(chain(*blocks))
        except ValueError as error:
            raise ValueError(
                f"the model can not be evaluated on these data: {one_line(error)}"
            ) from error
        return self._by_seed(rows)

    def resume(self, *, epochs: int, **fit: Any) -> "SeedsFit":
        """Train on, each seed from where it stopped, as if it had not. Callbacks begin anew.

        Args:
            epochs: the last epoch, counted from the first one of all: 20 after 5 trains 15 more.
            fit: arguments of `fit_seeds` that are to change. After `load`, x and y must be given.

        Returns:
            A `SeedsFit` with all epochs.

        Examples:
            >>> fit.resume(epochs=3).frame.epoch.max()
            np.int64(3)
        """
        return self._resume(self, epochs=epochs, **fit)

    def save(self, path: str | Path) -> None:
        """Write the histories and the states of all models to one .npz file, without pickle.

        Callbacks and data are not saved; `load_fit` reads the file.

        Examples:
            >>> fit.save("fit.npz")
        """
        write_fit(path, self.trained, self.blueprint.sample, self._description())

    def __repr__(self) -> str:
        """Say what was trained, and what the last epoch's loss is."""
        if "loss" not in self.frame:
            return f"<SeedsFit: {counted(len(self.trained), 'seed')}, no epochs>"
        last = self._last().loss
        epochs = counted(int(self.frame.epoch.max()), "epoch")
        return f"<SeedsFit: {counted(len(last), 'seed')}, {epochs}, {_in_words(last)}>"

    def _last(self) -> pd.DataFrame:
        last: dict[int, dict[str, Any]] = {seed: {} for seed in sorted(self.trained)}
        for seed, own in last.items():
            for row in self._training(seed).rows:
                own.update(_columns(row))
        return pd.DataFrame.from_dict(last, orient="index", columns=list(self.frame)[1:])

    def _description(self) -> dict[str, Any]:
        arguments = self.arguments.items()
        return {
            "one_at_a_time": self.one_at_a_time,
            "arguments": {n: v for n, v in arguments if isinstance(v, PLAIN)},
            "to_give_again": [n for n, v in arguments if not isinstance(v, PLAIN)],
        }

    def _training(self, seed: int) -> Trained:
        if seed not in self.trained:
            raise KeyError(f"seed {seed!r} was not trained; trained were {sorted(self.trained)}")
        return self.trained[seed]

    def _blocks(self, model_of: Callable[[int], keras.Model]) -> Iterator[list[keras.Model]]:
        for block in split_evenly(self.seeds, SEEDS_A_BLOCK):
            yield list(map(model_of, block))

    def _predict(self, models: list[keras.Model], data: Arrays, batch_size: int) -> Any:
        predict = tf.function(FusedSeeds(models).predict, autograph=False, reduce_retracing=True)
        outputs = [
            predict(map_tensors(lambda a: a[i : i + batch_size], data.data[0]))  # noqa: B023
            for i in range(0, data.n, batch_size)
        ]
        return keras.tree.map_structure(lambda *parts: np.concatenate(parts, axis=1), *outputs)

    def _evaluate_alone(self, data: Any) -> list[dict[str, Any]]:
        # before the next one is built, which may set a global that this one looks at
        return [self.model(s).evaluate(data, verbose=0, return_dict=True) for s in self.seeds]

    def _evaluate(
        self, models: list[keras.Model], data: Arrays, batch_size: int
    ) -> list[dict[str, Any]]:
        self.blueprint.make_metrics(models[0])
        run = ArrayPass(
            FusedSeeds(models), data, batch_size=batch_size, training=False, batch_is_shared=True
        )
        logs = run.run()
        return [logs_of(logs, place) for place in range(len(models))]

    def _by_seed(self, rows: list[dict[str, Any]]) -> pd.DataFrame:
        named = [{"seed": s, **renamed(row)} for s, row in zip(self.seeds, rows, strict=True)]
        return pd.DataFrame([dict(_columns(row)) for row in named])


def _require_rows(x: Any) -> None:
    if hasattr(x, "__len__") and hasattr(x, "shape") and not len(x):
        raise ValueError("x has no samples; give at least one")


def not_kept(name: str) -> str:
    """Say that a training changed a setting, and what to do."""
    return (
        f"training changed {name}, and a fit keeps variables alone: let callbacks assign to one, "
        "such as self.add_weight(shape=(), trainable=False), or look at the model in a callback"
    )


def _in_words(losses: pd.Series) -> str:
    """Return the mean and the range of the losses that are finite, and how many are not."""
    finite = losses[np.isfinite(losses)]
    diverged = len(losses) - len(finite)
    if not len(finite):
        return "all diverged"
    loss = f"loss {finite.mean():.4g} (mean), {finite.min():.4g} to {finite.max():.4g}"
    return f"{loss}; {diverged} diverged" if diverged else loss


def tidy(trained: dict[int, Trained]) -> pd.DataFrame:
    """Return one row per seed and epoch."""
    rows = [{"seed": s, **row} for s in sorted(trained) for row in trained[s].rows]
    frame = pd.DataFrame([dict(_columns(row)) for row in rows] or {"seed": [], "epoch": []})
    return frame[sorted(frame.columns, key=_place)]


def _place(column: str) -> tuple[Any, ...]:
    first = ["seed", "epoch", "loss"]
    validation = column.startswith("val_")
    name = column.removeprefix("val_")
    return validation, first.index(name) if name in first else len(first), column


def _logged(value: Any) -> Any:
    # callbacks may log a text, or None
    if np.ndim(value) == 0 and np.asarray(value).dtype.kind in NUMBERS:
        return float(value)
    return value.item() if isinstance(value, np.generic) else value


def _checked(batch_size: int | None) -> int:
    if batch_size is not None:
        check_count("batch_size", batch_size)
    return int(batch_size or 32)


def _columns(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if np.ndim(value):
            yield from _columns({f"{name}[{i}]": v for i, v in enumerate(np.asarray(value))})
        else:
            yield name, value
