"""The diagnosis that the user gets: a conclusion that is printed, read as tables, and saved."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from repro.instruments.diagnose.report.conclusion import Conclusion
from repro.instruments.diagnose.report.tables import change_table, symptom_table
from repro.instruments.diagnose.report.text import render, show, show_details

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Diagnosis(Conclusion):
    """A conclusion that is printed, read as a table, and saved.

    Print it, or read `.verdict`, `.cause`, `.change`, `.code`, `.table`; plot it. A notebook shows
    it as it is.

    Examples:
        `diagnosis` as in `diagnose`:

        >>> print(diagnosis.code)  # the smallest change that recovers, to paste
        keras.layers.Dense(1, activation="sigmoid")  # Dense 2
        model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01), loss=model.loss)
    """

    @property
    def table(self) -> pd.DataFrame:
        """One row a change, best first, after a row for the network as it is.

        Columns: `change, says, size, skill, gain, ci_low, ci_high, superiority, n, helps, recovers,
        smallest, retuned_gain, retuned_low, retuned_high, through_rate, fails`; skills are means
        over the `n` seeds, the interval is that of the paired gain.

        Examples:
            >>> diagnosis.table.says[0]
            'the network as it is'
        """
        return change_table(self)

    def plot(self, axes: "Axes | None" = None) -> "Axes":
        """Draw what every change gains: a point a seed, the mean, its 95 % interval.

        Args:
            axes: to draw into; new ones of pyplot, which a notebook shows, if None.

        Returns:
            The matplotlib axes.

        Examples:
            >>> diagnosis.plot().get_title(loc="left")
            'What the changes recover'
        """
        from repro.instruments.diagnose.report.shown import plot

        return plot(self, axes)

    def __repr__(self) -> str:
        from repro.instruments.diagnose.report.shown import few_lines

        return few_lines(self)

    def _repr_html_(self) -> str:
        from repro.instruments.diagnose.report.shown import as_html

        return as_html(self)

    def __str__(self) -> str:
        from repro.findings.terminal import text_of

        return text_of(lambda console: show(self, console))

    @property
    def details(self) -> str:
        """All suspects, all changes that were tried, and what was left out, as text."""
        from repro.findings.terminal import text_of

        return text_of(lambda console: show_details(self, console))

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        yield from render(self)

    def save(self, folder: str | Path) -> None:
        """Write `diagnosis.txt`, `changes.csv`, `symptoms.csv` and the figures into a folder.

        Examples:
            >>> diagnosis.save("report")
        """
        from repro.findings.terminal import WIDEST, text_of
        from repro.instruments.diagnose.report.figures import draw_figures
        from repro.store.files import write_whole
        from repro.store.tables import write_table

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        parts = (text_of(partial(part, self), WIDEST) for part in (show, show_details))
        write_whole(folder / "diagnosis.txt", "\n".join(parts).encode())
        write_table(self.table, folder / "changes.csv")
        write_table(symptom_table(self), folder / "symptoms.csv")
        draw_figures(self, folder)
