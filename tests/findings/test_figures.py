"""Figures come from the committed tables alone, and come out the same every time.

Slow: those of the other studies.
"""

import math
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from repro.findings import figures
from repro.findings.curves_figure import draw_curves
from repro.findings.figures import draw_figures
from repro.findings.media import style
from repro.findings.pdf import pdf_figures
from repro.findings.runs_figure import draw_runs
from repro.findings.summary import summarize
from repro.findings.sweep_figure import draw_sweep
from repro.store.tables import read_table
from repro.study.folder import study_names
from repro.study.schema import load_study
from repro.study.sweep import sweep_study

RESULTS = Path(__file__).parents[2] / "results"
PACKAGE = Path(figures.__file__).parents[1]


def tables(name):
    return [read_table(RESULTS / name / f"{kind}.csv") for kind in ("runs", "curves")]


# the test of README's commands compares what is redrawn with what is committed
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name == "relu_at_zero" else pytest.mark.slow)
        for name in study_names()
    ],
)
def test_redrawn_figures_are_the_same_bytes(name, tmp_path):
    drawn = [tmp_path / "one", tmp_path / "two"]
    for folder in drawn:
        folder.mkdir()
        draw_figures(load_study(name), *tables(name), folder)
        plt.rcParams["font.size"] = 30  # what a reader has set does not matter
        plt.close("all")
    files = sorted(path.name for path in drawn[0].iterdir())
    assert {"runs.png", "runs.svg"} <= set(files)
    assert ("mechanism.png" in files) == (PACKAGE / name / "mechanism.py").exists()
    for file in files:
        assert (drawn[0] / file).read_bytes() == (drawn[1] / file).read_bytes()
    plt.rcdefaults()


def test_the_intervals_drawn_are_the_intervals_computed():
    study = load_study("mnist_relu")
    runs, _ = tables("mnist_relu")
    with style():
        axes = draw_runs(study, runs).axes[0]
    computed = summarize(study, runs).set_index("variant").loc[list(study.variants)]
    computed = computed.dropna(subset="mean")  # all runs of one variant diverged
    segments = [line for line in axes.lines if len(line.get_xdata()) == 2]
    drawn = [tuple(line.get_xdata()) for line in segments]
    assert drawn == list(zip(computed.ci_low, computed.ci_high, strict=True))
    points = sum(len(collection.get_offsets()) for collection in axes.collections)
    assert points == runs[runs.variant.isin(study.variants)].test_accuracy.notna().sum()


def test_runs_that_are_not_finite_are_left_out_and_nothing_fails():
    study = load_study("mnist_relu")
    runs = pd.DataFrame(
        {
            "variant": ["relu_raw"] * 3 + ["sigmoid_raw"] * 3,
            "seed": [0, 1, 2] * 2,
            "test_accuracy": [float("nan")] * 3 + [0.9, float("inf"), 0.8],
            "status": ["diverged"] * 6,
        }
    )
    with style():
        axes = draw_runs(study, runs).axes[0]
    assert sum(len(collection.get_offsets()) for collection in axes.collections) == 2


def trained(study, values, seeds=3):
    """Curves of variants, each of which has its value at every epoch, whatever the seed."""
    return pd.DataFrame(
        [
            {"variant": name, "seed": seed, "epoch": epoch, study.metric: value, "status": "ok"}
            for name, value in values.items()
            for seed in range(seeds)
            for epoch in (1, 2)
        ]
    )


