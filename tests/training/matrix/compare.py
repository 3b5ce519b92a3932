"""Train a case by `fit_seeds` and by hand with `keras.Model.fit`, and compare."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from repro import data_order, fit_seeds

ONE_AT_A_TIME = "one seed at a time: "
LOGS = {"rtol": 1e-4, "atol": 1e-6}
RTOL = 1e-3  # of variables


@dataclass(frozen=True, kw_only=True)
class Case:
    """A model and the data that it is trained on.

    Attributes:
        name: of the model.
        build: as in `fit_seeds`.
        x: the inputs.
        y: the targets; None if there are none.
        sample_weight: as in `fit`.
        falls_back: a part of the reason that it is trained one seed at a time; None if it is fused.
        refused: a part of `fit`'s own error; None if `fit` trains it.
        batch_size: samples a step.
        validates: whether each epoch ends with a validation, on the first ten samples.
        one_fit: whether both epochs are one call of `fit`, since each call ends with a change.
        atol: by which variables may differ; gradients of 16 bits are coarse.
        slow: whether the test is not of the default selection.
    """

    name: str
    build: Callable[[], keras.Model]
    x: Any
    y: Any = None
    sample_weight: Any = None
    falls_back: str | None = None
    refused: str | None = None
    batch_size: int = 8
    validates: bool = True
    one_fit: bool = False
    atol: float = 1e-5
    slow: bool = True
    seeds: tuple[int, ...] = (3, 0)
    epochs: int = 2

    @property
    def n(self) -> int:
        return len(keras.tree.flatten(self.x)[0])

    @property
    def data(self) -> tuple[Any, Any, Any]:
        return self.x, self.y, self.sample_weight

    def validation(self) -> Any:
        first = 10 if self.n % self.batch_size else self.batch_size
        return rows(self.data[:2], np.arange(first)) if self.validates else None


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes:
        verdict: "fused", "falls back" or "refused".
        why: the reason of the latter two.
        mistake: what `fit_seeds` did otherwise than `fit`; None if nothing.
    """

    verdict: str
    why: str = ""
    mistake: str | None = None


def batches_of(case: Case, seed: int) -> Any:
    """Return all batches of a seed's epochs as a data set."""

    def batches() -> Any:
        for epoch in range(1, case.epochs + 1):
            order = data_order(seed, epoch, case.n)
            for first in range(0, case.n, case.batch_size):
                yield some(order[first : first + case.batch_size])

    def some(indices: Any) -> Any:
        taken = tuple(a for a in rows(case.data, indices) if a is not None)
        return keras.tree.lists_to_tuples(taken)

    signature = keras.tree.map_structure(
        lambda a: tf.TensorSpec((None, *a.shape[1:]), a.dtype), some(np.arange(1))
    )
    return tf.data.Dataset.from_generator(batches, output_signature=signature)


def rows(data: Any, indices: Any) -> Any:
    """Return the same samples of each array."""

    def taken(a: Any) -> Any:
        return tf.gather(a, indices) if tf.is_tensor(a) else a[indices]

    return keras.tree.map_structure(lambda a: None if a is None else taken(a), data)


