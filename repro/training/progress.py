"""A progress bar for many seeds, or a line an epoch."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from repro.training.job import Job
from repro.training.shown import counted
from repro.training.trainer import Advance

VERBOSE = ("auto", 0, 1, 2)


@contextmanager
def progress(
    job: Job, seeds: Sequence[int], verbose: int | str, *, noun: str = "seed"
) -> Iterator[Advance]:
    """Yield a function to call after each epoch with the number of seeds and their logs.

    Args:
        job: what is trained.
        seeds: of which each is shown as one.
        verbose: as in `fit_seeds`.
        noun: what each is called; the models of a grid have seeds in common.

    Raises:
        ValueError: if `verbose` is none of "auto", 0, 1 and 2.
    """
    if verbose not in VERBOSE:
        raise ValueError(f'verbose must be one of "auto", 0, 1, 2, got {verbose!r}')
    if verbose == "auto":
        verbose = int(sys.stderr.isatty() or _in_notebook())
    if verbose == 2:
        yield partial(_print_line, noun)
    elif verbose == 1:
        epochs = len(seeds) * (job.epochs - job.initial_epoch)
        with _bar(counted(len(seeds), noun), epochs) as advance:
            yield advance
    else:
        yield lambda count, logs: None


@contextmanager
def _bar(title: str, epochs: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} epochs"),
        TimeElapsedColumn(),
        TextColumn("so far,"),
        TimeRemainingColumn(),
        TextColumn("to go{task.fields[loss]}"),
    )
    # A notebook shows a terminal's bar as it is. What rich has for notebooks needs ipywidgets.
    notebook = _in_notebook()
    console = Console(stderr=True, force_jupyter=False, force_terminal=notebook or None)
    # A notebook keeps all that is ever written, so that there the bar moves once an epoch.
    with Progress(*columns, console=console, auto_refresh=not notebook) as bar:
        task = bar.add_task(title, total=epochs, loss="")

        def advance(count: int, logs: dict[str, Any]) -> None:
            bar.update(task, advance=count, loss=_mean_loss(logs), refresh=notebook)

        yield advance
        bar.update(task, total=bar.tasks[0].completed)  # callbacks may have stopped some earlier


def _in_notebook() -> bool:
    """Return whether a Jupyter kernel runs this; a terminal's IPython is a terminal."""
    shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"


def _print_line(noun: str, count: int, logs: dict[str, Any]) -> None:
    means = {name: np.mean(values) for name, values in logs.items() if name != "epoch"}
    text = " - ".join(f"{name}: {mean:.4g}" for name, mean in means.items())
    print(f"{counted(count, noun)}, mean of each: {text}")


def _mean_loss(logs: dict[str, Any]) -> str:
    return f"; loss {np.mean(logs['loss']):.4g}" if "loss" in logs else ""
