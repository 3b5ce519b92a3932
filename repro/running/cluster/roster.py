"""The workers of a cluster that may train: each keeps a trainer that was found to match."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from distributed import Client, Future

from repro.running.cluster.address import check_private
from repro.running.cluster.remote import facts, start_trainer
from repro.running.processes import PoolError

PATIENCE = 60.0  # seconds without a worker, or without an answer of the scheduler
LOOK = 1.0  # seconds between two looks at who is there
RESUME = "what was finished is stored; run again to go on"
GONE = f"the scheduler is gone; {RESUME}"


class Roster:
    """The workers that are there and ready to train.

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
        self._last_presence = self._started = monotonic()

    def ready(self) -> set[str]:
        """Return the addresses of all workers that can train.

        At first none, until all that are there have answered, so that nothing is trained if one of
        them is refused. Later ones join when they are ready.

        Raises:
            PoolError: naming each worker that does not match and by what; or if the scheduler is
                gone, others can reach it, or no worker has been there for `PATIENCE`.
        """
        self._update()
        status = {address: trainer.status for address, trainer in self._trainers.items()}
        if not self._began and "pending" in status.values() and not self._is_late():
            return set()
        self._refuse([address for address in status if status[address] == "error"])
        ready = {address for address in status if status[address] == "finished"}
        self._began = self._began or bool(ready)
        return ready

    def includes(self, address: str) -> bool:
        """Return whether that worker is still there."""
        return address in self._trainers

    def submit(self, address: str, function: Callable[..., Any], **arguments: Any) -> Future:
        """Have that worker call a function with its trainer and these arguments."""
        return self._submit(address, function, self._trainers[address], **arguments)

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

    def _update(self) -> None:
        self.check_connected()
        if monotonic() < self._looked + LOOK:
            return
        present = self._present()
        self._looked = monotonic()
        for address in self._trainers.keys() - present:
            self.dismiss(address)
        for address in present - self._trainers.keys():
            self._trainers[address] = self._submit(address, start_trainer, *self._job)
        if present:
            self._last_presence = monotonic()
        elif monotonic() > self._last_presence + PATIENCE:
            raise PoolError(f"no worker for {PATIENCE:.0f} seconds; start some; {RESUME}")

    def _present(self) -> set[str]:
        ask: Any = self._client.scheduler
        try:
            scheduler = self._client.sync(ask.identity, callback_timeout=PATIENCE)
        except TimeoutError:
            raise PoolError(f"the scheduler does not answer; {RESUME}") from None
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
                f"Make them match (docs/scale-out.md), or end them; {RESUME}"
            )

    def _submit(
        self, address: str, function: Callable[..., Any], *positional: Any, **named: Any
    ) -> Future:
        return self._client.submit(function, *positional, **named, workers=[address], pure=False)


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, PoolError) else f"{type(error).__name__}: {error}"
