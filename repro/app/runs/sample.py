"""Train a sample of a study's blocks again, with a bar; tell from it what the whole study takes."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from repro.app.terminal.pace import rough
from repro.data import NAMES, load
from repro.findings.wording import counted
from repro.running.pool import Pool
from repro.running.processes import cores
from repro.running.workers import Result
from repro.store.adoption import Candidate
from repro.study.errors import StudyError
from repro.study.plan import Block


class TimeLeft(ProgressColumn):
    """The time left at the pace until now; before a block is done, the time that has passed."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True))

    def render(self, task: Task) -> Text:
        """Return it in words."""
        passed, total = task.elapsed or 0.0, task.total or 0.0
        if not task.completed:
            return Text(f"training, {rough(passed)} so far")
        return Text(f"about {rough(task.fields['until'] * (total / task.completed - 1))} left")


COLUMNS = (BarColumn(20), TextColumn("{task.fields[blocks]}/{task.fields[all]} blocks"), TimeLeft())


def train_sample(
    name: str, sample: Sequence[Candidate], pool: Pool, console: Console
) -> dict[Block, Result]:
    """Train the sampled blocks, under their new identity; show how far this is.

    The bar weighs a block by the seconds that its runs took before.
    """
    seconds = {c.renewed: sum(run.seconds for run in c.runs) for c in sample}
    results: dict[Block, Result] = {}
    with Progress(*COLUMNS, console=console, transient=True) as bar, pool:
        task = bar.add_task("", total=sum(seconds.values()), all=len(sample), blocks=0, until=0.0)
        for block, result in _results(name, sample, pool):
            results[block] = result
            passed = bar.tasks[0].elapsed
            bar.update(task, advance=seconds[block], blocks=len(results), until=passed)
    return results


def whole_study(
    candidates: Sequence[Candidate], results: Mapping[Block, Result], workers: int | None
) -> str:
    """Say how long all runs take at the pace of a sample that has a block of every variant."""
    means = _seconds_per_run(results)
    total = sum(len(c.runs) * means[c.block.variant] for c in candidates)
    processes = workers or cores()
    time = rough(total / processes)
    return f"At the sample's pace all of them take {time} on {counted(processes, 'core')}."


def _seconds_per_run(results: Mapping[Block, Result]) -> dict[str, float]:
    return {
        block.variant: sum(run.seconds for run in runs) / len(runs)
        for block, runs in results.items()
        if not isinstance(runs, Exception)
    }


def _results(name: str, sample: Sequence[Candidate], pool: Pool) -> Iterator[tuple[Block, Result]]:
    for digest in sorted({candidate.renewed.settings["data"] for candidate in sample}):
        blocks = [c.renewed for c in sample if c.renewed.settings["data"] == digest]
        yield from pool.train(name, data_named(digest), blocks)


def data_named(digest: str) -> str | None:
    """Return the name of the data set that has this digest; None for the empty one.

    Raises:
        StudyError: if there is none.
    """
    if not digest:
        return None
    names = [name for name in NAMES if load(name).sha256 == digest]
    if not names:
        raise StudyError(f"no data set has the digest {digest[:12]}…; it has changed")
    return names[0]
