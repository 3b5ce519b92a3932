"""The tables of what was measured, in Markdown."""

import numpy as np
import pandas as pd

from bench.coverage.measures import SEEDS
from bench.coverage.populations import POPULATIONS
from repro.findings import statistics
from repro.findings.markdown import markdown_table

CLOSE = (0.93, 0.97)  # coverage that passes for 95 %


def percent(share: float, level: float = 0.95) -> str:
    """Return a share in percent; bold if it falls short of the level by more than 2 points."""
    text = f"{100 * share:.1f}"
    return f"**{text}**" if share < level - statistics.SHORTFALL else text


def populations_table(table: pd.DataFrame) -> str:
    """Return coverage by population: the method in use by n, and all methods at n = 30."""
    others = ["BCa", "percentile", "bootstrap t", "Student's t", "Hall"]
    cells = table.set_index(["level", "population", "n", "method"]).coverage
    rows = []
    for name in POPULATIONS:
        ours = [percent(cells[0.95, name, n, "ours"]) for n in SEEDS]
        beside = [percent(cells[0.95, name, 30, method]) for method in others]
        at_90 = percent(cells[0.9, name, 30, "ours"], level=0.9)
        rows.append([name, *ours, at_90, *beside])
    headings = [f"n = {n:,}" for n in SEEDS] + ["90 %, n = 30"]
    headings += [f"{method}, n = 30" for method in others]
    return markdown_table(["population", *headings], rows)


def samples_table(table: pd.DataFrame) -> str:
    """Return what is said of samples of 30."""
    columns = ["missed", "stated", "marked", "missed_unmarked", "p_below_5", "p_alone"]
    columns.append("interval_alone")
    rows = [
        [row["population"], *(f"{100 * row[column]:.1f}" for column in columns)]
        for row in table[table.n == 30].to_dict("records")
    ]
    headings = ["population", "interval misses", "mean stated coverage", "marked unreliable"]
    headings += ["misses and is not marked", "p < 0.05", "of these inside the interval"]
    headings.append("outside the interval, p above")
    return markdown_table(headings, rows)


def studies_table(table: pd.DataFrame) -> str:
    """Return for each study and number of seeds how many columns are covered how well."""
    groups = table.groupby(["study", pd.cut(table.n, [0, 20, 99, 999, 1_000])], observed=True)
    rows = [_studies_row(study, columns) for (study, _), columns in groups]
    headings = ["study", "seeds", "columns", "93 to 97 %", "above", "below", "of these marked"]
    headings += ["marked", "below with BCa"]
    return markdown_table(headings, [*rows, _studies_row("all", table)])


def _studies_row(study: str, columns: pd.DataFrame) -> list[object]:
    short, marked = columns.ours < CLOSE[0], columns.stated < CLOSE[0]
    bca = columns.BCa.dropna()  # of up to 100 seeds
    return [
        study,
        " to ".join(f"{n:,}" for n in sorted({columns.n.min(), columns.n.max()})),
        len(columns),
        columns.ours.between(*CLOSE).sum(),
        (columns.ours > CLOSE[1]).sum(),
        short.sum(),
        (short & marked).sum(),
        marked.sum(),
        f"{(bca < CLOSE[0]).sum()} of {len(bca)}" if len(bca) else "–",
    ]


def others_table(table: pd.DataFrame) -> str:
    """Return the coverage of the intervals of rates and ratios."""
    wide = table.pivot_table(index=["interval", "of"], columns="n", values="coverage", sort=False)
    rows = [
        [*names, *("–" if np.isnan(cell) else percent(cell) for cell in cells)]
        for names, cells in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    return markdown_table(["interval", "of", *(f"n = {n:,}" for n in wide.columns)], rows)
