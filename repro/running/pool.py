"""The pool that trains: processes of this machine, or the workers of a cluster."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from repro.running.processes import PoolError
from repro.running.workers import Result, Workers
from repro.study.keras_settings import require_defaults
from repro.study.plan import Block


class Pool(AbstractContextManager[Any], Protocol):
    """Entered, it trains blocks; left because of an error, it gives up those in flight."""

    def train(
        self, experiment: str, data: str | None, blocks: Iterable[Block]
    ) -> Iterator[tuple[Block, Result]]:
        """Yield each block with its runs, or with what it raised, as it is done."""


def make_pool(
    workers: int | None = None,
    scheduler: str | None = None,
    scheduler_file: Path | None = None,
    **tls: Path | None,
) -> Pool:
    """Return what trains: `Workers` of this machine, or the `Cluster` of a scheduler.

    Args:
        workers: number of processes of this machine.
        scheduler: address of a dask cluster's scheduler, to train there.
        scheduler_file: the file that it writes, in place of the address.
        tls: the files `tls_ca`, `tls_cert` and `tls_key`.

    Raises:
        PoolError: for options that do not go together, or an address that others can reach.
        StudyError: for settings of Keras with which studies would have other numbers.
    """
    require_defaults()
    if scheduler is None and scheduler_file is None:
        if any(tls.values()):
            raise PoolError("--tls-ca, --tls-cert and --tls-key go with --scheduler")
        return Workers(workers)
    if workers is not None:
        raise PoolError("--workers counts processes of this machine; leave it out with a scheduler")
    try:
        from repro.running.cluster.address import find_scheduler
        from repro.running.cluster.cluster import Cluster
    except ImportError as error:
        raise PoolError(
            f"--scheduler needs the extra cluster: pip install 'repro-relu[cluster]' ({error})"
        ) from None
    return Cluster(find_scheduler(scheduler, scheduler_file, tls))
