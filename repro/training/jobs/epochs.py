"""Tell of the epochs that workers have trained, each of them once."""

import json
from collections import Counter
from pathlib import Path

from repro.training.fused import Logs
from repro.training.jobs.worker import ALIKE, LOG
from repro.training.trainer import Advance


class ToldEpochs:
    """The epochs that have been told, whoever trained them.

    Args:
        advance: called with each epoch's number of seeds and their logs.
    """

    def __init__(self, advance: Advance):
        self._advance = advance
        self._read: Counter[Path] = Counter()  # bytes
        self._of_blocks: Counter[str] = Counter()  # epochs of each block that is not done
        self._in_vain = 0

    def advance(self, count: int, logs: Logs) -> None:
        """Tell of an epoch of this process, unless it takes the place of one that was lost."""
        if self._in_vain > 0:
            self._in_vain -= count
        else:
            self._advance(count, logs)

    def read(self, folder: Path) -> None:
        """Tell what is new in the logs of jobs whose models were found alike."""
        for log in sorted(folder.glob(f"*{LOG}")):
            if not (folder / f"{log.name.partition('_')[0]}{ALIKE}").exists():
                continue
            with log.open("rb") as file:
                file.seek(self._read[log])
                lines = file.read().rpartition(b"\n")[0]
            self._read[log] += len(lines) + bool(lines)
            for epoch in map(json.loads, lines.splitlines()):
                self._of_blocks[log.name] += epoch["count"]
                self._advance(epoch["count"], epoch["logs"])

    def finish(self, log: Path) -> None:
        """Note that a block is done, and none of its epochs will be trained again."""
        self._of_blocks.pop(log.name, None)

    def lost(self, name: str = "") -> None:
        """Note that blocks of a job, or of all, will be trained again."""
        for log in [log for log in self._of_blocks if not name or log.startswith(f"{name}_")]:
            self._in_vain += self._of_blocks.pop(log)
