"""A study or an experiment that changed: other runs, never mixed with the old in one table.

Slow: the study changes, in place of the experiment.
"""

import pytest

from tests.faults.processes import Study, contents, stored

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
    after = before.replace("[fixed]\n", "[fixed]\nhidden_width = 5\n")
    if after == before:
        after = before.replace("[variants.", "[fixed]\nhidden_width = 5\n\n[variants.", 1)
    study.write_text(after)


@pytest.mark.parametrize(
    "change", [change_experiment, pytest.param(change_study, marks=pytest.mark.slow)]
)
def test_what_changed_is_run_anew_and_never_mixed(package, tmp_path, change):
    """Two of three variants are there when it changes."""
    asked = ["--seeds", "3", "--epochs", "200", "--workers", "1"]
    study = Study("add_numbers", *asked, package=package, drawn=False)
    study.run(tmp_path / "out", "--variants", "relu_posted,relu_linear")
    old = runs_of("relu_posted", tmp_path / "out")
    change(package)
    for folder in ("new", "out"):
        study.run(tmp_path / folder, "--variants", "relu_posted,relu_linear,relu_he")
    assert len(stored(tmp_path / "out")) == 6 + 9
    assert contents(tmp_path / "out") == contents(tmp_path / "new")
    new = runs_of("relu_posted", tmp_path / "out")
    assert len(new) == len(old) == 3
    assert not set(new) & set(old)


def runs_of(variant, folder):
    """Return the variant's rows of `runs.csv`."""
    rows = contents(folder)["runs.csv"].decode().splitlines()
    return [row for row in rows if f",{variant}," in row]
