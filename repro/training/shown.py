"""A fit as a table and as curves; none of it touches its numbers."""

import base64
import io
import math
import re
from collections.abc import Hashable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from repro.findings.numbers import digits_between, number
from repro.findings.statistics import (
    ANY_NUMBER,
    FEWEST,
    LEVEL,
    UNKNOWN,
    Interval,
    mean_interval,
)
from repro.findings.wording import counted as counted  # for what else is shown of a training

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (5, 3)  # of a figure, in inches
BAR = 8  # points that an interval is wide in place of a band
POSSIBLE = {  # by the ends of names, as Keras has them
    ("accuracy", "acc", "precision", "recall", "auc"): (0.0, 1.0),
    ("squared_error", "absolute_error", "mse", "mae", "crossentropy"): (0.0, math.inf),
}


class Shown:
    """A fit with the history `frame`, one row a seed and epoch, to be looked at."""

    frame: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """Return one row a metric: what the last epoch gave, over the seeds.

        Columns: `mean`, `ci_low`, `ci_high` (95 % interval of the mean; NaN of fewer than six
        seeds), `least`, `greatest`, `n` (seeds whose last value is finite) and `diverged` (those
        whose is not). The others are over the finite values alone. The interval of an accuracy, or
        of another metric whose name says what it can be, stays between what is possible; that of a
        loss, which may be any number, can begin below 0.

        Examples:
            >>> fit.summary().loc["loss", ["n", "diverged"]].tolist()
            [8, 0]
        """
        last = self._last().drop(columns="epoch", errors="ignore")
        columns = {str(name): values for name, values in last.items() if not _has_text(values)}
        rows = {name: _row(values.to_numpy(float), name) for name, values in columns.items()}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("metric")

    def _last(self) -> pd.DataFrame:
        """Return one row a seed: what it logged last of each column, be it a number or none."""
        raise NotImplementedError

    def plot(self, metric: str = "loss", axes: "Axes | None" = None) -> "Axes":
        """Draw a metric over the epochs: every seed thin, their mean thick with its 95 % interval.

        The metric's validation, where there is one, is dashed.

        Args:
            metric: a column of `frame`.
            axes: to draw into; new ones of pyplot, which a notebook shows, if None.

        Returns:
            The matplotlib axes.

        Raises:
            KeyError: for a metric that there is not; it names those that there are.

        Examples:
            >>> axes = fit.plot("loss")
            >>> axes.get_xlabel()
            'epoch'
        """
        names = [name for name in (metric, f"val_{metric}") if name in self.frame]
        if metric not in names:
            raise KeyError(_no_metric(metric, self.frame))
        if axes is None:
            from matplotlib import pyplot

            axes = _whole_epochs(pyplot.figure(figsize=SIZE, layout="constrained").subplots())
        for name, line in zip(names, ("-", "--"), strict=False):
            _draw(axes, self.frame, name, line)
        axes.set(xlabel="epoch", ylabel=metric.replace("_", " "))
        axes.legend(frameon=False, title=_drawn(self.frame["seed"].nunique()), alignment="left")
        return axes

    def _repr_html_(self) -> str:
        if "loss" not in self.frame:
            return f"<p>{counted(self.frame['seed'].nunique(), 'seed')}, no epochs</p>"
        from matplotlib.figure import Figure

        image, figure = io.BytesIO(), Figure(figsize=SIZE, layout="constrained")
        self.plot(axes=_whole_epochs(figure.subplots()))
        figure.savefig(image, format="png", dpi=110)
        code = base64.b64encode(image.getvalue()).decode()
        table = _as_text(self.summary()).to_html()
        return f'{table}<img alt="loss over the epochs" src="data:image/png;base64,{code}">'


def _as_text(summary: pd.DataFrame) -> pd.DataFrame:
    """Return a summary's numbers as texts, with digits that tell the limits apart."""
    digits = list(map(digits_between, summary["ci_low"], summary["ci_high"]))
    numbers = summary.drop(columns=["n", "diverged"])
    texts = {str(name): list(map(number, numbers[name], digits)) for name in numbers}
    return summary.assign(**texts)


def _has_text(values: pd.Series) -> bool:
    # which callbacks may log
    return any(isinstance(value, str | dict) for value in values)


def _no_metric(name: str, frame: pd.DataFrame) -> str:
    known = [str(column) for column in frame if column not in ("seed", "epoch")]
    nearest = get_close_matches(str(name), known, n=1)
    meant = f"did you mean {nearest[0]!r}? There" if nearest else "there"
    return f"there is no metric {name!r}; {meant} are {', '.join(known)}"


def _whole_epochs(axes: "Axes") -> "Axes":
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return axes


def _drawn(seeds: int) -> str:
    if seeds == 1:
        return "one seed"
    return f"mean of {seeds} seeds{', 95 % interval' if seeds >= FEWEST else ''}"


def _interval(values: np.ndarray, name: str) -> Interval:
    """Return the interval of a metric's mean, within what its name says is possible.

    It is of the finite values, and unknown of fewer than `FEWEST`.
    """
    values = values[np.isfinite(values)]
    if values.size < FEWEST:
        return UNKNOWN
    kind = re.sub(r"_\d+$", "", name)  # Keras counts metrics of one name
    ends = (range_ for endings, range_ in POSSIBLE.items() if kind.endswith(endings))
    low, high = next(ends, ANY_NUMBER)
    is_so = values.min() >= low and values.max() <= high  # names are the user's
    return mean_interval(values, level=LEVEL, metric_range=(low, high) if is_so else ANY_NUMBER)


def _row(values: np.ndarray, name: str) -> dict[Hashable, float]:
    finite = values[np.isfinite(values)]
    names: tuple[Hashable, ...] = ("mean", "ci_low", "ci_high", "least", "greatest")
    numbers = dict.fromkeys(names, math.nan)
    if finite.size:
        limits = _interval(finite, name)
        numbers = {
            "mean": float(finite.mean()),
            "ci_low": limits.low,
            "ci_high": limits.high,
            "least": float(finite.min()),
            "greatest": float(finite.max()),
        }
    return {**numbers, "n": finite.size, "diverged": values.size - finite.size}


def _draw(axes: "Axes", frame: pd.DataFrame, name: str, line: str) -> None:
    """Draw a metric; epochs that no seed has it of, as a validation's may be, break no line."""
    wide = frame.pivot(index="epoch", columns="seed", values=name).dropna(how="all")
    style: dict[str, Any] = {"linestyle": line, "marker": "o" if len(wide) == 1 else ""}
    mean = axes.plot(wide.index, wide.mean(axis=1), **style, linewidth=2, label=name)[0]
    color = mean.get_color()
    axes.plot(wide.index, wide, **style, color=color, alpha=0.25, linewidth=0.7)
    if wide.shape[1] >= FEWEST and len(wide):
        low, high = np.transpose([_interval(values, name) for values in wide.to_numpy(float)])
        axes.fill_between(wide.index, low, high, color=color, alpha=0.2, lw=0)
        if len(wide) == 1:  # a band of no width
            axes.vlines(wide.index, low, high, color=color, alpha=0.2, linewidth=BAR)
