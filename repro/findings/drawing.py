"""The parts that drawings share: variants, their colours, and values that can be drawn."""

import warnings
from typing import get_args

import numpy as np
import pandas as pd
import seaborn as sns
from numpy.typing import ArrayLike, NDArray

from repro.findings.wording import words
from repro.study.schema import Group, Study, Variant

PALETTE = dict(
    zip(get_args(Group), [sns.color_palette("colorblind")[i] for i in (3, 4, 0, 2, 7)], strict=True)
)
HUGE = 1e100  # beyond it, matplotlib's arithmetic overflows


def present_variants(study: Study, table: pd.DataFrame) -> dict[str, Variant]:
    """Return the study's named variants that are in a table, in the study's order."""
    names = set(table["variant"].unique())
    return {name: variant for name, variant in study.variants.items() if name in names}


def metric_label(study: Study) -> str:
    """Return the label of an axis for the study's metric."""
    return f"{words(study.metric)} ({study.better} is better)"


def drawable(values: ArrayLike) -> NDArray[np.float64]:
    """Return values as floats, with NaN, which is not drawn, in place of those beyond `HUGE`."""
    numbers = np.asarray(values, float)
    return np.where(np.abs(numbers) <= HUGE, numbers, np.nan)


def shows_any(values: ArrayLike, *, log: bool) -> bool:
    """Return True if an axis, linear or logarithmic, can show any of these values."""
    numbers = drawable(values)
    return bool((numbers > 0).any() if log else np.isfinite(numbers).any())


def is_logarithmic(study: Study, values: ArrayLike) -> bool:
    """Return True if the study asks for a logarithmic axis, and one can show any of the values."""
    return study.log_scale and shows_any(values, log=True)


def warn_of_blank(study: Study, variant: str, *, log: bool) -> None:
    """Warn that a drawing has nothing of a variant, since its axis can show none of the values."""
    axis = "a logarithmic axis" if log else "an axis"
    warnings.warn(
        f"{study.name}: {variant} has no {study.metric} that {axis} can show; it is left blank",
        stacklevel=2,
    )
