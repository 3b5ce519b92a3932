"""kill -9 at any moment: what was acknowledged is there, once, and the end is the same.

Slow: hundreds of kills in place of a few, and of whole studies; test_two_runs.py kills one.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from repro.running.processes import PoolError, processes
from repro.store.runs import Store
from tests.faults.processes import FIGURES, TABLES, contents, stored

FILES = (*TABLES, *FIGURES)


def test_a_drawing_process_that_is_killed_is_said_in_a_line():
    with pytest.raises(PoolError, match="a process was killed"), processes(1) as pool:
        pool.submit(os._exit, 9).result()


WRITE_RUNS = """
import sys
from pathlib import Path
from repro.store.runs import Store, StoredRun
from repro.study.plan import Block
BLOCK = Block("a", {"seeds": list(range(10**5)), "parameters": {}, "code": "", "data": "",
    "fingerprint": {}})
CURVE = [{"epoch": epoch} for epoch in range(50)]
with Store(Path(sys.argv[1])) as store:
    done = len(store.find(str(i) for i in range(10**5)))
    for i in range(done, 10**5):
        store.add(BLOCK, [StoredRun(str(i), "a", i, {"loss": i / 7}, CURVE, 0.1)])
        print(i, flush=True)
"""


@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.slow)])
def test_no_acknowledged_run_is_lost_or_doubled_when_its_writer_is_killed(tmp_path, rounds):
    moments = random.Random(0)  # noqa: S311
    acknowledged = -1
    for _ in range(rounds):
        with subprocess.Popen(
            [sys.executable, "-c", WRITE_RUNS, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            for line in writer.stdout:
                acknowledged = int(line)
                break
            timer = threading.Timer(moments.uniform(0, 0.2), writer.kill)
            timer.start()
            for line in writer.stdout:
                acknowledged = int(line)
            timer.join()
        assert writer.returncode == -signal.SIGKILL
        with Store(tmp_path) as store:
            found = store.find(str(i) for i in range(10**5))
        seeds = [run.seed for run in found.values()]
        assert sorted(seeds) == list(range(len(seeds)))
        assert len(seeds) in (acknowledged + 1, acknowledged + 2)  # stored, but not yet said
        assert [seed for _, seed in stored(tmp_path)] == sorted(seeds)


@pytest.fixture(scope="module")
def older(small_study, tmp_path_factory):
    """A results folder of the same study with fewer seeds: the files that are overwritten."""
    folder = tmp_path_factory.mktemp("older")
    small_study.run(folder, "--seeds", 2)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("folders", "kills"), [(1, 4), (10, 5)])
def test_a_killed_study_ends_as_if_undisturbed(
    small_study, undisturbed, older, tmp_path, folders, kills
):
    moments = random.Random(folders)  # noqa: S311
    before, after = contents(older, FILES), contents(undisturbed, FILES)
    for number in range(folders):
        folder = tmp_path / str(number)
        shutil.copytree(older, folder)
        for _ in range(kills):
            acknowledged = kill_somewhere(small_study, folder, moments)
            rows = stored(folder)
            assert acknowledged + 24 <= len(rows)  # 24 are the older study's
            for name, content in contents(folder, FILES).items():
                assert content in (before[name], after[name]), name
        small_study.run(folder)
        assert contents(folder, FILES) == after
        assert len(stored(folder)) == 24 + 36


def kill_somewhere(study, folder, moments):
    """Kill the driver about when a block is stored, or while it writes; returns what was stored."""
    runs = 36 if moments.random() < 0.5 else 3 * moments.randint(0, 11)
    pause = moments.uniform(0, 4 if runs == 36 else 0.05)
    acknowledged = 0
    with study.start(folder) as driver:
        timer = threading.Timer(pause, driver.kill)
        for line in driver.stdout:
            if progress := re.match(r"(\d+)/\d+ runs  ", line):  # no row of the table at the end
                acknowledged = int(progress[1])
            if acknowledged >= runs and timer.ident is None:
                timer.start()
        timer.join()
    assert driver.returncode in (-signal.SIGKILL, 0)
    return acknowledged
