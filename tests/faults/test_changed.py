"""A study or an experiment that changed: other runs, never mixed with the old in one table.

Slow: the study changes, in place of the experiment.
"""

import shutil

import pytest

from tests.faults.processes import contents, stored
from tests.undrawn import Commands

CHANGED_EXPERIMENT = """

import functools

_before = experiment


@functools.wraps(_before)
def experiment(**given):
    runs, curves = _before(**given)
    return runs.assign(mse=runs.mse + 1), curves
"""


def change_experiment(package):
    with (package / "repro/add_numbers/experiment.py").open("a") as module:
        module.write(CHANGED_EXPERIMENT)


def change_study(package):
    study = package / "experiments/add_numbers.toml"
    before = study.read_text()
    after = before.replace("[fixed]\n", "[fixed]\nhidden_units = 5\n")
    if after == before:
        after = before.replace("[variants.", "[fixed]\nhidden_units = 5\n\n[variants.", 1)
    study.write_text(after)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [change_experiment, pytest.param(change_study, marks=pytest.mark.slow)]
)
def test_what_changed_is_run_anew_and_never_mixed(package, undisturbed, tmp_path, change):
    """Twelve variants are there when it changes; two of them and another are run."""
    shutil.copytree(undisturbed, tmp_path / "out")
    old = runs_of("relu_posted", tmp_path / "out")
    before = len(stored(tmp_path / "out"))
    change(package)
    asked = "--seeds 3 --epochs 200 --workers 1 --variants relu_posted,relu_linear,leaky_mended"
    with Commands(package) as commands:
        for folder in ("new", "out"):
            words = ("run", "add_numbers", *asked.split(), "--out", tmp_path / folder)
            assert commands.call(tmp_path, *words).returncode == 0
    assert len(stored(tmp_path / "out")) == before + 9
    assert contents(tmp_path / "out") == contents(tmp_path / "new")
    new = runs_of("relu_posted", tmp_path / "out")
    assert len(new) == len(old) == 3
    assert not set(new) & set(old)


def runs_of(variant, folder):
    """Return the variant's rows of `runs.csv`."""
    rows = contents(folder)["runs.csv"].decode().splitlines()
    return [row for row in rows if f",{variant}," in row]
