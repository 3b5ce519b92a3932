"""A diagnosis in a few lines, as HTML, and as a figure; none of it touches its numbers."""

import base64
import html
from textwrap import wrap
from typing import TYPE_CHECKING

from repro.findings.figures import rendered
from repro.findings.media import style
from repro.instruments.diagnose.report.conclusion import Conclusion
from repro.instruments.diagnose.report.figures import draw_changes, draw_gains, size_of_changes
from repro.instruments.diagnose.report.tables import change_table
from repro.instruments.diagnose.report.text import MOST_CHANGES, gain_texts, headline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 77  # of the few lines, which a terminal would break within words
COLUMNS = {
    "says": "change",
    "size": "edits",
    "skill": "skill",
    "gain": "gained",
    "interval": "95 % interval",
    "recovers": "recovers",
}


def few_lines(conclusion: Conclusion) -> str:
    """Return the verdict, the skill before and after, and where the rest is."""
    skill = f"skill {conclusion.proof.original.test.mean():.2f} as it is"
    if conclusion.smallest:
        skill += f", {conclusion.smallest.skill:.2f} with the smallest change that recovers"
    tried = f"{len(conclusion.proof.judged)} changes tried over {len(conclusion.setup.seeds)} seeds"
    rest = "print() it for the whole, .code to paste, .table of the changes, .plot()"
    lines = (f"<Diagnosis: {headline(conclusion)}", f"{skill}; {tried}", f"{rest}>")
    return "\n ".join("\n  ".join(wrap(line, WIDTH)) for line in lines)


def as_html(conclusion: Conclusion) -> str:
    """Return the verdict, the code to paste, the best changes as a table, and their figure."""
    code = f"<pre>{html.escape(conclusion.code)}</pre>" if conclusion.code else ""
    table = change_table(conclusion).head(MOST_CHANGES + 1)
    gains = [("", ""), *(gain_texts(judged.gained) for judged in conclusion.proof.judged)]
    table["gain"], table["interval"] = zip(*gains[: len(table)], strict=True)
    table = table[list(COLUMNS)].rename(columns=COLUMNS)
    shown = table.to_html(index=False, na_rep="", float_format="{:.2f}".format)
    with style():
        image = base64.b64encode(rendered(draw_changes(conclusion), "png", dpi=110)).decode()
    source = f"data:image/png;base64,{image}"
    first = f"<p><b>{html.escape(headline(conclusion))}</b></p>"
    return f'{first}{code}{shown}<img alt="What every change gains" src="{source}">'


def plot(conclusion: Conclusion, axes: "Axes | None" = None) -> "Axes":
    """Draw the gain of every change; see `Diagnosis.plot`."""
    with style():
        if axes is None:
            from matplotlib import pyplot

            size = size_of_changes(conclusion)
            axes = pyplot.subplots(figsize=size, layout="constrained")[1]
        draw_gains(axes, conclusion)
    return axes
