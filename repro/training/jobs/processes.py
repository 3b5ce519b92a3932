"""Train the blocks of one call in worker processes."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from repro.training.block import NotFused
from repro.training.blocks import Rounds
from repro.training.building import one_line
from repro.training.checks import warn
from repro.training.feeding.batches import Batches
from repro.training.jobs import heartbeat
from repro.training.jobs.choice import why_one_process
from repro.training.jobs.epochs import ToldEpochs
from repro.training.jobs.first_steps import Expected, expected_steps
from repro.training.jobs.parcel import Packer, Parcel
from repro.training.jobs.spawn import signals_deferred
from repro.training.jobs.unfit import Unfit
from repro.training.jobs.worker import ALIKE, LOG, get_ready, train_block
from repro.training.jobs.workers import Workers
from repro.training.trainer import Advance, Trainer

TICK = 0.1  # seconds between two looks at the workers


class Stalled(Exception):
    """Nothing comes from the workers any more; the message says why."""


class Processes:
    """The worker processes of one call of `fit_seeds`; none are started before they are needed.

    Args:
        count: how many are wanted; 1 is this process.
        advance: called after each epoch with the number of seeds and their logs.
        blocks: how many there are.

    Attributes:
        one_process: why this process trained although others were wanted; None if it did not.
        used: how many processes trained.
    """

    def __init__(self, count: int, advance: Advance, *, blocks: int):
        self._count = min(count, blocks) if count > 1 else 1
        self._epochs_told = ToldEpochs(advance)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._packer: Packer | None = None
        self._workers: Workers | None = None
        self._sent: list[Future[Any]] = []
        self.one_process: str | None = None
        self.used = 1

    @property
    def advance(self) -> Advance:
        """To be called after each epoch of this process; what was lost is not told twice."""
        return self._epochs_told.advance

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with signals_deferred():  # or a second Ctrl-C would leave a part of it
            if kind is None and self._workers and all(future.done() for future in self._sent):
                self._workers.keep()
                self._workers = None
            self._end()
            if self._folder is not None:
                self._folder.cleanup()

    def train(self, trainer: Trainer, blocks: list[list[int]]) -> Iterator[Rounds] | None:
        """Send the blocks to the processes; return what yields their trainings, block by block.

        It ends early where processes have another model than this one, or are lost.

        Returns:
            None if this process is to train them all.

        Raises:
            NotFused: if the seeds can't be trained at once.
        """
        if self._count == 1 or self.one_process:
            return _blocks_of_data_sets(trainer, blocks)
        if reason := why_one_process(trainer.job):
            self._give_up(reason)
            return _blocks_of_data_sets(trainer, blocks)
        if not self._start():
            return None
        seeds, models, block = trainer.prepare(blocks[0])
        return self._send(trainer, blocks, expected_steps(block, seeds, models))

    def _start(self) -> bool:
        """Let the workers get ready; return False if there can be none."""
        try:
            self._workers = self._workers or Workers.take(self._count)
            for _ in range(self._count):
                self._workers.submit(get_ready)
        except (OSError, RuntimeError) as error:  # as of too many processes
            self._give_up(f"others can not be started ({one_line(error)})")
            return False
        return True

    def _send(
        self, trainer: Trainer, blocks: list[list[int]], first: list[Expected]
    ) -> Iterator[Rounds] | None:
        try:
            parcel = self._pack(trainer, blocks[0][0])
            parcel.describe(trainer.first)
            futures = self._submit(parcel, trainer, blocks, first)
        except Unfit as error:
            self._give_up(str(error))
        except OSError as error:  # of a full disk
            self._give_up(f"others can not be given the data ({error})")
        except RuntimeError as error:
            self._give_up(f"a worker was lost ({one_line(error)})")
        else:
            self.used = self._count
            return self._results(parcel, futures)
        return None

    def _pack(self, trainer: Trainer, first: int) -> Parcel:
        if self._folder is None or self._packer is None:
            self._folder = tempfile.TemporaryDirectory(prefix="fit_seeds_")
            self._packer = Packer(Path(self._folder.name))
        return self._packer.pack(trainer.job, first)

    def _submit(
        self, parcel: Parcel, trainer: Trainer, blocks: list[list[int]], first: list[Expected]
    ) -> list[Future[Any]]:
        futures = []
        for place, seeds in enumerate(blocks):
            start = {seed: trainer.start[seed] for seed in seeds if seed in trainer.start}
            work = {"seeds": seeds, "start": start, "expected": [] if place else first}
            own = self._workers.submit(train_block, parcel=parcel, place=place, **work)  # type: ignore[union-attr]
            futures.append(own)
        self._sent += futures
        return futures

    def _results(self, parcel: Parcel, futures: list[Future[Any]]) -> Iterator[Rounds]:
        try:
            for place, future in enumerate(futures):
                if self.one_process:  # another job of the call has been given up
                    return
                self._await(future)
                trained = future.result()
                self._epochs_told.read(parcel.folder)
                self._epochs_told.finish(parcel.file(f"_{place}{LOG}"))
                yield 1, trained
        except (Unfit, Stalled) as error:
            self._give_up(str(error))
        except NotFused:
            for future in futures:
                future.cancel()
            parcel.file(ALIKE).unlink(missing_ok=True)  # to tell no more of it
            self._epochs_told.lost(parcel.name)
            raise
        except Exception as error:  # of loky
            self._give_up(f"a worker was lost ({one_line(error)})")

    def _await(self, future: Future[Any]) -> None:
        heart, workers = heartbeat.Heartbeat(), self._workers
        folder = Path(self._folder.name)  # type: ignore[union-attr]  # something has been sent
        while not wait([future], timeout=TICK).done:
            self._epochs_told.read(folder)
            if heart.is_idle(workers.numbers):  # type: ignore[union-attr]
                raise Stalled(f"no worker used processor time for {heartbeat.PATIENCE:g} s")
            if not workers.are_heard and not future.done():  # type: ignore[union-attr]
                raise Stalled("the thread that takes what workers return has ended")

    def _give_up(self, reason: str) -> None:
        self._end()
        self._epochs_told.lost()
        self.one_process, self.used = reason, 1
        warn(f"one process: {reason}")

    def _end(self) -> None:
        if self._workers is not None:
            self._workers.end()
        self._workers, self._sent = None, []


def _blocks_of_data_sets(trainer: Trainer, blocks: list[list[int]]) -> Iterator[Rounds] | None:
    """Yield the trainings of blocks that read a data set; None if they read arrays alone."""
    data = (trainer.job.data, trainer.job.validation)
    if len(blocks) == 1 or not any(isinstance(one, Batches) for one in data):
        return None
    return trainer.train_apart(blocks)
