"""Any grid of an experiment's parameters from the command line: values, runs, tables, figure.

Slow: a sweep that is repeated, as tests/app/test_cli.py repeats a run.
"""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from rich.console import Console

from repro.app.cli.main import main
from repro.app.runs.sweep import _summary
from repro.findings.drawings.sweep import draw_sweep, summarize_sweep
from repro.findings.media import style
from repro.store.results import study_of
from repro.store.tables import read_table, scientific_parameters
from repro.study.errors import StudyError
from repro.study.plan import make_plan
from repro.study.schema import load_study
from repro.study.sweep import is_sweep, sweep_name, sweep_study, swept

ROOT = Path(__file__).parents[2]
QUICK = ["hidden_activation=relu", "iterations=20"]


def sweep(*args):
    return subprocess.run(
        [sys.executable, "-m", "repro", "sweep", *map(str, args)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"COLUMNS": "140"},
    )


@pytest.fixture(scope="module")
def swept_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    args = ["truth_table", "learning_rate=1/10,1", "bias=False,True", *QUICK, "--seeds", 3]
    args += ["--workers", 1, "--out", folder]
    done = sweep(*args)
    assert done.returncode == 0, done.stderr
    return folder, args, done.stdout


def test_every_combination_is_run_with_every_seed(swept_folder):
    folder, _, shown = swept_folder
    runs = read_table(folder / "runs.csv")
    assert list(runs.columns[:5]) == ["experiment", "variant", "seed", "bias", "learning_rate"]
    cells = [tuple(cell) for cell in runs[["learning_rate", "bias", "seed"]].to_numpy()]
    assert cells == [
        (rate, bias, seed) for rate in (0.1, 1.0) for bias in (False, True) for seed in range(3)
    ]
    assert set(read_table(folder / "curves.csv").variant) == set(runs.variant)
    assert (folder / "sweep.png").stat().st_size > 1000
    assert (folder / "sweep.svg").stat().st_size > 1000
    assert str(folder) in shown.replace("\n", "")
    provenance = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    assert provenance["command"].startswith(
        "python -m repro sweep truth_table learning_rate=1/10,1"
    )


