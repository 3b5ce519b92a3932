"""Sizes and type of figures, for a screen and for an article."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import matplotlib as mpl
import seaborn as sns

RC = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.family": "DejaVu Sans",
    "svg.hashsalt": "repro-relu",  # else every drawing has other ids
    "svg.fonttype": "path",
    "figure.dpi": 200,  # of the PNG, too: text is measured once for both
}
# Computer Modern as matplotlib has it, so that no TeX is needed; what it lacks comes from the next.
SERIF = ["cmr10", "STIXGeneral", "DejaVu Serif"]
ARTICLE_RC = RC | {
    "font.family": SERIF,
    "mathtext.fontset": "cm",
    "axes.formatter.use_mathtext": True,
    "axes.unicode_minus": False,
    "pdf.fonttype": 42,  # TrueType: what publishers take; matplotlib's default is Type 3
    "figure.dpi": 300,
}
COLUMN_RC = ARTICLE_RC | {
    "font.size": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
}
# matplotlib's cmr10 has other glyphs at these characters' places; its mathematics has them.
# Braces keep it from spacing them as relations.
NOT_IN_CMR10 = {c: f"$\\{c}$" for c in "_{}"} | {c: f"${{{c}}}$" for c in "<>|"}
NOT_IN_CMR10["\\"] = r"$\backslash$"


@dataclass(frozen=True)
class Medium:
    """Sizes and style of a drawing; lengths in inches, type sizes in points."""

    rc: Mapping[str, Any]
    width: float
    row: float  # height of a variant
    curves: float  # height of the figure of learning curves
    label_width: int  # characters of a line's label
    label_size: float
    label_gap: float  # between lines' labels, as a share of the axes' height
    tallest: float
    titled: bool = True  # in an article the caption says it
    glyphs: Mapping[str, str] = field(default_factory=dict)

    def title(self, title: str) -> str:
        """Return what stands over a drawing: where a caption says it, room for what is there."""
        return self.text(title) if self.titled else " "

    def text(self, text: str) -> str:
        """Return a study's text so that it is drawn as it is: no character starts mathematics."""
        return "".join({"$": r"\$", **self.glyphs}.get(c, c) for c in text)


SCREEN = Medium(
    RC,
    width=7,
    row=0.27,
    curves=3.4,
    label_width=40,
    label_size=8,
    label_gap=0.055,
    tallest=math.inf,
)
# One column of a two-column article: IEEE's is 3.5 inches wide, ACM's 3.33.
COLUMN = Medium(
    COLUMN_RC,
    width=3.33,
    row=0.2,
    curves=2.2,
    label_width=18,
    label_size=6,
    label_gap=0.055,
    tallest=8,
    titled=False,
    glyphs=NOT_IN_CMR10,
)
# Both columns, 7 inches: the width that the drawings of mechanisms are made for.
PAGE = replace(SCREEN, rc=ARTICLE_RC, tallest=8, titled=False, glyphs=NOT_IN_CMR10)


@contextmanager
def style(medium: Medium = SCREEN) -> Iterator[None]:
    """Draw in the package's one style, whatever the reader's matplotlib is set to."""
    with mpl.rc_context():
        mpl.rcdefaults()
        sns.set_theme(context="paper", style="ticks", palette="colorblind", rc=dict(medium.rc))
        yield
