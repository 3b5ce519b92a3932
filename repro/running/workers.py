"""Train blocks in worker processes, each on one core.

One process on all cores spends much of its time on keeping its threads in step; processes of one
thread each do not, and what kills one of them does not kill the run. Each is a pool of its own, so
that it is known whose block is lost.

A worker's heartbeat is the processor time that it uses: a thread of its own would beat on while
what it waits for, such as memory, never comes. If it has used none for `heartbeat.PATIENCE`, it is
given up, and its block counts as crashed.
"""

import resource
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Self

from repro.running.processes import WatchedPool, cores, kill_all, new_pool
from repro.running.train import train_block
from repro.store.runs import StoredRun
from repro.study.plan import Block
from repro.training.jobs import heartbeat

TRIES = 3  # of a block whose workers are killed
FILES = 16  # that the driver has open for a worker, at most

Result = list[StoredRun] | Exception


class Stalled(RuntimeError):
    """A worker used no processor time any more, and was given up."""


class Tries:
    """Counts how often each block's worker was killed."""

    def __init__(self) -> None:
        self._killed = Counter[Block]()

    def allow(self, block: Block) -> bool:
        """Note that a block's worker was killed; return whether the block is tried again."""
        self._killed[block] += 1
        return self._killed[block] < TRIES


class Workers:
    """Single-threaded worker processes.

    Args:
        count: how many; by default one a core.
    """

    def __init__(self, count: int | None = None):
        self.count = count or cores()
        self._tries = Tries()
        self._free: list[WatchedPool] = []
        self._running: dict[Future[list[StoredRun]], tuple[Block, WatchedPool]] = {}

    def __enter__(self) -> Self:
        _allow_files(FILES * self.count)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:  # stopped at once: what is in flight is given up
            kill_all()
        for worker in self._free:
            worker.shutdown()

    def train(
        self, experiment: str, data: str | None, blocks: Iterable[Block]
    ) -> Iterator[tuple[Block, Result]]:
        """Yield each block with its runs, or with what it raised, as it is done.

        A block is taken from `blocks` only when a worker is free for it.
        """
        waiting, retries = iter(blocks), list[Block]()
        while True:
            while len(self._running) < self.count:
                block = retries.pop() if retries else next(waiting, None)
                if block is None:
                    break
                if not self._begin(experiment, data, block):
                    retries.append(block)
            if not self._running:
                return
            for block, result in self._results():
                if isinstance(result, BrokenProcessPool) and self._tries.allow(block):
                    retries.append(block)
                else:
                    yield block, result

    def _begin(self, experiment: str, data: str | None, block: Block) -> bool:
        """Give a block to a free worker, or to a new one; return False if it has been killed."""
        worker = self._free.pop() if self._free else new_pool(1)
        try:
            self._running[worker.submit(train_block, experiment, data, block)] = block, worker
        except BrokenProcessPool:
            return False
        return True

    def _results(self) -> Iterator[tuple[Block, Result]]:
        """Wait for a while; yield the blocks that are done, or whose workers have stalled."""
        pause = heartbeat.PATIENCE / heartbeat.LOOKS
        finished = wait(self._running, pause, FIRST_COMPLETED).done
        for future, (block, worker) in list(self._running.items()):
            if future in finished or worker.is_stalled():
                del self._running[future]
                yield block, self._result(future, worker)

    def _result(self, future: Future[list[StoredRun]], worker: WatchedPool) -> Result:
        """Return what a worker's block gave; keep the worker for the next if it can go on."""
        if not future.done():
            worker.kill()
            return Stalled(
                f"its worker used no processor time for {heartbeat.PATIENCE:g} s, "
                "as where it gets no memory"
            )
        try:
            runs = future.result()
        except BrokenProcessPool as error:
            return error
        except Exception as error:  # whatever an experiment raises, the others go on
            self._free.append(worker)
            return error
        self._free.append(worker)
        return runs


def _allow_files(count: int) -> None:
    """Let this process open so many files, if it may: by default 1,024, which 64 cores need."""
    allowed, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= allowed < min(count, limit):  # -1 is no limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, limit), limit))
