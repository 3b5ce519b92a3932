"""The same run finished twice with different numbers: both are kept, said, and exit 1."""

from contextlib import closing
from sqlite3 import connect

import pytest

from tests.faults.processes import contents, stored
from tests.undrawn import Commands

# A machine that computes otherwise each time.
NOISE = """

import functools

import numpy as np

_before = experiment


@functools.wraps(_before)
def experiment(**given):
    runs, curves = _before(**given)
    return runs.assign(mse=runs.mse + np.random.default_rng().random(len(runs))), curves
"""


@pytest.mark.long
def test_both_are_kept_and_reported_until_the_store_is_moved_away(package, tmp_path):
    with (package / "repro/add_numbers/experiment.py").open("a") as module:
        module.write(NOISE)
    with Commands(package) as commands:
        assert_both_are_kept(commands, tmp_path / "results")


def run(commands, folder, code):
    asked = ("--variants", "relu_posted,relu_he", "--seeds", 3, "--epochs", 200, "--workers", 1)
    done = commands.call(folder.parent, "run", "add_numbers", *asked, "--out", folder)
    assert done.returncode == code
    return done.stdout + done.stderr


def assert_both_are_kept(commands, folder):
    run(commands, folder, 0)
    first = contents(folder)
    with closing(connect(folder / ".store.sqlite")) as connection, connection:
        connection.execute("DELETE FROM runs WHERE variant = 'relu_he' AND seed = 1")
    (folder / "provenance.json").unlink()  # else the run is read back from the tables
    said = run(commands, folder, 1)  # trains the block whole: seeds 0 and 2 a second time
    assert "Not deterministic: 2 runs finished with different numbers." in said
    assert "relu_he, seed 0: mse " in said
    assert "relu_he, seed 2: mse " in said
    assert stored(folder).count(("relu_he", 0)) == stored(folder).count(("relu_he", 2)) == 2
    kept = [line for line in first["runs.csv"].splitlines() if b"relu_he,1," not in line]
    now = contents(folder)["runs.csv"].splitlines()
    assert [line for line in now if b"relu_he,1," not in line] == kept  # the first is shown
    assert "Not deterministic" in run(commands, folder, 1)  # nothing trains, it is said again
    assert len(stored(folder)) == 8
