"""The arguments of `fit_seeds`, checked before anything trains."""

import itertools
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from repro.training.building import Blueprint, Build, build_model, is_kerass, one_line
from repro.training.callbacks import Callback, CallbacksOf, check_callbacks
from repro.training.checks import in_line, warn
from repro.training.cost import Cost, cost_of
from repro.training.feeding.arrays import Arrays, make_arrays, split
from repro.training.feeding.batches import Batches, first_batch, is_batches
from repro.training.feeding.in_order import InOrder
from repro.training.feeding.structures import map_tensors
from repro.training.labels import check_labels
from repro.training.order import data_order, order_in_batches

Data = Arrays | Batches

STEPS = ("train_step", "compute_loss")
MOST_SEEDS = 100_000


@dataclass(frozen=True, kw_only=True)
class Job:
    """The arguments of `fit_seeds`, checked."""

    blueprint: Blueprint
    cost: Cost
    data: Data
    validation: Data | None
    epochs: int
    initial_epoch: int
    batch_size: int
    validation_batch_size: int
    validation_freq: int | Sequence[int]
    steps_per_epoch: int | None
    validation_steps: int | None
    shuffle: bool | str
    callbacks: CallbacksOf | None
    check: bool

    @property
    def shares_batches(self) -> bool:
        """Tells whether all models that train at once see the same batches."""
        return False

    def order(self, seed: int, passed: int) -> NDArray[np.int64]:
        """Sample order of a seed's pass over the arrays, counted from 1; shape (n,)."""
        n = self.data.n  # type: ignore[union-attr]  # arrays only
        if self.shuffle == "batch":
            return order_in_batches(seed, passed, n, self.batch_size)
        return data_order(seed, passed, n) if self.shuffle else np.arange(n)

    def orders(self, seeds: Sequence[int], epoch: int) -> NDArray[np.int64]:
        """The samples that each seed sees in an epoch, counted from 0; shape (seeds, samples)."""
        passed, start, stop = self._batches_of(epoch)
        part = slice(start * self.batch_size, stop * self.batch_size)
        return np.stack([self.order(seed, passed + 1)[part] for seed in seeds])

    def validates(self, epoch: int) -> bool:
        """Return whether an epoch, counted from 0, ends with a validation."""
        if self.validation is None:
            return False
        if isinstance(self.validation_freq, int):
            return (epoch + 1) % self.validation_freq == 0
        return epoch + 1 in self.validation_freq

    def feed(self, seed: int) -> Any:
        """The argument that `fit` takes as x to see what this seed sees."""
        if isinstance(self.data, Batches):
            # whose callbacks may hold the data set, to change it
            return self.data.fed(anew=not self.callbacks)
        return InOrder(
            self.data,
            lambda passed: self.order(seed, passed),
            batch_size=self.batch_size,
            first=self.initial_epoch,
            steps=self.steps_per_epoch,
        )

    def validation_feed(self) -> Any:
        """The argument that `fit` takes as validation data."""
        if self.validation is None:
            return None
        if isinstance(self.validation, Batches):
            return self.validation.fed(anew=not self.callbacks)
        size = self.validation_batch_size
        return in_given_order(self.validation, size)

    def callbacks_of(self, seed: int) -> Sequence[Callback]:
        """Return a seed's own callbacks."""
        return self.callbacks(seed) if self.callbacks else ()

    def _batches_of(self, epoch: int) -> tuple[int, int, int]:
        """The pass that an epoch belongs to, and the first and last batch of it.

        As in `fit`: an epoch of fewer steps than a pass goes on where the last one stopped, and
        ends where the data do.
        """
        batches = -(-self.data.n // self.batch_size)  # type: ignore[union-attr]
        if self.steps_per_epoch is None:
            return epoch, 0, batches
        epochs_a_pass = -(-batches // self.steps_per_epoch)
        passed, part = divmod(epoch - self.initial_epoch, epochs_a_pass)
        start = part * self.steps_per_epoch
        return passed, start, min(start + self.steps_per_epoch, batches)


def in_given_order(data: Arrays, batch_size: int) -> InOrder:
    """Feed arrays to `fit` or `evaluate` as they are."""
    return InOrder(data, lambda _: np.arange(data.n), batch_size=batch_size, steps=None)


def make_job(build: Build, seeds: Sequence[int], x: Any, y: Any, **fit: Any) -> Job:
    """Check the arguments of `fit_seeds` and put the data into the form that training takes.

    Args:
        build: as in `fit_seeds`.
        seeds: checked.
        x: as in `fit_seeds`.
        y: as in `fit_seeds`.
        fit: its other arguments.
    """
    _check_plain(fit)
    fit = _limited(fit)
    model = build_model(build, seeds[0])
    data, validation = _data(x, y, dtype=float_dtype(model), **fit)
    size = _batch_size(data, fit["batch_size"], fit["steps_per_epoch"])
    tested_size = fit["validation_batch_size"] or fit["batch_size"]
    blueprint = Blueprint(build, _sample(data, size))
    check_targets(model, blueprint.sample[1], "fit_seeds(build, x, y, …)")
    if fit["initial_epoch"] < fit["epochs"] and not fit["steps_per_epoch"]:  # which may leave out
        _check_all_labels(model, y=data)
        if fit["validation_freq"] == 1 and not fit["validation_steps"]:
            _check_all_labels(model, validation_data=validation)
    if _makes_metrics(model, blueprint, seeds[0]):
        _check_validation(model, validation, tested_size or 32)
    _check_has_loss(model, blueprint.sample[0])
    freq = fit["validation_freq"]
    fit = fit | {"validation_freq": freq if isinstance(freq, int) else list(freq)}
    return Job(
        blueprint=blueprint,
        cost=cost_of(model, blueprint.sample),
        data=data,
        validation=validation,
        batch_size=size,
        validation_batch_size=_batch_size(validation, tested_size, fit["validation_steps"]),
        callbacks=check_callbacks(fit["callbacks"], seeds),
        **{name: fit[name] for name in ("epochs", "initial_epoch", "validation_freq", "shuffle")},
        **{name: fit[name] for name in ("steps_per_epoch", "validation_steps", "check")},
    )


def _makes_metrics(model: keras.Model, blueprint: Blueprint, seed: int) -> bool:
    """Return whether losses and metrics get variables without data.

    Raises:
        ValueError: if the data do not fit the model.
    """
    try:
        blueprint.make_metrics(model)
    except RuntimeError:  # of code that `fit` may run all the same
        return False
    except ValueError:
        if is_kerass(model, "train_step") and not blueprint.trains(seed):
            raise
        return False
    return True


def _check_plain(fit: dict[str, Any]) -> None:
    """Raise `ValueError` or `TypeError` for counts and the like that can't be."""
    counts = (
        "epochs",
        "batch_size",
        "validation_batch_size",
        "steps_per_epoch",
        "validation_steps",
    )
    for name in counts:
        if fit[name] is not None or name == "epochs":
            check_count(name, fit[name])
    check_count("initial_epoch", fit["initial_epoch"], minimum=0)
    if not isinstance(fit["validation_freq"], list | tuple | set | range):
        check_count("validation_freq", fit["validation_freq"])
    if isinstance(fit["shuffle"], str) and fit["shuffle"] != "batch":
        raise ValueError(f'shuffle must be True, False or "batch", got {fit["shuffle"]!r}')


def check_targets(model: keras.Model, targets: Any, call: str) -> None:
    """Raise ValueError if a loss would be computed without targets."""
    if not all(is_kerass(model, step) for step in STEPS):
        return
    if targets is None and any(loss is not None for loss in keras.tree.flatten(model.loss)):
        raise ValueError(f"y is missing; give {call}, or a data set of both")
    if isinstance(targets, dict) and isinstance(model.loss, dict):
        losses = [name for name, loss in model.loss.items() if loss is not None]
        if missing := [name for name in losses if name not in targets]:
            raise ValueError(f"y has no {missing[0]!r}; it has {', '.join(map(str, targets))}")


def _check_has_loss(model: keras.Model, x: Any) -> None:
    """Raise ValueError if nothing would be minimised."""
    if model.loss is not None or not all(is_kerass(model, step) for step in STEPS):
        return
    try:
        model(x, **({"training": True} if model._call_has_training_arg else {}))
    except Exception:  # what only a graph can run
        return
    if not model.losses:
        raise ValueError("the model has no loss; give one to model.compile(optimizer, loss)")


def _check_all_labels(model: keras.Model, **data: Data | None) -> None:
    """Raise ValueError for labels of arrays that a loss can not take."""
    if not all(is_kerass(model, step) for step in STEPS):
        return
    for name, part in data.items():
        if isinstance(part, Arrays):
            check_labels(model, part.data[1], name=name)


def _batch_size(data: Data | None, asked: int | None, steps: int | None) -> int:
    """Return the samples a step, as `fit` has them: 32, or so many that the steps are one pass."""
    if asked is None and steps is not None and isinstance(data, Arrays):
        return -(-data.n // steps)
    return asked or 32


def _limited(fit: dict[str, Any]) -> dict[str, Any]:
    """Return arguments of which none is above what `keras.config` allows; `fit` obeys it, too."""
    epochs, steps = (
        getattr(keras.config, name, lambda: None)()
        for name in ("max_epochs", "max_steps_per_epoch")
    )
    limits = {"epochs": epochs, "steps_per_epoch": steps}
    if fit["validation_data"] is not None:
        limits["validation_steps"] = steps
    lower = {n: limit for n, limit in limits.items() if limit and limit < (fit[n] or np.inf)}
    if lower:
        limited = ", ".join(f"{name}={limit}" for name, limit in lower.items())
        warn(f"keras.config limits the training: {limited}")
    return fit | lower


def check_seeds(seeds: int | Iterable[int]) -> list[int]:
    """Return the seeds as a list of ints; a number of seeds is the first so many.

    Raises:
        TypeError: if they are not integers.
        ValueError: if one is negative or too large or repeated, or there are none.
    """
    if isinstance(seeds, int | np.integer):
        if seeds < 1 and not isinstance(seeds, bool):
            raise ValueError(f"seeds={seeds} is how many, at least 1; one seed is seeds=[{seeds}]")
        check_count("seeds", seeds)
        seeds = range(int(seeds))
    try:
        checked = [operator.index(seed) for seed in itertools.islice(seeds, MOST_SEEDS + 1)]
    except TypeError as error:
        raise TypeError(
            f"seeds must be integers, such as range(8), got {seeds!r} ({error})"
        ) from None
    if len(checked) > MOST_SEEDS:  # they may be endless
        raise ValueError(f"more than {MOST_SEEDS:,} seeds, which are the most")
    if not checked:
        raise ValueError("no seeds given; give at least one, such as range(8)")
    if min(checked) < 0 or max(checked) >= 2**32:
        raise ValueError(f"seeds must lie in 0..2**32-1, got {min(checked)}..{max(checked)}")
    if len(set(checked)) < len(checked):
        raise ValueError("seeds are repeated; give each seed once")
    return checked


def check_count(name: str, count: Any, minimum: int = 1) -> None:
    """Raise TypeError or ValueError unless the count is an integer, no less than `minimum`."""
    if not isinstance(count, int | np.integer) or isinstance(count, bool):
        raise TypeError(f"{name} must be an integer, got {count!r}")
    if count < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {count}")


def float_dtype(model: keras.Model) -> str:
    """The dtype that floats of the data get: double for a model of doubles."""
    kinds = {layer.compute_dtype for layer in model._flatten_layers()}
    double = any(v.dtype == "float64" for v in model.trainable_variables)
    return (
        "float64" if double or (not model.built and "float64" in kinds) else keras.config.floatx()
    )


def _data(x: Any, y: Any, *, dtype: str, **fit: Any) -> tuple[Data, Data | None]:
    validation, weight = fit["validation_data"], fit["sample_weight"]
    _check_class_weight(fit["class_weight"])
    if is_batches(x):
        _check_batches(y, **fit)
        batches = Batches(x, fit["class_weight"], fit["steps_per_epoch"])
        _check_data_set(batches, fit["callbacks"])
        data: Data = batches
    else:
        if x is None:
            raise ValueError("x is missing; give the inputs, such as an array of shape (n, …)")
        share = fit["validation_split"] or 0.0
        if not isinstance(share, float | int | np.number) or not 0 <= share < 1:
            raise ValueError(f"validation_split must lie in [0, 1), got {share!r}")
        if share and validation is None:
            make_arrays(x, y, weight, dtype=dtype)  # for its checks, on what was given
            (x, y, weight), validation = split((x, y, weight), float(share))
        data = make_arrays(x, y, weight, class_weight=fit["class_weight"], dtype=dtype)
    steps = fit["validation_steps"]
    return data, _validation(validation, dtype, steps, has_targets=y is not None or is_batches(x))


def _check_data_set(data: Batches, callbacks: Any) -> None:
    if data.has_single_rows:
        raise ValueError("x is a data set of single rows; make batches of them: .batch(32)")
    if data.is_endless and data.steps is None and not callbacks:  # which may end an epoch
        raise ValueError("x is a data set without end; give steps_per_epoch")


def _check_class_weight(weights: Any) -> None:
    if weights is not None and not hasattr(weights, "get"):
        kind = type(weights).__name__
        raise TypeError(f"class_weight must be a dict, such as {{0: 1.0, 1: 5.0}}, got a {kind}")


def _validation(
    validation: Any, dtype: str, steps: int | None, *, has_targets: bool
) -> Data | None:
    if validation is None:
        return None
    if is_batches(validation, "validation_data"):
        return Batches(validation, steps=steps)
    parts = tuple(validation) if isinstance(validation, tuple | list) else (validation,)
    x, y, weight, *others = (*parts, None, None, None)
    if any(a is not None for a in others) or x is None or (has_targets and y is None):
        raise ValueError(
            "validation_data must be (x, y) or (x, y, sample_weight) or a data set, "
            f"got {in_line(validation)}"
        )
    try:
        return make_arrays(x, y, weight, dtype=dtype)
    except ValueError as error:
        raise ValueError(f"validation_data: {error}") from error


def _check_validation(model: keras.Model, validation: Data | None, size: int) -> None:
    """Raise `ValueError` if a model that has its variables can't evaluate a batch."""
    is_kerass_step = is_kerass(model, "test_step") and not model.run_eagerly
    if not (isinstance(validation, Arrays) and validation.dense and is_kerass_step):
        return
    batch = validation.sample(size)
    if _evaluates_eagerly(model, batch):
        return
    sizes = map_tensors(lambda a: tf.TensorSpec([None, *a.shape[1:]], a.dtype), batch)
    try:
        evaluate = tf.function(partial(_evaluate, model), autograph=False)
        evaluate.get_concrete_function(sizes)
    except ValueError as error:
        raise _no_fit(error) from error
    except Exception:  # which training will tell
        return


def _evaluates_eagerly(model: keras.Model, batch: Any) -> bool:
    """Evaluate a batch; return False if that may take a graph."""
    try:
        _evaluate(model, batch)
    except tf.errors.InvalidArgumentError as error:
        raise _no_fit(error) from error
    except Exception:
        return False
    return True


def _no_fit(error: Exception) -> ValueError:
    return ValueError(f"validation_data do not fit the model: {one_line(error)}")


def _evaluate(model: keras.Model, batch: Any) -> Any:
    x, y, weight = batch
    extra = {"training": False} if model._call_has_training_arg else {}
    y_pred = model(x, **extra)
    return model._compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weight, training=False)


def _check_batches(y: Any, **fit: Any) -> None:
    named = {"y": y, "sample_weight": fit["sample_weight"], "batch_size": fit["batch_size"]}
    wrong = [name for name, value in named.items() if value is not None]
    if fit["validation_split"]:
        wrong.append("validation_split")
    if wrong:
        raise ValueError(
            "x is a data set, which yields batches of x, y and weights; "
            f"leave out {', '.join(wrong)}"
        )


def _sample(data: Data, size: int) -> tuple[Any, Any, Any]:
    return data.sample(size) if isinstance(data, Arrays) else first_batch(data)


def short_job(job: Job, data: Data, validation: Data | None, epochs: int) -> Job:
    """Return the job that trains on a few samples, in their order, and evaluates at the end."""
    return replace(
        job,
        data=data,
        validation=validation,
        epochs=epochs,
        initial_epoch=0,
        validation_freq=epochs,
        steps_per_epoch=None,
        validation_steps=None,
        shuffle=False,
        callbacks=None,
    )
