"""Measure single features: values far out, codes of categories, what is rounded away."""

import numpy as np

from repro.instruments.diagnose.measurements.baselines import linear_skill, some_features
from repro.instruments.diagnose.measurements.inputs import largest_eigenvalue
from repro.instruments.diagnose.setup.arrays import Array, fences, filled, leaves, standardized
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.skill import margin

FEW_FEATURES = 20  # of more, none is looked at as a code
CODES = (6, 100)  # fewest and most values of a feature that may be a code
IMAGE_AXES = 4  # rows, two of positions, channels
PIXEL = 255  # largest value of one
FEWEST_ON_A_LINE = 3  # features and rows: two may well say the same, such as yes and no
FEW_ALIKE = 5  # values far out that may be alike by chance


def farthest_value(setup: Setup) -> float:
    """Return how far a value lies from its feature's quartiles, in distances between these.

    Of images and pixels it is 0: most are background, and what is shown lies far from it.
    """
    x = setup.inputs
    if are_pixels(x) or any(a.ndim >= IMAGE_AXES for a in leaves(setup.train[0])):
        return 0.0
    low, high = np.quantile(x, 0.25, axis=0), np.quantile(x, 0.75, axis=0)
    spread = high - low
    varies = spread > 0
    distance = np.maximum(x.max(axis=0) - high, low - x.min(axis=0))[varies]
    return float((distance / spread[varies]).max()) if varies.any() else 0.0


def missing_code(setup: Setup) -> float | None:
    """Return the number that most of the values far out are, such as -999; None if none is.

    It stands for what is missing: what was measured hardly repeats, and not in several features.
    """
    x = setup.inputs
    low, high = fences(x)
    far = x[(x < low) | (x > high)]
    values, counts = np.unique(far, return_counts=True)
    if not counts.size or counts.max() <= max(len(far) / 2, FEW_ALIKE):
        return None
    return float(values[counts.argmax()])


def are_pixels(x: Array) -> bool:
    """Tell whether numbers may be those of an image, most of which is background."""
    low, high = float(x.min()), float(x.max())
    if low >= -1 and high <= 1:
        return True
    return low >= 0 and high <= PIXEL and bool((x == np.rint(x)).all())


def are_shares_otherwise(y: Array) -> bool:
    """Tell whether targets may be yes and no, or shares of 255, written in another way."""
    return len(np.unique(y)) == 2 or (y.shape[1] > 1 and are_pixels(y))


def share_of_zeros(setup: Setup) -> float:
    """Return the share of the inputs that are 0, if all others are 1; else 0.

    Columns for categories have the same number of ones in every row, and are none of these.
    """
    x = setup.inputs
    if not np.isin(x, (0, 1)).all() or not np.ptp(x.sum(axis=1)):
        return 0.0
    return float((x == 0).mean())


def share_off_a_line(setup: Setup) -> float:
    """Return the share of the variance of all features that is not along one line; NaN of few.

    It is 0 where a single number tells all that a row holds, such as the time at which it begins.
    """
    x = some_features(setup.inputs)
    x = x[:, np.ptp(x, axis=0) > 0]
    if min(x.shape) < FEWEST_ON_A_LINE:
        return np.nan
    x = standardized(x)  # beside a feature of large numbers, all others would be nothing
    return max(0.0, 1 - largest_eigenvalue(x) * len(x) / float((x**2).sum()))


def find_codes(setup: Setup) -> tuple[tuple[int, ...], float]:
    """Return the features that tell more as categories, and the skill gained by all of them."""
    is_table = isinstance(setup.train[0], np.ndarray) and setup.train[0].ndim == 2
    if not is_table or setup.inputs.shape[1] > FEW_FEATURES or setup.task.per_step:
        return (), 0.0
    x, test = tables_given(setup)
    may_be = [i for i in range(x.shape[1]) if _may_be_code(x[:, i])]
    plain = _skill(setup, x, test) if may_be else 0.0
    codes = [i for i in may_be if _tells_more(setup, _as_categories(setup, [i]), plain)]
    return tuple(codes), _as_categories(setup, codes) - plain if codes else 0.0


def tables_given(setup: Setup) -> tuple[Array, Array]:
    """Return both tables as they are given, whatever the model makes of their numbers first."""
    return filled(setup.train[0]), filled(setup.test[0])


def _tells_more(setup: Setup, as_category: float, plain: float) -> bool:
    """Tell whether a feature gains as categories, by more than the rows scored on scatter."""
    return as_category - plain > margin(setup.task, as_category, setup.test[1])


def _may_be_code(column: Array) -> bool:
    values = np.unique(column)
    return CODES[0] <= len(values) <= CODES[1] and bool((values == np.rint(values)).all())


def _as_categories(setup: Setup, codes: list[int]) -> float:
    tables = tables_given(setup)
    values = {i: np.unique(tables[0][:, i]) for i in codes}
    pairs = [with_categories(x, values) for x in tables]
    return _skill(setup, *pairs)


def with_categories(x: Array, values: dict[int, Array]) -> Array:
    """Return a table with a column for every value of some features, in place of these."""
    columns = [x[:, [i]] == known for i, known in values.items()]
    return np.concatenate([np.delete(x, list(values), axis=1), *columns], axis=1)


def _skill(setup: Setup, x: Array, test: Array) -> float:
    return linear_skill(setup.task, (x, setup.train[1]), (test, setup.test[1]))
