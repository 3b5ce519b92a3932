"""Time contenders in turns: medians of several rounds, and ratios to the first contender."""

import importlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import pandas as pd
from rich.console import Console
from rich.progress import track
from rich.table import Table

from repro.running.processes import cores

RESULTS = Path(__file__).parent / "results"
REPEATS = 3
CORES = cores()
STUDIES = ("truth_table", "relu_at_zero", "add_numbers", "four_layers")
BENCHES = ("fit_seeds", "jobs", *STUDIES, "relu_health", "commands")

Contest = Mapping[str, Callable[[], float]]  # each contender's seconds; the first is the measure


def seconds(job: Callable[[], object], times: int = 1) -> float:
    """Return the wall time of a call, the mean of so many."""
    start = time.perf_counter()
    for _ in range(times):
        job()
    return (time.perf_counter() - start) / times


def hold(contests: Mapping[str, Contest], repeats: int = REPEATS) -> pd.DataFrame:
    """Return every contender's median seconds, and how many times faster it is than the first."""
    rows = []
    for job, contest in contests.items():
        rounds = [
            {name: contender() for name, contender in contest.items()}
            for _ in track(range(repeats), job, console=Console(stderr=True), transient=True)
        ]
        medians = {name: median(r[name] for r in rounds) for name in contest}
        first = next(iter(medians.values()))
        rows += [(job, name, float(f"{s:.4g}"), round(first / s, 2)) for name, s in medians.items()]
    return pd.DataFrame(rows, columns=["job", "contender", "seconds", "times_first"])


def held(bench: str) -> pd.DataFrame:
    """Hold the contests of a module of this package, in as many rounds as it says."""
    module = importlib.import_module(f"bench.{bench}")
    return hold(module.contests(), getattr(module, "REPEATS", REPEATS))


def run(bench: str) -> pd.DataFrame:
    """Hold the contests of a module of this package; keep and return the table."""
    table = held(bench)
    table.to_csv(RESULTS / f"{bench}.csv", index=False, lineterminator="\n")
    return table


def show(table: pd.DataFrame) -> None:
    """Print a table."""
    drawn = Table(box=None)
    for column in table:
        text = column in ("bench", "job", "contender", "scene", "stage")
        drawn.add_column(column.replace("_", " "), justify="left" if text else "right")
    for row in table.itertuples(index=False):
        drawn.add_row(*map(str, row))
    Console().print(drawn)
