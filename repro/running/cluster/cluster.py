"""Train blocks on the workers of a dask cluster, on this machine or many.

The driver deals out the blocks itself, one at a time to a worker, so that a worker that dies takes
down one block. Workers only train; what they return the driver stores.
"""

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Self

from distributed import Client, Future

from repro.running.cluster.address import Place
from repro.running.cluster.remote import train_on
from repro.running.cluster.roster import Roster
from repro.running.processes import PoolError
from repro.running.workers import Result, Tries
from repro.study.plan import Block

CONNECT = 10.0  # seconds
WAIT = 0.2  # seconds for a result, then a look at who is there


class WorkerLost(RuntimeError):
    """A worker, or its process that trains, died while it trained a block."""


class Cluster:
    """The workers of a dask cluster.

    Args:
        place: of its scheduler.

    Raises:
        PoolError: if the scheduler is not in reach or gone, others can reach it, there are no
            workers, or one of them would not give the driver's numbers.
    """

    def __init__(self, place: Place):
        self._place = place
        self._tries = Tries()
        self._running: dict[Future, tuple[Block, str]] = {}
        self._results: SimpleQueue[Future] = SimpleQueue()

    def __enter__(self) -> Self:
        for name in ("distributed", "distributed.client"):  # what matters is raised
            logging.getLogger(name).setLevel(logging.CRITICAL)
        address, security = self._place
        try:
            self._client = Client(address, security=security, timeout=CONNECT, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise PoolError(f"no scheduler answers at {address}: {error}") from None
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(TimeoutError):
            self._client.close(timeout=CONNECT)  # the workers give up what is in flight

    def train(
        self, experiment: str, data: str | None, blocks: Iterable[Block]
    ) -> Iterator[tuple[Block, Result]]:
        """Yield each block with its runs, or with what it raised, as it is done.

        A block is taken from `blocks` only when a worker is free for it.
        """
        waiting, retries = iter(blocks), list[Block]()
        roster = Roster(self._client, experiment, data)
        while True:
            if not self._running and not retries:
                retries.extend(islice(waiting, 1))
                if not retries:
                    return
            for address in roster.ready() - {address for _, address in self._running.values()}:
                block = retries.pop() if retries else next(waiting, None)
                if block is None:
                    break
                job = {"experiment": experiment, "data": data, "block": block}
                future = roster.submit(address, train_on, **job)
                future.add_done_callback(self._results.put)
                self._running[future] = block, address
            for future in self._finished(roster):
                block, address = self._running.pop(future)
                result = self._result(future, address, roster)
                if isinstance(result, WorkerLost) and self._tries.allow(block):
                    retries.append(block)
                else:
                    yield block, result

    def _finished(self, roster: Roster) -> list[Future]:
        """Return the blocks that are done or whose workers are gone; wait a while for one."""
        finished = set()
        with suppress(Empty):
            finished.add(self._results.get(timeout=WAIT))
            while True:
                finished.add(self._results.get_nowait())
        return [
            future
            for future, (_, address) in self._running.items()
            if future in finished or not roster.includes(address)
        ]

    def _result(self, future: Future, address: str, roster: Roster) -> Result:
        roster.check_connected()
        if future.status == "finished":
            with suppress(TimeoutError):  # else its worker died with the result
                return future.result(timeout=CONNECT)
        error = future.exception() if future.status == "error" else None
        if error is not None and not isinstance(error, BrokenProcessPool):
            return error
        roster.dismiss(address)
        future.cancel()
        return WorkerLost(f"its worker was killed, the last one at {address}")
