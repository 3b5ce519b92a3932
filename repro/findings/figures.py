"""A study's figures, drawn from its tables alone: the same tables give the same bytes."""

import re
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from repro.findings.drawings.curves import draw_curves
from repro.findings.drawings.fixes import draw_fixes
from repro.findings.drawings.runs import draw_runs
from repro.findings.drawings.shared import HUGE, drawable
from repro.findings.drawings.sweep import draw_sweep
from repro.findings.media import style
from repro.store.files import write_whole
from repro.store.results import figures_of
from repro.study.experiments import find_mechanism
from repro.study.models import Study

UNDATED: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
MARGIN = 0.1  # inches around a figure
# Rounding may leave -1e-14 in one process and 1e-14 in another where a layout's corner is 0.
NEGATIVE_ZERO = re.compile(rb"""(?<=[ "(,])-0(?=[ "),\n])""")
MOST_MARKED = 100  # characters


def draw_figures(
    study: Study,
    runs: pd.DataFrame,
    curves: pd.DataFrame,
    folder: Path,
    names: Sequence[str] = (),
    *,
    mark: str = "",
) -> None:
    """Draw a study's figures, or those of these names, into its results folder, as PNG and SVG.

    `fixes`: the failing network and what recovers it; `runs`: every run of every named variant;
    `learning_curves`: the headline metric of the few that matter, as training goes on; `mechanism`:
    what the module `repro.NAME.mechanism` draws, if the tables hold what it needs; `sweep`: what
    each combination of a sweep gave. A `mark` is written on each.
    """
    drawings: dict[str, Callable[[], Figure | None]] = {
        "fixes": lambda: draw_fixes(study, runs),
        "runs": lambda: draw_runs(study, runs),
        "learning_curves": lambda: draw_curves(study, curves),
        "mechanism": lambda: draw_mechanism(study, runs, curves),
        "sweep": lambda: draw_sweep(study, runs),
    }
    for name in names or figures_of(study):
        with style():
            figure = drawings[name]()
            if figure is not None:
                save(figure, folder / name, mark)


def save(figure: Figure, path: Path, mark: str = "") -> None:
    """Write a figure as PNG and SVG, a mark on it; the same figure gives the same bytes."""
    if layout := figure.get_layout_engine():
        layout.execute(figure)
    figure.set_layout_engine(None)  # not again for each form: that is most of the time
    write_mark(figure, mark)
    content = figure.get_tightbbox().padded(MARGIN)
    for form in ("png", "svg"):
        write_whole(path.with_suffix(f".{form}"), rendered(figure, form, bbox_inches=content))


def write_mark(figure: Figure, mark: str) -> None:
    """Write a line at the foot of a figure, in red; nothing if there is none."""
    if mark:
        text = mark[:MOST_MARKED]
        figure.text(0.01, 0.0, text, color="red", va="bottom", size=7, parse_math=False)


def rendered(figure: Figure, form: str, **options: Any) -> bytes:
    """Return a figure's bytes as `png`, `svg` or `pdf`, without dates or names of programs."""
    content = BytesIO()
    figure.savefig(content, format=form, metadata=UNDATED[form], **options)
    return NEGATIVE_ZERO.sub(b"0", content.getvalue()) if form == "svg" else content.getvalue()


def draw_mechanism(study: Study, runs: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw why it happened, with the study's own module; None if it has none or lacks runs."""
    mechanism = find_mechanism(study.name)
    if mechanism is None or not set(mechanism.VARIANTS) <= set(runs.variant):
        return None
    return mechanism.draw(_finite(runs), _finite(curves))


def _finite(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without the numbers that are too large to be drawn."""
    numbers = table.select_dtypes("float")
    huge = [name for name in numbers if (numbers[name].abs() > HUGE).any()]
    return table.assign(**{name: drawable(table[name]) for name in huge}) if huge else table
