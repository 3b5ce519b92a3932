"""Worker processes compute on one thread each, and the process that starts them stays as it was."""

import os
import time

import pytest

from repro.running.processes import ONE_THREAD, PoolError, processes
from repro.training.jobs import heartbeat


def test_only_the_workers_have_one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    before = dict(os.environ)
    with processes(2) as pool:
        inherited = [pool.submit(os.getenv, name).result() for name in ONE_THREAD]
        assert dict(os.environ) == before
    assert inherited == list(ONE_THREAD.values())


def test_processes_that_do_nothing_any_more_are_not_waited_for(monkeypatch):
    monkeypatch.setattr(heartbeat, "PATIENCE", 1.0)
    with pytest.raises(PoolError, match="no processor time for 1 s"), processes(1) as pool:
        pool.results(time.sleep, [600])
