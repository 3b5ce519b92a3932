"""Changes of the inputs: scaled, standardized, centred, validation as training."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from repro.instruments.diagnose.case import Case
from repro.instruments.diagnose.changes import Change, Pair
from repro.instruments.diagnose.definitions import Symptom
from repro.instruments.diagnose.examine import Examination
from repro.instruments.diagnose.task import Array

Changes = Iterator[Change]


def of_inputs(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    """Scale, standardize or centre the input; preprocess validation as training."""
    x = case.inputs
    if x is None or seen.inputs is None or _is_embedded(case):
        return
    treats = ("input_scale", "saturated", "dead", "rate_high")
    mean, deviation, whole = _moments(x)
    near = np.all(np.abs(mean) < 0.3 * deviation) and np.all((deviation > 0.5) & (deviation < 2))
    largest = float(np.abs(x).max())
    if not near and (largest > 2 or 0 < largest < 0.1):
        yield Change(
            "scale_input", f"divide the input by {largest:.4g}", 1,
            f"x = x / {largest:.6g}  # training, validation and all that is predicted", treats,
            "input", data=_on_inputs(lambda a: a / largest),
        )  # fmt: skip
    if not near:
        axis = "" if whole else "axis=0"
        lines = f"mean, deviation = x.mean({axis}), x.std({axis})  # of the training inputs\n"
        lines += "x = (x - mean) / deviation  # the same two for validation and prediction"
        each = "all together" if whole else "feature by feature"
        yield Change(
            "standardize_input", f"standardize the input ({each})", 1, lines, treats, "input",
            data=_on_inputs(_affine(mean, deviation, x.shape[1])),
        )  # fmt: skip
    if seen.inputs.share_of_mean > 0.2:
        yield Change(
            "centre_input", "centre the input", 1,
            "x = x - mean  # mean = x.mean(axis=0) of the training inputs",
            ("rate_high", "no_bias"), "input",
            data=_on_inputs(_affine(x.mean(axis=0), 1.0, x.shape[1])),
        )  # fmt: skip
    if "validation_differs" in keys:
        yield Change(
            "match_validation", "preprocess the validation inputs as the training inputs", 1,
            "x_val = preprocess(x_val)  # the very function, with the very numbers, used for x",
            ("validation",), "validation", data=_matched,
        )  # fmt: skip


def _is_embedded(case: Case) -> bool:
    """Whether inputs are indices."""
    import keras

    layers = case.build()._flatten_layers(include_self=False)
    return any(isinstance(layer, keras.layers.Embedding) for layer in layers)


def _moments(x: Array) -> tuple[Array, Array, bool]:
    """Means and deviations: of each feature, or of all where some features hardly vary (images)."""
    mean, deviation = x.mean(axis=0, dtype=float), x.std(axis=0, dtype=float)
    whole = x.shape[1] > 100 or (deviation < 1e-6 * max(deviation.max(), 1e-30)).any()
    if whole:
        return np.array(x.mean(dtype=float)), np.array(x.std(dtype=float) or 1.0), True
    return mean, deviation, False


def _affine(mean: Any, deviation: Any, features: int) -> Callable[[Array], Array]:
    def apply(a: Array) -> Array:
        flat = a.reshape(len(a), features).astype(float)
        return ((flat - mean) / deviation).reshape(a.shape).astype("float32")

    return apply


def _on_inputs(function: Callable[[Array], Array]) -> Callable[[Pair, Pair], tuple[Pair, Pair]]:
    def data(train: Pair, test: Pair) -> tuple[Pair, Pair]:
        same = test[0] is train[0]
        x = np.asarray(function(train[0]))
        return (x, train[1]), (x if same else np.asarray(function(test[0])), test[1])

    return data


def _matched(train: Pair, test: Pair) -> tuple[Pair, Pair]:
    x, x_test = train[0].astype(float), test[0].astype(float)
    spread = x_test.std(axis=0)
    standard = (x_test - x_test.mean(axis=0)) / np.where(spread > 0, spread, 1)
    matched = standard * x.std(axis=0) + x.mean(axis=0)
    return train, (matched.astype("float32"), test[1])
