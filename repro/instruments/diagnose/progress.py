"""Show in a terminal or a notebook how far a diagnosis is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from repro.instruments.diagnose.proof.prove import Say

VERBOSE = ("auto", 0, 1)
BAR = 12  # columns of the bar
BESIDE_TITLE = 42  # columns of the bar and the times
LEAST_TITLE = 10


@contextmanager
def progress(verbose: int | str, budget: float) -> Iterator[Say]:
    """Yield a function to call with the task at hand, its number and how many there are.

    What is none of several stays on the screen: how many there are is 0 then.

    Args:
        verbose: as in `diagnose`.
        budget: the seconds that a bar shows the passing of; how many tasks there will be in all
            is not known before the last.

    Raises:
        ValueError: if `verbose` is none of "auto", 0 and 1.
    """
    if verbose not in VERBOSE:
        raise ValueError(f'verbose must be one of "auto", 0, 1, got {verbose!r}')
    is_notebook = "ipykernel" in sys.modules
    if verbose == 0 or (verbose == "auto" and not (sys.stderr.isatty() or is_notebook)):
        yield lambda task, number, count: None
    elif is_notebook:
        rewrite = _rewriter()
        yield rewrite
        rewrite("done", 0, 0)
    else:
        with _bar(budget) as say:
            yield say


def _rewriter() -> Say:
    """Return what writes over the line before: in a notebook rich's bars need a package."""
    width = 0

    def rewrite(task: str, number: int, count: int) -> None:
        nonlocal width
        text = f"{number + 1}/{count} {task}" if count else task
        print(f"\r{text:<{width}}", end="" if count else "\n", file=sys.stderr, flush=True)
        width = len(text)

    return rewrite


@contextmanager
def _bar(budget: float) -> Iterator[Say]:
    from rich.progress import Progress

    from repro.findings.terminal import Terminal

    console = Terminal(stderr=True)
    with Progress(*_columns(budget), console=console, transient=True) as bar:
        task = bar.add_task("examining", total=None)

        def say(title: str, number: int, count: int) -> None:
            if not count:
                console.print(title, markup=False, highlight=False)
                return
            room = max(console.width - BESIDE_TITLE, LEAST_TITLE)
            short = title if len(title) <= room else f"{title[: room - 1]}…"
            bar.update(task, description=short)
            if not console.is_terminal:
                console.print(f"{number + 1}/{count} {title}", markup=False, highlight=False)

        yield say


def _columns(budget: float) -> tuple[Any, ...]:
    """Return the parts of a bar that never goes back: the task, and the time that has passed."""
    from rich.progress import ProgressColumn, TextColumn
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    class Time(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text(f"{task.elapsed or 0:.0f} s; about {budget:.0f} s at most", no_wrap=True)

    class TimeBar(ProgressColumn):
        def render(self, task: Any) -> ProgressBar:
            return ProgressBar(total=budget, completed=task.elapsed or 0, width=BAR)

    # a title may hold the name of a layer of the user's, which is text and no markup
    return TextColumn("{task.description}", markup=False), TimeBar(), Time()
