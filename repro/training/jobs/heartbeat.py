"""Tell workers that train from those that wait for something that never comes, such as memory."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

PATIENCE = 300.0  # seconds without processor time to speak of, after which workers are given up
LOOKS = 20  # at the workers within that time
BUSY = 0.01  # of a core: what all of them use, idle ones too, is less


class Heartbeat:
    """The processor time of processes, looked at from time to time; never idle where none is told.

    Looks are counted, not seconds: while all is stopped, as by Ctrl-Z, there are none.
    """

    def __init__(self) -> None:
        self._looked, self._used, self._idle = time.monotonic(), 0.0, 0
        self._is_told = Path("/proc/self/stat").exists()

    def is_idle(self, processes: Iterable[int]) -> bool:
        """Return whether processes of these numbers were idle at each of the last `LOOKS`."""
        passed = time.monotonic() - self._looked
        if self._is_told and passed >= PATIENCE / LOOKS:
            used = sum(map(_processor_time, list(processes)))
            self._idle = 0 if used - self._used > BUSY * passed else self._idle + 1
            self._looked, self._used = time.monotonic(), used
        return self._idle >= LOOKS


def _processor_time(process: int) -> float:
    """Return the seconds that a process has used; 0 of one that is gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    ticks = float(fields[11]) + float(fields[12])  # in its own code, and in the system's for it
    return ticks / os.sysconf("SC_CLK_TCK")
