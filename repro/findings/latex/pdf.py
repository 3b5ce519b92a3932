"""A study's figures as PDF for an article: as wide as its columns, in type like TeX's."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text

from repro.findings.drawings.curves import draw_curves
from repro.findings.drawings.fixes import draw_fixes
from repro.findings.drawings.runs import draw_runs
from repro.findings.figures import draw_mechanism, rendered, write_mark
from repro.findings.media import COLUMN, PAGE, SERIF, Medium, style
from repro.study.models import Study


def pdf_figures(
    study: Study, runs: pd.DataFrame, curves: pd.DataFrame, mark: str = ""
) -> dict[str, bytes]:
    """Return a study's figures by file name: the same tables, the same bytes.

    `runs.pdf` and `learning_curves.pdf` are one column wide, `fixes.pdf` and `mechanism.pdf` two;
    all but the first only if the study has them. A `mark` is written on each.
    """
    drawings = {
        "fixes.pdf": (PAGE, lambda: draw_fixes(study, runs, PAGE)),
        "runs.pdf": (COLUMN, lambda: draw_runs(study, runs, COLUMN)),
        "learning_curves.pdf": (COLUMN, lambda: draw_curves(study, curves, COLUMN)),
        "mechanism.pdf": (PAGE, lambda: draw_mechanism(study, runs, curves)),
    }
    files = {}
    for name, (medium, draw) in drawings.items():
        with _typeset(medium):
            if (figure := draw()) is not None:
                write_mark(figure, mark)
                files[name] = _pdf(figure)
    return files


@contextmanager
def _typeset(medium: Medium) -> Iterator[None]:
    # fontTools remarks on the dates within matplotlib's own fonts
    logger = logging.getLogger("fontTools")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with style(medium):
            yield
    finally:
        logger.setLevel(level)


def _pdf(figure: Figure) -> bytes:
    for text in figure.findobj(Text):
        # Computer Modern's bold is a family of its own; its mathematics has Greek by name only
        if text.get_fontweight() == "bold":
            text.set_fontfamily(["cmb10", *SERIF])
            text.set_fontweight("normal")
        if "$" in text.get_text():
            text.set_text(text.get_text().replace("λ", r"$\lambda$"))
    return rendered(figure, "pdf")