@pytest.mark.slow
def test_a_repeated_sweep_trains_nothing_twice(swept_folder):
    folder, args, _ = swept_folder
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".csv"}
    store = (folder / ".store.sqlite").read_bytes()
    assert sweep(*args).returncode == 0  # in a process with the same environment as before
    assert (folder / ".store.sqlite").read_bytes() == store
    assert {name: (folder / name).read_bytes() for name in before} == before


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nope", "a=1"], "no study is named 'nope'; there are add_numbers"),
        (["mnist_relu", "speed=1"], "named 'speed'; there are epochs, batch_size"),
        (["mnist_relu", "seeds=1,2"], "use --seeds"),
        (["mnist_relu", "learning_rate"], "write PARAMETER=VALUE,VALUE"),
        (["mnist_relu", "hidden_activation=rleu"], "got 'rleu'; did you mean 'relu'?"),
        (["mnist_relu", "learning_rate=-1,1"], "Input should be greater than 0, got -1.0"),
        (["mnist_relu", "learning_rate=1/0"], "Input should be a valid number, got '1/0'"),
        (["mnist_relu", "learning_rate=inf"], "Input should be a finite number"),
        (["mnist_relu", "learning_rate=__import__('os')"], "Input should be a valid number"),
        (["mnist_relu", "batch_size=1.5"], "Input should be a valid integer"),
        (["mnist_relu", "optimizer=sdg"], "'sgd', 'momentum', 'rmsprop' or 'adam', got 'sdg'"),
        (["mnist_relu", "learning_rate=0.1,1/10"], "has a value twice"),
        (["mnist_relu", "epochs=1", "epochs=2"], "epochs is given twice"),
        (["mnist_relu", "epochs=1", "--epochs", "2"], "epochs is given twice"),
        (["truth_table", "bias=True", "--data", "mnist"], "makes its own data"),
        (["truth_table", "bias=True", "--epochs", "2"], "no parameter of truth_table is named"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_trained(args, message, tmp_path):
    done = CliRunner().invoke(main, ["sweep", *args, "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert message in done.output
    assert list(tmp_path.iterdir()) == []


def test_too_many_runs_are_refused_by_their_number():
    rates = ",".join(map(str, range(1, 1001)))
    with pytest.raises(StudyError, match="101,000 runs are too many; at most 100,000"):
        sweep_study("mnist_relu", [f"learning_rate={rates}", "epochs=1"], 101)


def test_fractions_keep_their_name_and_have_their_value():
    study = sweep_study("mnist_relu", ["input_scale=1,1/255", "optimizer=adam"], 2)
    plan = make_plan(study)
    assert list(plan.seeds) == ["input_scale=1.0", "input_scale=1/255"]
    assert plan.parameters["input_scale=1/255"]["input_scale"] == 1 / 255
    assert {p["optimizer"] for p in plan.parameters.values()} == {"adam"}
    assert scientific_parameters(plan) == ["input_scale"]


def test_what_the_study_fixes_is_fixed_unless_it_is_given():
    held = make_plan(sweep_study("relu_at_zero", ["steps=1,2"], 1))
    assert {p["learning_rate"] for p in held.parameters.values()} == {0.002}
    given = make_plan(sweep_study("relu_at_zero", ["learning_rate=1"], 1))
    assert [p["learning_rate"] for p in given.parameters.values()] == [1.0]


def test_sweeps_that_differ_have_folders_that_differ():
    def name(*settings, seeds=3):
        return sweep_name(make_plan(sweep_study("truth_table", settings, seeds)))

    names = [
        name("learning_rate=1,2"),
        name("learning_rate=1,3"),
        name("learning_rate=1,2", seeds=4),
        name("learning_rate=1,2", "bias=True"),
        name("learning_rate=1,2", "bias=True,False"),
    ]
    assert len(set(names)) == len(names)
    assert all(n.startswith("truth_table@sweep,learning_rate=1.0+") for n in names)
    assert names[3] == "truth_table@sweep,learning_rate=1.0+2.0,bias=True,seeds=0-2"
    assert name("learning_rate=1,2") == name("learning_rate=1.0,2.0")


def runs_of(study, value):
    """Return made-up runs of a sweep: the metric is `value(parameters, seed)`."""
    plan = make_plan(study)
    rows = [
        {"variant": variant, "seed": seed, **plan.parameters[variant], "status": "ok"}
        | {study.metric: value(plan.parameters[variant], seed)}
        for variant, seeds in plan.seeds.items()
        for seed in seeds
    ]
    return pd.DataFrame(rows)


def drawn(study, runs):
    with style():
        return draw_sweep(study, runs)


def test_one_parameter_is_drawn_against_its_values_with_the_computed_intervals():
    study = sweep_study("mnist_relu", ["learning_rate=1/1000,0.01,0.1"], 6)
    runs = runs_of(study, lambda p, seed: 0.3 + p["learning_rate"] + 0.1 * seed)
    (axes,) = drawn(study, runs).axes
    assert axes.get_xscale() == "log"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1/1000", "0.01", "0.1"]
    bars = [
        tuple(line.get_ydata())
        for line in axes.lines
        if len(line.get_xdata()) == 2 and line.get_color() == "black"
    ]
    cells = summarize_sweep(study, runs)
    assert bars == list(zip(100 * cells.ci_low, 100 * cells.ci_high, strict=True))  # in %


@pytest.mark.parametrize(
    "settings", [["learning_rate=0.1,1"], ["learning_rate=0.1,1", "optimizer=sgd,adam"]]
)
def test_few_seeds_of_a_sweep_have_no_interval(settings):
    study = sweep_study("mnist_relu", settings, 3)
    runs = runs_of(study, lambda p, seed: 0.2 + 0.1 * seed)
    figure = drawn(study, runs)
    assert "95 %" not in figure.get_suptitle()
    said = [text.get_text() for text in figure.axes[0].texts]
    assert set(said) <= {"30\n20 … 40"}
    console = Console(file=io.StringIO(), width=100)
    console.print(_summary(study, summarize_sweep(study, runs)))
    assert "least … greatest" in console.file.getvalue()
    assert "0.2 … 0.4" in console.file.getvalue()


def test_a_sweep_found_in_its_folder_is_the_sweep_that_was_made(swept_folder):
    folder, _, _ = swept_folder
    found = study_of(folder)
    assert is_sweep(found)
    assert not is_sweep(load_study("truth_table"))
    assert swept(found) == ["learning_rate", "bias"]
    assert found.fixed["iterations"] == 20
    assert found.title.startswith("truth_table by learning_rate, bias, with ")
    assert "iterations=20" in found.title
    (axes, _) = drawn(found, read_table(folder / "runs.csv")).axes
    assert axes.get_xticklabels()[0].get_text() == "1/10"  # as it was written
    (folder / "sweep.png").unlink()
    assert CliRunner().invoke(main, ["figures", str(folder)]).exit_code == 0
    assert (folder / "sweep.png").stat().st_size > 1000


def test_names_and_near_numbers_have_no_logarithmic_axis():
    for setting in ("optimizer=sgd,adam", "hidden_units=10,20", "standardize=False,True"):
        study = sweep_study("mnist_relu", [setting], 2)
        (axes,) = drawn(study, runs_of(study, lambda p, seed: seed)).axes
        assert axes.get_xscale() == "linear"


def test_two_parameters_make_a_heat_map_of_the_means_that_says_what_diverged():
    study = sweep_study("mnist_relu", ["learning_rate=0.1,1", "optimizer=sgd,adam"], 2)
    runs = runs_of(study, lambda p, seed: np.nan if p["optimizer"] == "adam" else 0.25 * seed)
    runs.loc[runs.optimizer == "adam", "status"] = "diverged"
    axes = drawn(study, runs).axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.1", "1"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["sgd", "adam"]
    texts = [text.get_text() for text in axes.texts]
    assert [text.partition("\n")[0] for text in texts] == ["12.5", "12.5", "–", "–"]
    assert all("2 of 2\ndiverged" in text for text in texts[2:])


def test_a_heat_map_without_any_mean_is_drawn_without_a_warning():
    study = sweep_study("mnist_relu", ["learning_rate=0.1,1", "optimizer=sgd,adam"], 2)
    for value in (np.nan, 1e308):
        drawn(study, runs_of(study, lambda p, seed, value=value: value))


def test_more_parameters_make_panels_up_to_a_limit():
    settings = ["learning_rate=0.1,1", "optimizer=sgd,adam", "hidden_units=5,6", "epochs=1,2,3"]
    study = sweep_study("mnist_relu", settings, 1)
    panels = drawn(study, runs_of(study, lambda p, seed: 0.1 * p["epochs"])).axes[:-1]
    titles = [axes.get_title(loc="left") for axes in panels]
    assert titles[:2] == ["hidden units 5\nepochs 1", "hidden units 5\nepochs 2"]
    assert len(titles) == 6
    assert {text.get_text() for text in panels[2].texts} == {"30"}
    many = sweep_study(
        "mnist_relu", [*settings[:2], f"epochs={','.join(map(str, range(1, 50)))}"], 1
    )
    assert drawn(many, runs_of(many, lambda p, seed: 1.0)) is None
