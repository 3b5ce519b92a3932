"""Changes of the inputs: scaled, standardized, centred, validation as training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.findings.wording import plural
from repro.instruments.diagnose.changes import edits
from repro.instruments.diagnose.changes.change import Change, ChangeData, Changes
from repro.instruments.diagnose.measurements.columns import missing_code, tables_given
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.measurements.inputs import share_a_scale
from repro.instruments.diagnose.measurements.turned import Order
from repro.instruments.diagnose.setup.arrays import (
    Array,
    fences,
    filled,
    leaves,
    map_arrays,
    mean_of_finite,
)
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.splitting import Pair

INPUTS_TREAT = ("saturated", "dead", "rate_high", "rate_low", "initial_weights")
NEAR_MEAN = 0.3  # of the deviation: so near to 0, an input counts as centred
NEAR_DEVIATION = (0.5, 2.0)  # an input's deviation between these counts as scaled
LARGEST_VALUE = (0.1, 2.0)  # a largest value between these is no reason to divide by it
SHARE_OF_MEAN = 0.2  # of the largest eigenvalue: from there on centring is offered


CLIPPING = """\
low, high = np.quantile(x, (0.25, 0.75), axis=0)  # of the training inputs, as all that follows
spread = np.where(high > low, high - low, np.inf)
x = np.clip(x, low - 3 * spread, high + 3 * spread)
x = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-12)"""
FILLING = """\
missing = np.isclose(x, {code})
mean = np.ma.masked_where(missing, x).mean(axis=0).filled(0.0)  # of the training inputs
x = np.where(missing, mean, x)
x = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-12)"""
SPLITTING = """\
codes = {codes}  # features whose numbers name categories
values = [np.unique(x[:, i]) for i in codes]  # of the training inputs
columns = [x[:, [i]] == known for i, known in zip(codes, values)]
x = np.concatenate([np.delete(x, codes, axis=1), *columns], axis=1)
# and keras.Input(x.shape[1:])"""


def input_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Scale, standardize or centre the input; preprocess validation as training."""
    yield from _array_changes(setup, examination, symptoms)
    if examination.inputs is None:
        return
    if setup.preprocessing.is_none:
        yield from _scale_changes(setup)
        if examination.inputs.share_of_mean > SHARE_OF_MEAN:
            yield _centring(setup)
    if setup.preprocessing.scale != 1 and "input_tiny" in symptoms:
        yield Change(
            key="no_rescaling",
            title="inputs not scaled inside the model",
            size=1,
            code="# remove the Rescaling or Lambda layers that scale the inputs",
            removes=("input_scale",),
            group="input",
            edit=edits.remove(("Rescaling", "Lambda")),
        )
    if "columns_reordered" in symptoms:
        yield _ordering(examination.order)
    if "axes_turned" in symptoms and examination.turning is not None:
        yield _turning(examination.turning)
    if symptoms & {"validation_differs", "validation_shifted", "feature_shifted"}:
        yield Change(
            key="match_validation",
            title="preprocess the validation inputs as the training inputs",
            size=1,
            code=(
                "x_val = preprocess(x_val)  # the very function, with the very numbers, used for x"
            ),
            removes=("validation",),
            group="validation",
            data=_match_validation,
        )


def _ordering(order: Sequence[int]) -> Change:
    """Put the validation columns in the order of those of training."""
    return Change(
        key="order_columns",
        title="the validation columns in the order of those of training",
        size=1,
        code=f"x_val = x_val[:, {list(order)}]  # better: choose them by name, in x's order",
        removes=("validation",),
        group="validation",
        data=lambda train, test: (train, (test[0][:, list(order)], test[1])),
    )


def _turning(order: Order) -> Change:
    """Bring the validation inputs into the order of those of training."""
    return Change(
        key="turn_validation",
        title=order.title,
        size=1,
        code=f"x_val = {order.code}  # better: read both by the same function",
        removes=("validation",),
        treats=("leak",),
        group="validation",
        data=lambda train, test: (train, (order.apply(test[0]), test[1])),
    )


def _array_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Fill gaps, leave out features, put axes in the order in which layers take them."""
    if "missing_inputs" in symptoms:
        yield _filling(setup)
    if "outliers" in symptoms:
        if (code := missing_code(setup)) is not None:
            yield _filling_codes(setup, code)
        yield _clipping(setup)
    if "codes" in symptoms:
        yield _splitting(setup, examination.codes)
    if "leaks" in symptoms and isinstance(setup.train[0], np.ndarray) and setup.train[0].ndim == 2:
        yield _leaving_out(list(examination.leaks))
    x = setup.train[0]
    if "unadapted" in symptoms and isinstance(x, np.ndarray):
        yield Change(
            key="adapt",
            title="the Normalization layer adapted to the training inputs",
            size=1,
            code=(
                "for layer in model._flatten_layers():  # or layer.adapt(x) where it is made\n"
                "    if isinstance(layer, keras.layers.Normalization):\n"
                "        layer.adapt(x)"
            ),
            removes=("unadapted", "input_scale"),
            group="input",
            edit=edits.adapt(x),
        )
    if "channels_first" in symptoms:
        yield Change(
            key="move_channels",
            title="the channels as the last axis",
            size=1,
            code="x = np.moveaxis(x, 1, -1)  # and keras.Input(x.shape[1:])",
            removes=("channels_first",),
            group="axes",
            edit=edits.move_channels,
            inserts=True,
        )


