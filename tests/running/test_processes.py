"""Worker processes compute on one thread each, and the process that starts them stays as it was."""

import os

from repro.running.processes import ONE_THREAD, processes


def test_only_the_workers_have_one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    before = dict(os.environ)
    with processes(2) as pool:
        inherited = [pool.submit(os.getenv, name).result() for name in ONE_THREAD]
        assert dict(os.environ) == before
    assert inherited == list(ONE_THREAD.values())
