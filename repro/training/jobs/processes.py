"""Worker processes that train the blocks of one call; loky keeps them for the next call."""

import json
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from repro.training.block import NotFused
from repro.training.blocks import Rounds
from repro.training.building import one_line
from repro.training.feeding.batches import Batches
from repro.training.jobs import heartbeat
from repro.training.jobs.choice import why_one_process
from repro.training.jobs.first_steps import Expected, expected_steps
from repro.training.jobs.parcel import Packer
from repro.training.jobs.spawn import ONE_THREAD, interrupts_held, signals_deferred
from repro.training.jobs.worker import ALIKE, LOG, Unfit, begin, get_ready, train_block
from repro.training.trainer import Advance, Trainer

IDLE = 60  # seconds that a worker without work stays, ready for the next call
TICK = 0.1  # seconds between two looks at the workers


class Stalled(Exception):
    """The workers used no processor time any more; the message says for how long."""


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
        self._advance = advance
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._packer: Packer | None = None
        self._read: dict[Path, int] = {}
        self._executor: Any = None
        self.one_process: str | None = None
        self.used = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._kill()
        if self._folder is not None:
            with signals_deferred():  # or a second Ctrl-C would leave a part of it
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
        try:
            for _ in range(self._count):
                self._submit(get_ready)
            seeds, models, block = trainer.prepare(blocks[0])
            return self._results(self._send(trainer, blocks, expected_steps(block, seeds, models)))
        except OSError as error:  # of a full disk, or of too many processes
            self._give_up(f"others can not be started and given the data ({error})")
            return None

    def _send(
        self, trainer: Trainer, blocks: list[list[int]], first: list[Expected]
    ) -> list[Future[Any]]:
        if self._folder is None or self._packer is None:
            self._folder = tempfile.TemporaryDirectory(prefix="fit_seeds_")
            self._packer = Packer(Path(self._folder.name))
        parcel, futures = self._packer.pack(trainer.job, blocks[0][0]), []
        for place, seeds in enumerate(blocks):
            start = {seed: trainer.start[seed] for seed in seeds if seed in trainer.start}
            work = {"seeds": seeds, "start": start, "expected": [] if place else first}
            futures.append(self._submit(train_block, parcel=parcel, place=place, **work))
        self.used = self._count
        return futures

    def _submit(self, task: Callable[..., Any], **work: Any) -> Future[Any]:
        from joblib.externals.loky import get_reusable_executor

        with interrupts_held():
            self._executor = get_reusable_executor(
                max_workers=self._count,
                timeout=IDLE,
                initializer=begin,
                initargs=(os.getpid(),),
                env=ONE_THREAD,
            )
            return self._executor.submit(task, **work)

    def _results(self, futures: list[Future[Any]]) -> Iterator[Rounds]:
        from joblib.externals.loky.process_executor import PicklingError

        try:
            for future in futures:
                if self.one_process:  # another job of the call has been given up
                    return
                self._await(future)
                trained = future.result()
                self._show_progress()
                yield 1, trained
        except (Unfit, Stalled) as error:
            self._give_up(str(error))
        except PicklingError as error:
            lines = str(error.__cause__ or error).strip('"\n ').splitlines()
            self._give_up(f"build can not be sent to another process ({lines[-1]})")
        except BrokenProcessPool as error:
            self._give_up(f"a worker was lost ({str(error).splitlines()[0]})")
        except NotFused:
            for future in futures:
                future.cancel()
            raise
        except Exception as error:  # what this process would raise, too, it raises when it trains
            notes = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))
            message = f"{one_line(error)}{notes}"
            self._give_up(f"a worker failed with {type(error).__name__} ({message})")

    def _await(self, future: Future[Any]) -> None:
        heart = heartbeat.Heartbeat()
        while not wait([future], timeout=TICK).done:
            self._show_progress()
            if heart.is_idle(self._executor._processes):
                raise Stalled(f"no worker used processor time for {heartbeat.PATIENCE:g} s")

    def _give_up(self, reason: str) -> None:
        self._kill()
        self.one_process, self.used = reason, 1
        warnings.warn(f"one process: {reason}", stacklevel=2)

    def _show_progress(self) -> None:
        """Report the epochs that are new in the logs of jobs whose models were found alike."""
        folder = Path(self._folder.name)  # type: ignore[union-attr]  # something has been sent
        for log in sorted(folder.glob(f"*{LOG}")):
            if not (folder / f"{log.name.partition('_')[0]}{ALIKE}").exists():
                continue
            with log.open("rb") as file:
                file.seek(self._read.get(log, 0))
                lines = file.read().rpartition(b"\n")[0]
            self._read[log] = self._read.get(log, 0) + len(lines) + bool(lines)
            for epoch in map(json.loads, lines.splitlines()):
                self._advance(epoch["count"], epoch["logs"])

    def _kill(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=True)


def end_workers() -> None:
    """End the processes that wait for the next call."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)


def _blocks_of_data_sets(trainer: Trainer, blocks: list[list[int]]) -> Iterator[Rounds] | None:
    """Yield the trainings of blocks that read a data set; None if they read arrays alone."""
    data = (trainer.job.data, trainer.job.validation)
    if len(blocks) == 1 or not any(isinstance(one, Batches) for one in data):
        return None
    return trainer.train_apart(blocks)
