"""Losses that are NaN or infinite, seeds that are all equal, a single seed: results like others.

Slow: networks in TensorFlow, more seeds, seeds that are all equal.
"""

import csv
import re

import pytest

from tests.faults.processes import Study

DIVERGING = {"add_numbers": "relu_linear", "mnist_relu": "relu_raw"}


def diverge(package, name):
    """Give a variant of a study a learning rate that no network survives."""
    path = package / f"experiments/{name}.toml"
    head, mark, rest = path.read_text().partition(f"[variants.{DIVERGING[name]}]")
    rest = re.sub(r"parameters = \{", "parameters = { learning_rate = 1e30,", rest, count=1)
    path.write_text(head + mark + rest)


def rows(folder, name):
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


ON_NUMBERS = ["--variants", "relu_posted,relu_linear,relu_he", "--epochs", 100]
ON_IMAGES = ["--variants", "relu_raw,relu_scaled", "--epochs", 1, "--data", "mnist5k"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "args", "seeds"),
    [
        ("add_numbers", ON_NUMBERS, 1),
        pytest.param("add_numbers", ON_NUMBERS, 3, marks=pytest.mark.slow),
        pytest.param("mnist_relu", ON_IMAGES, 1, marks=pytest.mark.slow),
        pytest.param("mnist_relu", ON_IMAGES, 3, marks=pytest.mark.slow),
    ],
)
def test_diverged_runs_are_kept_and_judged(package, tmp_path, name, args, seeds):
    diverge(package, name)
    study = Study(
        name, *args, "--seeds", seeds, "--workers", 1, package=package, drawn=False
    )  # `figures` draws
    folder = tmp_path / "results" / name
    study.run(folder)
    status = {(r["variant"], r["seed"]): r["status"] for r in rows(folder, "runs.csv")}
    for (variant, _), said in status.items():
        assert said == ("diverged" if variant == DIVERGING[name] else "ok")
    assert len(status) == seeds * len(args[1].split(","))
    verdicts = {claim["verdict"] for claim in rows(folder, "claims.csv")}
    assert verdicts <= {"holds", "refuted", "inconclusive", ""}  # "": quotes another data set
    if seeds == 1:
        assert verdicts <= {"inconclusive", ""}
    study.commands(f"figures {name}", f"ledger {name}", cwd=tmp_path)


CONSTANT = """

import functools

_before = experiment


@functools.wraps(_before)
def experiment(**given):
    runs, curves = _before(**given)
    return runs.assign(mse={value}), curves
"""


@pytest.mark.slow
@pytest.mark.parametrize("value", ["0.25", "float('inf')"])
def test_seeds_that_are_all_equal(package, tmp_path, value):
    with (package / "repro/add_numbers/experiment.py").open("a") as module:
        module.write(CONSTANT.format(value=value))
    args = ("--seeds", 3, "--epochs", 100, "--workers", 1)
    study = Study("add_numbers", *args, package=package)
    study.run(tmp_path, "--variants", "relu_posted,sigmoid_posted,relu_momentum")
    assert {r["mse"] for r in rows(tmp_path, "runs.csv")} == {"0.25" if value == "0.25" else "inf"}
    judged = [claim for claim in rows(tmp_path, "claims.csv") if claim["metric"] == "mse"]
    assert all(claim["verdict"] in ("holds", "refuted", "inconclusive") for claim in judged)
