"""The tables of a run that is not done: what there is, to be looked at meanwhile."""

import time
from collections.abc import Mapping
from pathlib import Path

from rich.markup import escape

from repro.app.writing import write_tables
from repro.running.runner import Progress
from repro.store.runs import Store, StoredRun
from repro.study.plan import Block, Plan
from repro.study.selection import with_blocks

PERIOD = 60.0  # seconds from one writing to the next
FILES = ("runs.csv", "curves.csv", "claims.csv", "provenance.json")


class PartialTables:
    """Writes the tables of the blocks that are done, once a minute, beside the results folder.

    Args:
        plan: what is run.
        store: where its runs are kept.
        folder: the results folder; that of the tables has "@partial" behind its name.
    """

    def __init__(self, plan: Plan, store: Store, folder: Path):
        self._plan, self._store = plan, store
        self.folder = folder.with_name(f"{folder.name}@partial")
        self._written = time.monotonic()

    def started(self, block: Block) -> None:
        """Do nothing."""

    def stopping(self) -> None:
        """Do nothing."""

    def crashed(self, block: Block, error: Exception) -> None:
        """Do nothing."""

    def finished(self, block: Block, runs: Mapping[str, StoredRun]) -> None:
        """Write the tables, if that is long ago."""
        if time.monotonic() - self._written > PERIOD:
            self.write(runs)
            self._written = time.monotonic()

    def write(self, runs: Mapping[str, StoredRun]) -> None:
        """Write the tables of these runs, as far as they make whole blocks."""
        blocks = [block for block in self._plan.blocks if runs.keys() >= set(block.identities)]
        if blocks:
            write_tables(with_blocks(self._plan, blocks), runs, self._store, self.folder)

    def described(self, runs: Mapping[str, StoredRun]) -> str:
        """Return, as markup, how much is done, and where it can be looked at."""
        count = f"{len(runs):,} of {len(self._plan.identities):,} runs are done"
        if not runs:
            return f"{count}."
        folder = escape(str(self.folder))
        return (
            f"{count}; their tables are in {folder}/.\npython -m repro report {folder} draws them."
        )

    def remove(self) -> None:
        """Take the tables away again, and the folder if nothing else is in it."""
        if self.folder.is_dir():
            for name in FILES:
                (self.folder / name).unlink(missing_ok=True)
            if not any(self.folder.iterdir()):
                self.folder.rmdir()


class Watchers:
    """Several displays as one."""

    def __init__(self, *watchers: Progress):
        self._watchers = watchers

    def started(self, block: Block) -> None:
        """Tell all that a block is being trained."""
        for watcher in self._watchers:
            watcher.started(block)

    def stopping(self) -> None:
        """Tell all that nothing new begins."""
        for watcher in self._watchers:
            watcher.stopping()

    def finished(self, block: Block, runs: Mapping[str, StoredRun]) -> None:
        """Tell all that a block is done."""
        for watcher in self._watchers:
            watcher.finished(block, runs)

    def crashed(self, block: Block, error: Exception) -> None:
        """Tell all that a block failed."""
        for watcher in self._watchers:
            watcher.crashed(block, error)
