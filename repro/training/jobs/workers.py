"""Worker processes of loky: each call has its own, and leaves them to the next one."""

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

from repro.training.jobs.spawn import ONE_THREAD, interrupts_held
from repro.training.jobs.worker import begin

IDLE = 60  # seconds that a worker without work stays, ready for the next call
PATIENCE = 10.0  # seconds within which workers that are told to end do

_lock = threading.Lock()


class Workers:
    """So many worker processes, which start with the first task.

    They are not those of `get_reusable_executor`: joblib has but one such executor, which
    `joblib.Parallel` expects to be its own, and which two calls in two threads would share.
    """

    kept: "Workers | None" = None  # of the last call, for the next one

    def __init__(self, count: int):
        from joblib.externals.loky.process_executor import ProcessPoolExecutor

        self._count, self._home = count, os.getpid()
        self._executor = ProcessPoolExecutor(
            count, timeout=IDLE, initializer=begin, initargs=(self._home,), env=ONE_THREAD
        )

    @classmethod
    def take(cls, count: int) -> "Workers":
        """Return the workers of an earlier call, if they fit, else new ones."""
        with _lock:
            kept, Workers.kept = Workers.kept, None
        if kept is not None and kept._home == os.getpid():  # else another process has forked
            if kept._count == count and kept.are_well:
                return kept
            kept.end()
        return cls(count)

    def keep(self) -> None:
        """Leave these workers to the next call."""
        with _lock:
            other, Workers.kept = Workers.kept, self
        if other is not None:
            other.end()

    def submit(self, task: Callable[..., Any], **work: Any) -> Future[Any]:
        """Let a worker do a task."""
        with interrupts_held():
            future: Future[Any] = self._executor.submit(task, **work)
        return future

    @property
    def numbers(self) -> Iterable[int]:
        """Those of the processes."""
        return list(self._executor._processes)

    @property
    def are_heard(self) -> bool:
        """True while the thread of loky runs that takes what the workers return.

        It ends for good where warnings are errors and it warns, as of a worker that was replaced.
        """
        thread = self._executor._executor_manager_thread
        return thread is None or thread.is_alive()

    @property
    def are_well(self) -> bool:
        """True if they can be given work."""
        flags = self._executor._flags
        return self.are_heard and not flags.broken and not flags.shutdown

    def end(self) -> None:
        """Kill the processes, whatever they do."""
        from joblib.externals.loky.backend.utils import kill_process_tree

        processes = list(self._executor._processes.values())
        thread = self._executor._executor_manager_thread
        self._executor.shutdown(wait=False, kill_workers=True)
        if thread is not None:
            thread.join(PATIENCE)
        for process in processes:
            if process.is_alive():  # it was not heard that they should end
                kill_process_tree(process)


def end_workers() -> None:
    """End the processes that wait for the next call."""
    Workers.take(1).end()
