"""The tables of a run that is not done yet, to be looked at meanwhile."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.markup import escape

from repro.app.runs.writing import write_tables
from repro.running.progress import Progress
from repro.store.runs import Store, StoredRun
from repro.study.plan import Block, Plan
from repro.study.selection import with_blocks

PERIOD = 60.0  # seconds from one writing to the next
Write = Callable[[Plan, Mapping[str, StoredRun], Store, Path], object]
FILES = ("runs.csv", "curves.csv", "claims.csv", "provenance.json")


class PartialTables(Progress):
    """Writes the tables of the blocks that are done, once a minute, beside the results folder.

    Args:
        plan: what is run.
        store: where its runs are kept.
        folder: the results folder; that of the tables has "@partial" behind its name.
        write: what writes them.
    """

    def __init__(self, plan: Plan, store: Store, folder: Path, write: Write = write_tables):
        self._plan, self._store, self._write = plan, store, write
        self.folder = folder.with_name(f"{folder.name}@partial")
        self._written = time.monotonic()

    def finished(self, block: Block, runs: Mapping[str, StoredRun]) -> None:
        """Write the tables if `PERIOD` has passed since they were written."""
        if time.monotonic() - self._written > PERIOD:
            self.write(runs)
            self._written = time.monotonic()

    def write(self, runs: Mapping[str, StoredRun]) -> None:
        """Write the tables of those blocks whose runs are all there."""
        blocks = [block for block in self._plan.blocks if runs.keys() >= set(block.identities)]
        if blocks:
            self._write(with_blocks(self._plan, blocks), runs, self._store, self.folder)

    def described(self, runs: Mapping[str, StoredRun]) -> str:
        """Return, as markup, how many runs are done, and where their tables are."""
        count = f"{len(runs):,} of {len(self._plan.identities):,} runs are done"
        if not runs:
            return f"{count}."
        folder = escape(str(self.folder))
        return (
            f"{count}; their tables are in {folder}/.\npython -m repro report {folder} draws them."
        )

    def remove(self) -> None:
        """Delete the tables, and the folder if nothing else is in it."""
        if self.folder.is_dir():
            for name in FILES:
                (self.folder / name).unlink(missing_ok=True)
            if not any(self.folder.iterdir()):
                self.folder.rmdir()
