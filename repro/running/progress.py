"""The displays that a run reports to, block by block."""

from collections.abc import Mapping

from repro.store.runs import StoredRun
from repro.study.plan import Block


class Progress:
    """A display of a run; what a subclass does not override shows nothing."""

    def started(self, block: Block) -> None:
        """Note that a block is being trained."""

    def stopping(self) -> None:
        """Note, from a signal's handler, that nothing new begins."""

    def finished(self, block: Block, runs: Mapping[str, StoredRun]) -> None:
        """Note that a block is done, by training it now or before; `runs` by identity."""

    def crashed(self, block: Block, error: Exception) -> None:
        """Note that a block's experiment raised, or that its workers were killed."""


class Displays(Progress):
    """Several displays as one."""

    def __init__(self, *displays: Progress):
        self._displays = displays

    def started(self, block: Block) -> None:
        """Tell all that a block is being trained."""
        for display in self._displays:
            display.started(block)

    def stopping(self) -> None:
        """Tell all that nothing new begins."""
        for display in self._displays:
            display.stopping()

    def finished(self, block: Block, runs: Mapping[str, StoredRun]) -> None:
        """Tell all that a block is done."""
        for display in self._displays:
            display.finished(block, runs)

    def crashed(self, block: Block, error: Exception) -> None:
        """Tell all that a block failed."""
        for display in self._displays:
            display.crashed(block, error)
