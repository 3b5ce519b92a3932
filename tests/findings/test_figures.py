"""Figures come from the committed tables alone, and come out the same every time."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from repro.findings import figures
from repro.findings.curves_figure import draw_curves
from repro.findings.figures import draw_figures, save
from repro.findings.media import style
from repro.findings.runs_figure import draw_runs
from repro.findings.summary import summarize
from repro.store.tables import read_table
from repro.study.folder import study_names
from repro.study.schema import load_study

RESULTS = Path(__file__).parents[2] / "results"
PACKAGE = Path(figures.__file__).parents[1]


def tables(name):
    return [read_table(RESULTS / name / f"{kind}.csv") for kind in ("runs", "curves")]


@pytest.mark.parametrize("name", study_names())
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
    computed = summarize(runs, study.metric).set_index("variant").loc[list(study.variants)]
    segments = [line for line in axes.lines if len(line.get_xdata()) == 2]
    drawn = [tuple(line.get_xdata()) for line in segments]
    assert drawn == list(zip(computed.ci_low, computed.ci_high, strict=True))
    points = sum(len(collection.get_offsets()) for collection in axes.collections)
    assert points == runs.variant.isin(study.variants).sum()


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


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_a_logarithmic_axis_with_nothing_to_show_is_none(value, tmp_path):
    study = load_study("add_numbers")
    assert study.log_scale
    rows = [
        {"variant": "relu_posted", "seed": seed, "epoch": 1, study.metric: value, "status": "ok"}
        for seed in range(3)
    ]
    table = pd.DataFrame(rows)
    with style():
        for name, figure in (("runs", draw_runs(study, table)), ("c", draw_curves(study, table))):
            save(figure, tmp_path / name)
            assert (tmp_path / f"{name}.png").exists()


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
            "score": [2.5] * 3,
            "status": ["ok", "diverged", "ok"],
        }
    )
    (row,) = summarize(runs, "score").to_dict("records")
    assert row == {
        "variant": "a",
        "n": 3,
        "mean": 2.5,
        "ci_low": 2.5,
        "ci_high": 2.5,
        "diverged": 1,
    }
