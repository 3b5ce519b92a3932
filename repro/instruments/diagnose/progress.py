"""Show in a terminal or a notebook how far a diagnosis is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from repro.instruments.diagnose.proof.prove import Say

VERBOSE = ("auto", 0, 1)


@contextmanager
def progress(verbose: int | str) -> Iterator[Say]:
    """Yield a function to call with the task at hand, its number and how many there are.

    What is none of several stays on the screen: how many there are is 0 then.

    Raises:
        ValueError: if `verbose` is none of "auto", 0 and 1.
    """
    if verbose not in VERBOSE:
        raise ValueError(f'verbose must be one of "auto", 0, 1, got {verbose!r}')
    is_notebook = "ipykernel" in sys.modules
    if verbose == 0 or (verbose == "auto" and not (sys.stderr.isatty() or is_notebook)):
        yield lambda task, number, count: None
    elif is_notebook:
        yield _rewrite_line
        _rewrite_line("done", 0, 0)
    else:
        with _bar() as say:
            yield say


def _rewrite_line(task: str, number: int, count: int) -> None:
    """Write over the line before: in a notebook rich's bars need a package of their own."""
    text = f"{number + 1}/{count} {task}" if count else task
    print(f"\r{text:<70}", end="" if count else "\n", file=sys.stderr, flush=True)


@contextmanager
def _bar() -> Iterator[Say]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from repro.findings.terminal import Terminal

    console = Terminal(stderr=True)
    # a title may hold the name of a layer of the user's, which is text and no markup
    title_column = TextColumn("{task.description}", markup=False)
    columns = (title_column, BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("examining")

        def say(title: str, number: int, count: int) -> None:
            if not count:
                console.print(title, markup=False, highlight=False)
                return
            bar.update(task, description=title, completed=number, total=count)
            if not console.is_terminal:
                console.print(f"{number + 1}/{count} {title}", markup=False, highlight=False)

        yield say
