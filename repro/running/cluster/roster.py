"""The workers of a cluster that may train: each keeps a trainer that was found to match."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from distributed import Client, Future

from repro.running.cluster.address import check_private
from repro.running.cluster.remote import facts, start_trainer
from repro.running.workers import PoolError

PATIENCE = 60.0  # seconds without a worker, or without an answer of the scheduler
LOOK = 1.0  # seconds between two looks at who is there
AGAIN = "what was finished is stored; run again to go on"
GONE = f"the scheduler is gone; {AGAIN}"


class Crew:
    """Who is there and ready.

    Args:
        client: connected to the scheduler.
        experiment: name of what they will train.
        data: name of its data set, if it has one.
    """

    def __init__(self, client: Client, experiment: str, data: str | None):
        self._client = client
        self._job = experiment, data, facts(experiment, data)
        self._trainers: dict[str, Future] = {}  # by the worker's address
        self._began = False
        self._looked = 0.0
        self._seen = self._started = monotonic()

    def ready(self) -> set[str]:
        """Return the addresses of all workers that can train.

        At first none, until all that are there have answered, so that nothing is trained if one of
        them is refused. Later ones join when they are ready.

        Raises:
            PoolError: naming each worker that does not match and by what; or if the scheduler is
                gone, others can reach it, or no worker has been there for `PATIENCE`.
        """
        self._look()
        status = {address: trainer.status for address, trainer in self._trainers.items()}
        if not self._began and "pending" in status.values() and not self._is_late():
            return set()
        self._refuse([address for address in status if status[address] == "error"])
        ready = {address for address in status if status[address] == "finished"}
        self._began = self._began or bool(ready)
        return ready

    def has(self, address: str) -> bool:
        """Return whether that worker is still there."""
        return address in self._trainers

    def submit(self, address: str, function: Callable[..., Any], *given: Any) -> Future:
        """Have that worker call a function with its trainer and what is given."""
        return self._submit(address, function, self._trainers[address], *given)

    def dismiss(self, address: str) -> None:
        """Let go of a worker's trainer; if the worker is still there it gets another."""
        if trainer := self._trainers.pop(address, None):
            trainer.cancel()

    def check_connected(self) -> None:
        """Raise `PoolError` if the scheduler is gone."""
        # one that was restarted in the meantime knows nothing of our tasks
        cancelled = any(trainer.status == "cancelled" for trainer in self._trainers.values())
        if cancelled or self._client.status != "running":
            raise PoolError(GONE)

    def _look(self) -> None:
        self.check_connected()
        if monotonic() < self._looked + LOOK:
            return
        there = self._there()
        self._looked = monotonic()
        for address in self._trainers.keys() - there:
            self.dismiss(address)
        for address in there - self._trainers.keys():
            self._trainers[address] = self._submit(address, start_trainer, *self._job)
        if there:
            self._seen = monotonic()
        elif monotonic() > self._seen + PATIENCE:
            raise PoolError(f"no worker for {PATIENCE:.0f} seconds; start some; {AGAIN}")

    def _there(self) -> set[str]:
        ask: Any = self._client.scheduler
        try:
            scheduler = self._client.sync(ask.identity, callback_timeout=PATIENCE)
        except TimeoutError:
            raise PoolError(f"the scheduler does not answer; {AGAIN}") from None
        except OSError:  # it went while it was asked
            raise PoolError(GONE) from None
        check_private(scheduler["address"])
        workers = scheduler["workers"].items()
        return {address for address, worker in workers if worker["status"] == "running"}

    def _is_late(self) -> bool:
        return monotonic() > self._started + PATIENCE

    def _refuse(self, addresses: list[str]) -> None:
        if addresses:
            reasons = [f"\n  {a}: {_reason(self._trainers[a].exception())}" for a in addresses]
            raise PoolError(
                f"{len(reasons)} of {len(self._trainers)} workers can't give this machine's "
                f"numbers:{''.join(reasons)}\n"
                f"Make them match (docs/scale-out.md), or end them; {AGAIN}"
            )

    def _submit(self, address: str, function: Callable[..., Any], *given: Any) -> Future:
        return self._client.submit(function, *given, workers=[address], pure=False)


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, PoolError) else f"{type(error).__name__}: {error}"