def drawn_and_left_blank(draw, *arguments):
    """Lay a figure out; return the variants that a warning calls blank."""
    with warnings.catch_warnings(record=True) as record, style():
        warnings.simplefilter("always")
        draw(*arguments).draw_without_rendering()
    said = [str(warning.message) for warning in record]
    assert all(message.endswith("can show; it is left blank") for message in said), said
    return {message.split()[1] for message in said}


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, 1e308])
def test_what_an_axis_cannot_show_is_left_blank_and_named(value, log):
    study = load_study("add_numbers").model_copy(update={"log_scale": log})
    shown = 0 < value < 1e100 if log else abs(value) < 1e100
    curves = trained(study, {"relu_posted": value, "sigmoid_posted": 0.1}, seeds=1 if log else 3)
    expected = set() if shown else {"relu_posted"}
    assert drawn_and_left_blank(draw_curves, study, curves) == expected
    if math.isnan(value):  # such code does not run at all
        expected = set()
    assert drawn_and_left_blank(draw_runs, study, curves[curves["epoch"] == 2]) == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
def test_where_no_axis_can_show_anything_there_is_still_a_figure(value):
    study = load_study("add_numbers")
    assert study.log_scale
    table = trained(study, {"relu_posted": value})
    for draw in (draw_runs, draw_curves):
        drawn_and_left_blank(draw, study, table[table["epoch"] == 2])


@pytest.mark.parametrize("value", [math.inf, 0.0])
def test_figures_of_an_article_leave_blank_too(value):
    study = load_study("add_numbers")
    curves = trained(study, {"relu_posted": value, "sigmoid_posted": 0.1})
    with pytest.warns(UserWarning, match="relu_posted has no mse"):
        files = pdf_figures(study, curves[curves["epoch"] == 2], curves)
    assert {"runs.pdf", "learning_curves.pdf"} <= set(files)


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, 1e308])
def test_a_sweep_of_any_values_is_drawn(value, log):
    for settings in (["learning_rate=0.1,1"], ["learning_rate=0.1,1", "momentum=0,0.9"]):
        study = sweep_study("add_numbers", settings, 2).model_copy(update={"log_scale": log})
        first, *others = study.variants
        table = trained(study, {first: value} | dict.fromkeys(others, 0.1), seeds=2)
        runs = table[table["epoch"] == 2]
        parameters = [study.variants[name].parameters for name in runs["variant"]]
        runs = runs.assign(**pd.DataFrame(parameters, index=runs.index))
        assert drawn_and_left_blank(draw_sweep, study, runs) == set()


@pytest.mark.parametrize(("name", "scale"), [("four_layers", "log"), ("mnist_relu", "linear")])
def test_panels_have_one_scale_on_which_every_training_shows(name, scale):
    study, (_, curves) = load_study(name), tables(name)
    with style():
        drawn = draw_curves(study, curves)
    panels = [axes for axes in drawn.axes if axes.axison]
    assert {axes.get_xscale() for axes in panels} == {scale}
    assert len({axes.get_xlim() for axes in panels}) == 1
    assert len({axes.get_ylim() for axes in panels}) == 1
    for axes in panels:
        (line,) = axes.lines
        assert len(line.get_xdata()) > 1 or line.get_marker() == "o"


def test_the_lowest_panel_of_each_column_has_labels():
    study, (_, curves) = load_study("truth_table"), tables("truth_table")
    with style():
        drawn = draw_curves(study, curves)
        drawn.draw_without_rendering()
    panels = [axes for axes in drawn.axes if axes.axison]
    assert len(panels) % 4 != 0  # the last row is not full
    labelled = [
        any(label.get_visible() and label.get_text() for label in axes.get_xticklabels())
        for axes in panels
    ]
    assert labelled == [False] * (len(panels) - 4) + [True] * 4


def test_the_summary_by_hand():
    runs = pd.DataFrame(
        {
            "variant": ["a"] * 3,
            "seed": [0, 1, 2],
            "test_accuracy": [0.25, math.nan, 0.25],
            "status": ["ok", "diverged", "ok"],
        }
    )
    (row,) = summarize(load_study("mnist_relu"), runs).to_dict("records")
    assert row == {
        "variant": "a",
        "n": 2,
        "mean": 0.25,
        "ci_low": 0.25,
        "ci_high": 0.25,
        "least": 0.25,
        "greatest": 0.25,
        "runs": 3,
        "diverged": 1,
    }
