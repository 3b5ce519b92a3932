"""The audit of a hand-written step: a table, the causes in it, and how it is printed."""

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from repro.instruments.gradient_audit.explanations import NONE
from repro.instruments.gradient_audit.reference import AGREEMENT

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

SHOWN = {  # in a notebook
    "parameter": "parameter",
    "cosine": "cosine",
    "relative_error": "relative error",
    "norm_ratio": "norm ratio",
    "missing_factor": "missing factor",
}


@dataclass(frozen=True)
class Audit:
    """The gradient that a step implies, beside the true one: one row of `table` per array.

    Columns of `table`:
        layer, parameter, kind: name the array; layers count from 1; kind is "weights" or "bias".
        cosine: that of the angle between implied and true gradient; NaN if either is zero.
        relative_error: |implied - true| / |true|, Euclidean norms.
        norm_ratio: |implied| / |true|.
        missing_factor: the single cause that explains the difference to rounding; "none" if there
            is no difference, "unexplained", or "not compared" (`status` says why).
        also_fits: other causes that give the same numbers on these data, joined by "; ".
        reference_error: largest difference between the true gradient and central differences,
            relative to its largest entry; NaN if not checked.
        status: "ok", or one of the words that `notes` explain: kink, unconfirmed, lost in rounding,
            missing, not numeric, shape changed, not finite.

    `loss` is the loss at the parameters, before the step.

    Examples:
        `audit` as in `gradient_audit`; `print(audit)` shows it as a table:

        >>> audit.table[["parameter", "cosine", "norm_ratio"]].round(3).to_dict("records")
        [{'parameter': 'W', 'cosine': 1.0, 'norm_ratio': 0.5}]
    """

    table: pd.DataFrame
    loss: float
    notes: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        """True if every array moves along the true gradient, to rounding."""
        return bool((self.table["missing_factor"] == NONE).all())

    @property
    def causes(self) -> dict[str, list[str]]:
        """The names of the parameters that each cause of a difference explains, by cause."""
        wrong = self.table[self.table["missing_factor"] != NONE]
        groups = wrong.groupby("missing_factor", sort=False)["parameter"]
        return {str(cause): list(names) for cause, names in groups}

    def __repr__(self) -> str:
        wrong = (f"{cause} ({', '.join(names)})" for cause, names in self.causes.items())
        outcome = "the gradient is right" if self.is_right else "; ".join(wrong)
        return f"<Audit: {outcome}\n print() it, or .table, .causes>"

    def _repr_html_(self) -> str:
        shown = self.table[list(SHOWN)].rename(columns=SHOWN)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return shown.to_html(index=False, na_rep="", float_format="{:.3g}".format) + notes

    def __str__(self) -> str:
        from repro.findings.terminal import text_of

        return text_of(lambda console: console.print(self)).removesuffix("\n")

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        from rich import box
        from rich.table import Table
        from rich.text import Text

        shown = Table("parameter", box=box.SIMPLE_HEAD)
        for heading in ("cosine", "relative error", "norm ratio"):
            shown.add_column(heading, justify="right", no_wrap=True)
        shown.add_column("missing factor")
        for row in self.table.to_dict("records"):
            style = "green" if row["missing_factor"] == NONE else "red"
            numbers = (_shorten(row[c]) for c in ("cosine", "relative_error", "norm_ratio"))
            shown.add_row(row["parameter"], *numbers, Text(row["missing_factor"], style=style))
        yield shown
        if (self.table["reference_error"] <= AGREEMENT).all():
            yield Text("Central differences confirm TensorFlow's gradient.")
        yield from (Text(note) for note in self.notes)


def _shorten(number: float) -> str:
    """Return three digits; what rounding leaves of a zero is no number to read."""
    if np.isnan(number):
        return "-"
    return "< 1e-12" if 0 < abs(number) < 1e-12 else f"{number:.3g}"