def by_hand(case: Case, seed: int) -> tuple[keras.Model, list[dict[str, Any]]]:
    """Return the model that a user trains without this package, and its history by epochs."""
    keras.utils.clear_session()  # so that names are counted as in a process of its own
    keras.utils.set_random_seed(seed)
    model = case.build()
    settings = {"verbose": 0, "shuffle": False, "validation_data": case.validation()}
    if case.one_fit:
        steps = -(-case.n // case.batch_size)
        settings |= {"epochs": case.epochs, "steps_per_epoch": steps}
        fitted = model.fit(batches_of(case, seed), **settings).history
        return model, [{k: v[epoch] for k, v in fitted.items()} for epoch in range(case.epochs)]
    history = []
    for epoch in range(1, case.epochs + 1):
        x, y, weights = rows(case.data, data_order(seed, epoch, case.n))
        settings["sample_weight"] = weights
        fitted = model.fit(x, y, batch_size=case.batch_size, **settings)
        history.append({name: values[0] for name, values in fitted.history.items()})
    return model, history


def compare(case: Case) -> Outcome:
    """Train both ways and tell how `fit_seeds` did it, and what it did wrong."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            plain = {seed: by_hand(case, seed) for seed in case.seeds}
        except Exception as error:
            return _refused(case, error)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit = _fit_seeds(case)
        except Exception as error:
            return Outcome("raises", mistake=f"fit_seeds raises {_line(error)}, fit does not")
    why = fit.one_at_a_time
    said = [str(w.message) for w in caught if str(w.message).startswith(ONE_AT_A_TIME)]
    if said != ([f"{ONE_AT_A_TIME}{why}"] if why else []):
        return Outcome("falls back", why or "", f"warned {said}, the reason is {why}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        differences = list(differing(case, fit, plain))
    return Outcome("falls back" if why else "fused", why or "", "; ".join(differences[:4]) or None)


def mistake_in(case: Case, outcome: Outcome) -> str | None:
    """Return what is wrong with a case's outcome; None if nothing."""
    if outcome.mistake:
        return f"{case.name} ({outcome.verdict}): {outcome.mistake}"
    verdict = "refused" if case.refused else "falls back" if case.falls_back else "fused"
    expected = case.refused or case.falls_back or ""
    if outcome.verdict != verdict or expected not in outcome.why:
        return (
            f"{case.name}: {outcome.verdict} {outcome.why!r}, expected {verdict} {expected!r}: if "
            "that is right, say so in cases.py"
        )
    return None


def mistake_in_group(names: Sequence[str], case_of: Callable[[Sequence[str]], Case]) -> str | None:
    """Return what is wrong with a case of several members, each tried alone if something is."""
    mistake = _mistake(case_of(names))
    if mistake and len(names) > 1:
        alone = [_mistake(case_of([name])) for name in names]
        return "\n".join(filter(None, alone)) or f"only together: {mistake}"
    return mistake


def _mistake(case: Case) -> str | None:
    return mistake_in(case, compare(case))


def differing(case: Case, fit: Any, plain: dict[int, Any]) -> Iterator[str]:
    """Name what differs from the models and histories by hand, of all seeds."""
    for seed, (model, history) in plain.items():
        yield from differing_logs(fit.frame[fit.frame.seed == seed], history)
        yield from differing_variables(fit.model(seed), model, case.atol)


def differing_logs(frame: pd.DataFrame, history: list[dict[str, Any]]) -> list[str]:
    """Name what a seed's logs have otherwise than fit's history."""
    own = frame.drop(columns=["seed", "epoch"]).reset_index(drop=True)
    expected = [dict(_columns(logs)) for logs in history]
    if odd := set(own.columns) ^ set(expected[0]):
        return [f"columns {sorted(odd)} are of one, of fit_seeds or fit, only"]
    return [
        f"{name} of epoch {epoch + 1} is {own[name][epoch]}, by fit {logs[name]}"
        for epoch, logs in enumerate(expected)
        for name in logs
        if not np.allclose(own[name][epoch], logs[name], equal_nan=True, **LOGS)
    ]


def differing_variables(ours: keras.Model, plain: keras.Model, atol: float) -> Iterator[str]:
    """Name the variables, the optimizer's too, that differ."""
    a, b = ([*m.variables, *m.optimizer.variables] for m in (ours, plain))
    if len(a) != len(b):
        yield f"{len(a)} variables, by fit {len(b)}"
        return
    for u, v in zip(a, b, strict=True):
        mine, theirs = np.asarray(u), np.asarray(v)
        if mine.dtype != theirs.dtype or mine.shape != theirs.shape:
            yield f"{v.path} is {mine.dtype}{mine.shape}, by fit {theirs.dtype}{theirs.shape}"
        elif not _close(mine, theirs, atol):
            worst = np.max(np.abs(mine.astype("float64") - theirs.astype("float64")))
            yield f"{v.path} differs by {worst:.3g}"


def _close(a: Any, b: Any, atol: float) -> bool:
    if a.dtype.kind in "iub":
        return np.array_equal(a, b)
    a, b = a.astype("float64"), b.astype("float64")
    return np.allclose(a, b, rtol=RTOL, atol=atol, equal_nan=True)


def _columns(logs: dict[str, Any]) -> Any:
    for name, value in logs.items():
        if np.ndim(value):
            yield from _columns({f"{name}[{i}]": v for i, v in enumerate(np.asarray(value))})
        else:
            yield name, value


def _fit_seeds(case: Case) -> Any:
    x, y, weights = case.data
    return fit_seeds(
        case.build,
        x,
        y,
        sample_weight=weights,
        seeds=case.seeds,
        epochs=case.epochs,
        batch_size=case.batch_size,
        validation_data=case.validation(),
        verbose=0,
        check=False,
    )


def _refused(case: Case, by_fit: Exception) -> Outcome:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _fit_seeds(case)
        except Exception:
            return Outcome("refused", _line(by_fit))
    return Outcome("refused", _line(by_fit), "fit_seeds trains what fit refuses")


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}"
