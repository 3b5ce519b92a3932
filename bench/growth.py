"""`python -m bench.growth`: how time and memory grow with seeds, hidden width and batch size.

The MNIST thread's ReLU network on 12,000 images, five passes over them. A point is a process of its
own, so that its memory is; in it three whole calls, graphs and all, of which the median counts.
"""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
import psutil
from matplotlib.figure import Figure
from rich.progress import track

from bench.contest import RESULTS, show
from bench.mnist_job import ONE_THREAD, PLAIN, Job, in_another_process

IMAGES, EPOCHS, REPEATS = 12_000, 5, 3
USUAL = {"seeds": 16, "hidden_units": 100, "batch_size": 100}
AXES = {
    "seeds": (1, 2, 4, 16, 64, 256),
    "hidden_units": (10, 30, 100, 300, 1000, 2000),
    "batch_size": (10, 30, 100, 300, 1000),
}
TUNED, FUSED = "fit, steps_per_execution=100", "fit_seeds"
TICKS = {"seconds": (0.1, 0.2, 0.5, 1, 2, 5, 10), "mib": (100, 200, 500, 1000)}
NAMES = {"seeds": "seeds in a call", "hidden_units": "hidden units", "batch_size": "batch size"}


def measure(contender: str, seeds: int, hidden_units: int, batch_size: int) -> dict[str, float]:
    """Return a contender's seconds a run, and the MiB that training needed at its peak."""
    job = Job(EPOCHS, batch_size, IMAGES, hidden_units=hidden_units)
    calls = {PLAIN: job.plain, TUNED: lambda: job.plain(100), FUSED: lambda: job.fused(seeds)}
    with peak_memory() as peak:
        seconds = [calls[contender]() for _ in range(REPEATS)]
    return {"seconds": median(seconds), "mib": peak[0]}


@contextmanager
def peak_memory() -> Iterator[list[float]]:
    """Yield a list whose one element is how many MiB this process grew by, at most, within."""
    memory = psutil.Process().memory_info
    start, peak, ended = memory().rss, [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            peak[0] = max(peak[0], (memory().rss - start) / 2**20)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()


def points() -> list[dict[str, Any]]:
    """Return what is to be measured: one setting moves, the others stay as usual."""
    return [
        {"axis": axis, "contender": contender, **USUAL, axis: value}
        for axis, values in AXES.items()
        for value in values
        for contender in (PLAIN, TUNED, FUSED)
        if axis != "seeds" or contender == FUSED  # a call of fit has one seed
    ]


def result(point: dict[str, Any]) -> dict[str, Any]:
    """Return the point with what was measured, in a process of its own."""
    arguments = {name: value for name, value in point.items() if name != "axis"}
    flags = ONE_THREAD if point["contender"] == FUSED else {}
    measured = in_another_process("bench.growth", arguments, flags)
    return point | {name: float(f"{value:.4g}") for name, value in measured.items()}


def draw(table: pd.DataFrame) -> Figure:
    """Draw seconds a run and memory against each axis, all logarithmic.

    What `fit` takes does not depend on the number of seeds: a line at what it takes as usual.
    """
    import seaborn as sns

    figure = Figure(figsize=(7, 4.6), layout="constrained")
    grid = figure.subplots(2, len(AXES), sharex="col", sharey="row")
    usual = table[(table.axis == "hidden_units") & (table.hidden_units == USUAL["hidden_units"])]
    colors = dict(zip((PLAIN, TUNED, FUSED), sns.color_palette("colorblind"), strict=False))
    for row, measured in zip(grid, TICKS, strict=True):
        for axes, (axis, values) in zip(row, AXES.items(), strict=True):
            if axis == "seeds":
                for peer in usual[usual.contender != FUSED].itertuples():
                    line = {"color": colors[peer.contender], "linewidth": 1.2}
                    axes.axhline(getattr(peer, measured), **line, zorder=0)
            sns.lineplot(
                table[table.axis == axis],
                x=axis,
                y=measured,
                hue="contender",
                style="contender",
                hue_order=colors,
                style_order=colors,
                palette=colors,
                markers=True,
                dashes=False,
                markersize=6,
                ax=axes,
                legend=axes is grid[0, -1],
            )
            axes.set(xscale="log", yscale="log", xlabel=NAMES[axis])
            axes.set_xticks(values, [f"{v // 1000}k" if v >= 1000 else v for v in values])
            axes.set_yticks(TICKS[measured], [f"{tick:g}" for tick in TICKS[measured]])
            axes.minorticks_off()
            axes.grid(axis="y", color="0.9", linewidth=0.6)
    grid[0, 0].set_ylabel("seconds a run")
    grid[1, 0].set_ylabel("peak memory of training, MiB")
    handles, labels = grid[0, -1].get_legend_handles_labels()
    grid[0, -1].get_legend().remove()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return figure


def main() -> None:
    """Measure every point, or the one in the arguments; keep table and figure."""
    if sys.argv[1:]:
        from repro.training import quiet  # noqa: F401

        print(json.dumps(measure(**json.loads(sys.argv[1]))))
        return
    rows = [result(p) for p in track(points(), "points", transient=True)]
    table = pd.DataFrame(rows)
    table.to_csv(RESULTS / "growth.csv", index=False, lineterminator="\n")
    redraw(table)
    show(table)


def redraw(table: pd.DataFrame, folder: Path = RESULTS) -> None:
    """Write the figure as PNG and SVG."""
    from repro.findings.figures import save
    from repro.findings.media import style

    with style():
        save(draw(table), folder / "growth")


if __name__ == "__main__":
    main()
