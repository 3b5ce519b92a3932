"""`python -m bench.coverage`: how often the intervals that are printed hold what they are about.

Samples are drawn from populations whose mean is known, and intervals counted that hold it. The
populations are textbook ones, ones with rare failures, and every column of the committed runs,
smoothed. Beside the method in use stand those that it was chosen from.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pandas as pd

from bench.contest import RESULTS
from bench.coverage.measures import (
    measure_others,
    measure_populations,
    measure_samples,
    measure_studies,
)
from bench.coverage.tables import others_table, populations_table, samples_table, studies_table
from bench.pages import splice

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
TABLES: dict[str, tuple[Callable[[int], Iterator[dict[str, Any]]], Callable[[Any], str]]] = {
    "coverage": (measure_populations, populations_table),
    "coverage_samples": (measure_samples, samples_table),
    "coverage_studies": (measure_studies, studies_table),
    "coverage_others": (measure_others, others_table),
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(TABLES)))
@click.option("--samples", default=2_000, show_default=True, help="Samples of each population.")
def main(names: tuple[str, ...], samples: int) -> None:
    """Measure the coverage of all intervals; print it, keep it and write it into the page."""
    for name in names or TABLES:
        measure, in_markdown = TABLES[name]
        table = pd.DataFrame(measure(samples))
        table.round(4).to_csv(RESULTS / f"{name}.csv", index=False, lineterminator="\n")
        print(in_markdown(table), end="\n\n")
        text = PAGE.read_text(encoding="utf-8")
        block = in_markdown(table)
        PAGE.write_text(splice(text, name.replace("_", " "), block), encoding="utf-8")


if __name__ == "__main__":
    main()
