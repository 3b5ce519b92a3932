"""Changes of the inputs: scaled, standardized, centred, validation as training."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.instruments.diagnose.changes import edits
from repro.instruments.diagnose.changes.change import Change, Pair
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.arrays import each, leaves
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.setup.task import Array
from repro.instruments.diagnose.symptoms.definitions import Symptom

Changes = Iterator[Change]


def of_inputs(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    """Scale, standardize or centre the input; preprocess validation as training."""
    if seen.inputs is None:
        return
    if case.preprocessing.is_none:
        yield from _of_scale(case, seen)
    if case.preprocessing.scale != 1 and "input_tiny" in keys:
        yield Change(
            "no_rescaling", "no Rescaling layer", 1, "# remove the Rescaling layers",
            ("input_scale",), "input", edit=edits.without(("Rescaling",)),
        )  # fmt: skip
    if "validation_differs" in keys:
        yield Change(
            "match_validation", "preprocess the validation inputs as the training inputs", 1,
            "x_val = preprocess(x_val)  # the very function, with the very numbers, used for x",
            ("validation",), "validation", data=_matched,
        )  # fmt: skip


def _of_scale(case: Case, seen: Examination) -> Changes:
    x, several = case.train[0], len(leaves(case.train[0])) > 1
    treats = ("input_scale", "saturated", "dead", "rate_high")
    lead = "# for each of the inputs\n" if several else ""
    largest = float(np.abs(case.inputs).max())
    near = all(_is_near(a) for a in leaves(x))
    if not near:
        axes = _axes(leaves(x)[0])
        axis = "" if axes is None else f"axis={axes[0] if len(axes) == 1 else axes}"
        lines = f"mean, deviation = x.mean({axis}), x.std({axis})  # of the training inputs\n"
        lines += "x = (x - mean) / deviation  # the same two for validation and prediction"
        how = "all together" if axes is None else "feature by feature"
        yield Change(
            "standardize_input", f"standardize the input ({how})", 1, lead + lines, treats,
            "input", data=_on_inputs(_standardizing),
        )  # fmt: skip
    if not near and (largest > 2 or 0 < largest < 0.1):
        by = "its largest value" if several else f"{largest:.4g}"
        number = "abs(x).max()" if several else f"{largest:.6g}"
        yield Change(
            "scale_input", f"divide {'each' if several else 'the'} input by {by}", 1,
            f"{lead}x = x / {number}  # training, validation and all that is predicted", treats,
            "input", data=_on_inputs(lambda a: _Affine(np.zeros(1), np.abs(a).max() or 1.0)),
        )  # fmt: skip
    if seen.inputs is not None and seen.inputs.share_of_mean > 0.2:
        yield Change(
            "centre_input", "centre the input", 1,
            f"{lead}x = x - mean  # mean = x.mean(axis=0) of the training inputs",
            ("rate_high", "input_scale", "no_bias"), "input",
            data=_on_inputs(lambda a: _Affine(a.mean(axis=0, dtype=float), np.ones(1))),
        )  # fmt: skip


@dataclass(frozen=True)
class _Affine:
    """Subtracts a mean, then divides by a deviation; both found on the training inputs."""

    mean: Any
    deviation: Any

    def __call__(self, a: Array) -> Array:
        return ((a.astype(float) - self.mean) / self.deviation).astype("float32")


def _standardizing(a: Array) -> _Affine:
    axes = _axes(a)
    deviation = np.asarray(a.std(axis=axes, dtype=float))
    return _Affine(a.mean(axis=axes, dtype=float), np.where(deviation > 0, deviation, 1.0))


def _axes(a: Array) -> tuple[int, ...] | None:
    """Axes to standardize over: rows, and steps or pixels; all where features hardly vary."""
    axes = (0, *range(1, a.ndim - 1))
    deviation = a.std(axis=axes, dtype=float)
    alike = a.ndim <= 2 and deviation.size > 100
    return None if alike or (deviation < 1e-6 * max(deviation.max(), 1e-30)).any() else axes


def _is_near(a: Array) -> bool:
    """Whether an input is centred and scaled well enough as it is."""
    axes = _axes(a)
    mean, deviation = a.mean(axis=axes, dtype=float), a.std(axis=axes, dtype=float)
    centred = np.all(np.abs(mean) < 0.3 * deviation)
    return bool(centred and np.all((deviation > 0.5) & (deviation < 2)))


def _on_inputs(
    make: Callable[[Array], Callable[[Array], Array]],
) -> Callable[[Pair, Pair], tuple[Pair, Pair]]:
    """What changes all inputs, each by a function that `make` finds on that training input."""

    def data(train: Pair, test: Pair) -> tuple[Pair, Pair]:
        functions = each(train[0], make)
        changed = _applied(functions, train[0])
        same = test[0] is train[0]
        return (changed, train[1]), (changed if same else _applied(functions, test[0]), test[1])

    return data


def _applied(functions: Any, x: Any) -> Any:
    if isinstance(x, dict):
        return {name: functions[name](a) for name, a in x.items()}
    if isinstance(x, list | tuple):
        return [function(a) for function, a in zip(functions, x, strict=True)]
    return functions(x)


def _matched(train: Pair, test: Pair) -> tuple[Pair, Pair]:
    pairs = zip(leaves(train[0]), leaves(test[0]), strict=True)
    matched = iter([_as(a.astype(float), b.astype(float)) for a, b in pairs])
    return train, (each(test[0], lambda _: next(matched)), test[1])


def _as(x: Array, x_test: Array) -> Array:
    spread = x_test.std(axis=0)
    standard = (x_test - x_test.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return np.asarray((standard * x.std(axis=0) + x.mean(axis=0)).astype("float32"))