def _filling_codes(setup: Setup, code: float) -> Change:
    """Fill what a number far out stands for by the mean of all other values."""

    def fit(a: Array) -> Callable[[Array], Array]:
        mean = np.ma.masked_where(np.isclose(a, code), a).mean(axis=0).filled(0.0)
        standardize = _fit_standardizing(np.where(np.isclose(a, code), mean, a))
        return lambda b: standardize(np.where(np.isclose(b, code), mean, b))

    return Change(
        key="fill_codes",
        title=f"{code:g} taken for missing: filled by the mean, then every feature standardized",
        size=2,
        code=_lead(setup) + FILLING.format(code=f"{code:g}"),
        removes=("outliers",),
        treats=("input_scale", *INPUTS_TREAT),
        group="input",
        data=_on_inputs(fit),
    )


def _clipping(setup: Setup) -> Change:
    return Change(
        key="clip_outliers",
        title="values far out clipped, then every feature standardized",
        size=2,
        code=_lead(setup) + CLIPPING,
        removes=("outliers",),
        treats=("input_scale", *INPUTS_TREAT),
        group="input",
        data=_on_inputs(_fit_clipping),
    )


def _fit_clipping(a: Array) -> Callable[[Array], Array]:
    low, high = fences(filled(a))

    def clipped(b: Array) -> Array:
        return np.asarray(np.clip(b, low, high))

    standardize = _fit_standardizing(clipped(a))
    return lambda b: standardize(clipped(b))


def _splitting(setup: Setup, codes: Sequence[int]) -> Change:
    table, _ = tables_given(setup)
    values = {i: np.unique(table[:, i]) for i in codes}
    return Change(
        key="categories",
        title=f"a column for every value of {plural('feature', len(codes))} "
        f"{', '.join(map(str, codes))}",
        size=1,
        code=SPLITTING.format(codes=list(codes)),
        removes=("codes",),
        treats=("input_scale", "narrow"),
        group="input",
        edit=edits.split_codes(values),
        inserts=True,
    )


def _leaving_out(features: list[int]) -> Change:
    def blank(a: Array) -> Array:
        changed = a.copy()
        changed[:, features] = 0
        return changed

    return Change(
        key="no_leak",
        title=f"without feature {', '.join(map(str, features))}",
        size=1,
        code=f"x[:, {features}] = 0  # or leave them out, with a smaller Input",
        removes=("leak",),
        treats=("validation",),
        group="leak",
        data=_on_inputs(lambda _: blank),
    )


def _filling(setup: Setup) -> Change:
    return Change(
        key="fill_inputs",
        title="missing inputs filled by the mean of the feature",
        size=1,
        code=(
            f"{_lead(setup)}x = np.where(np.isfinite(x), x, np.nan)\n"
            "mean = np.nan_to_num(np.nanmean(x, axis=0))  # of the training inputs\n"
            "x = np.where(np.isnan(x), mean, x)"
        ),
        removes=("inputs_missing",),
        treats=("rate_high",),
        group="missing",
        data=_on_inputs(_Filler),
    )


class _Filler:
    """Fills gaps by the means of the training inputs, whether these are standardized by then."""

    def __init__(self, a: Array):
        self.mean = mean_of_finite(a)

    def __call__(self, a: Array) -> Array:
        return np.where(np.isfinite(a), a, self.mean)


def _scale_changes(setup: Setup) -> Changes:
    if all(_is_standardized(a) for a in leaves(setup.train[0])):
        return
    yield _standardizing(setup)
    largest = float(np.abs(setup.inputs).max())
    if 0 < largest < LARGEST_VALUE[0] or largest > LARGEST_VALUE[1]:
        yield _dividing(setup, largest)


def _lead(setup: Setup) -> str:
    """Return the comment in front of code that is to be repeated for every input."""
    return "# for each of the inputs\n" if len(leaves(setup.train[0])) > 1 else ""


def _standardizing(setup: Setup) -> Change:
    axes = _axes(leaves(setup.train[0])[0])
    axis = "" if axes is None else f"axis={axes[0] if len(axes) == 1 else axes}"
    lines = f"mean, deviation = x.mean({axis}), x.std({axis}) + 1e-12  # of the training inputs\n"
    lines += "x = (x - mean) / deviation  # the same two for validation and prediction"
    scope = "all together" if axes is None else "feature by feature"
    return Change(
        key="standardize_input",
        title=f"standardize the input ({scope})",
        size=1,
        code=_lead(setup) + lines,
        removes=("input_scale",),
        treats=INPUTS_TREAT,
        group="input",
        data=_on_inputs(_fit_standardizing),
    )


def _dividing(setup: Setup, largest: float) -> Change:
    several = bool(_lead(setup))
    divisor = "its largest value" if several else f"{largest:.4g}"
    number = "abs(x).max()" if several else f"{largest:.6g}"
    return Change(
        key="scale_input",
        title=f"divide {'each' if several else 'the'} input by {divisor}",
        size=1,
        code=f"{_lead(setup)}x = x / {number}  # training, validation and all that is predicted",
        removes=("input_scale",),
        treats=INPUTS_TREAT,
        group="input",
        data=_on_inputs(lambda a: _Affine(np.zeros(1), np.abs(filled(a)).max() or 1.0)),
    )


def _centring(setup: Setup) -> Change:
    return Change(
        key="centre_input",
        title="centre the input",
        size=1,
        code=f"{_lead(setup)}mean = x.mean(axis=0)  # of the training inputs\nx = x - mean",
        treats=("input_scale", *INPUTS_TREAT, "no_bias"),
        group="input",
        data=_on_inputs(lambda a: _Affine(filled(a).mean(axis=0, dtype=float), np.ones(1))),
    )


@dataclass(frozen=True)
class _Affine:
    """Subtracts a mean, then divides by a deviation; both measured on the training inputs."""

    mean: Any
    deviation: Any

    def __call__(self, a: Array) -> Array:
        return ((a.astype(float) - self.mean) / self.deviation).astype("float32")


def _fit_standardizing(a: Array) -> _Affine:
    a = filled(a)
    axes = _axes(a)
    deviation = np.asarray(a.std(axis=axes, dtype=float))
    return _Affine(a.mean(axis=axes, dtype=float), np.where(deviation > 0, deviation, 1.0))


def _axes(a: Array) -> tuple[int, ...] | None:
    """Axes to standardize over: rows, and steps or pixels; all where features share one scale."""
    return None if share_a_scale(a) else (0, *range(1, a.ndim - 1))


def _is_standardized(a: Array) -> bool:
    """Tell whether an input is centred and scaled well enough as it is."""
    a = filled(a)
    axes, (low, high) = _axes(a), NEAR_DEVIATION
    mean, deviation = a.mean(axis=axes, dtype=float), a.std(axis=axes, dtype=float)
    varies = deviation > 0  # a constant feature stays one
    centred = (np.abs(mean) < NEAR_MEAN * deviation) | ~varies
    scaled = ((deviation > low) & (deviation < high)) | ~varies
    return bool(np.all(centred & scaled))


def _on_inputs(fit: Callable[[Array], Callable[[Array], Array]]) -> ChangeData:
    """Change all inputs, each by the function that `fit` makes from that training input."""

    def data(train: Pair, test: Pair) -> tuple[Pair, Pair]:
        functions = map_arrays(train[0], fit)
        changed = _apply(functions, train[0])
        are_same = test[0] is train[0]
        return (changed, train[1]), (changed if are_same else _apply(functions, test[0]), test[1])

    return data


def _apply(functions: Any, x: Any) -> Any:
    if isinstance(x, dict):
        return {name: functions[name](a) for name, a in x.items()}
    if isinstance(x, list | tuple):
        return [function(a) for function, a in zip(functions, x, strict=True)]
    return functions(x)


def _match_validation(train: Pair, test: Pair) -> tuple[Pair, Pair]:
    pairs = zip(leaves(train[0]), leaves(test[0]), strict=True)
    matched = iter([_match(b.astype(float), a.astype(float)) for a, b in pairs])
    return train, (map_arrays(test[0], lambda _: next(matched)), test[1])


def _match(x_test: Array, x: Array) -> Array:
    """Give validation inputs the means and deviations of the training inputs x."""
    spread = x_test.std(axis=0)
    standard = (x_test - x_test.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return np.asarray((standard * x.std(axis=0) + x.mean(axis=0)).astype("float32"))
