"""Figures come from the committed tables alone, and come out the same every time.

Slow: those of the other studies; sweeps on a linear axis.
"""

import itertools
import math
import re
import warnings
from functools import cache
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from repro.findings import figures
from repro.findings.drawings.curves import MOST_CURVES, _seeds, chosen_curves, draw_curves
from repro.findings.drawings.fixes import draw_fixes
from repro.findings.drawings.narrow import narrow
from repro.findings.drawings.rows import (
    CLEAREST,
    FAINTEST,
    MIDDLES,
    RunAxis,
    draw_row,
    run_axis,
)
from repro.findings.drawings.runs import draw_runs, ordered_rows
from repro.findings.drawings.shared import PALETTE, spread
from repro.findings.drawings.sweep import draw_sweep, training_length
from repro.findings.figures import draw_figures, draw_mechanism, rendered
from repro.findings.fixes import fixes_of
from repro.findings.latex.pdf import pdf_figures
from repro.findings.media import style
from repro.findings.summary import summarize
from repro.store.tables import read_table
from repro.study.folder import study_names
from repro.study.schema import load_study
from repro.study.sweep import sweep_study

RESULTS = Path(__file__).parents[2] / "results"
PACKAGE = Path(figures.__file__).parents[1]


def tables(name):
    return [read_table(RESULTS / name / f"{kind}.csv") for kind in ("runs", "curves")]


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name == "relu_at_zero" else pytest.mark.slow)
        for name in study_names()
    ],
)
def test_redrawn_figures_are_the_same_bytes(name, tmp_path):
    plt.rcParams["font.size"] = 30  # what a reader has set does not matter
    draw_figures(load_study(name), *tables(name), tmp_path)
    plt.close("all")
    plt.rcdefaults()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert {"runs.png", "runs.svg"} <= set(files)
    assert ("mechanism.png" in files) == (PACKAGE / name / "mechanism.py").exists()
    for file in files:
        assert (tmp_path / file).read_bytes() == (RESULTS / name / file).read_bytes(), file


def test_zero_has_no_sign_in_an_svg():
    """It comes of rounding, whose last bit is not the same in every process."""
    figure = Figure()
    figure.add_subplot().plot([0], [0], "D")  # a square turned by 45 degrees
    svg = rendered(figure, "svg", bbox_inches=Bbox([[0, 1e-12], [6, 4]]))
    numbers = re.findall(rb"[-+.\deE]+", b" ".join(re.findall(rb' d="([^"]+)"', svg)))
    assert len(numbers) > 50
    assert b"0" in numbers and b"-0" not in numbers


def test_the_intervals_drawn_are_the_intervals_computed():
    study = load_study("mnist_relu")
    runs, _ = tables("mnist_relu")
    with style():
        axes = draw_runs(study, runs).axes[0]
    computed = summarize(study, runs[runs.variant.isin(study.variants)])
    computed = computed.dropna(subset="ci_low")  # few seeds have no interval
    bars = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    assert sorted(bars) == sorted(zip(100 * computed.ci_low, 100 * computed.ci_high, strict=True))
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


@pytest.mark.long
@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, 1e308])
def test_what_an_axis_cannot_show_is_left_blank_and_named(value, log):
    study = load_study("add_numbers").model_copy(update={"log_scale": log})
    shown = 0 <= value < 1e100  # 0 where a logarithmic axis begins
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


@pytest.mark.parametrize("value", [math.inf, 1e308])
def test_figures_of_an_article_leave_blank_too(value):
    study = load_study("add_numbers")
    curves = trained(study, {"relu_posted": value, "sigmoid_posted": 0.1})
    with pytest.warns(UserWarning, match="relu_posted has no mse"):
        files = pdf_figures(study, curves[curves["epoch"] == 2].assign(learned=0.0), curves)
    assert {"runs.pdf", "learning_curves.pdf"} <= set(files)


@pytest.mark.parametrize("log", [True, pytest.param(False, marks=pytest.mark.slow)])
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


@cache
def drawn(draw, name, *kinds):
    """A committed study's figure, laid out; tests look at it and leave it as it is."""
    study = load_study(name)
    with style():
        figure = draw(study, *(read_table(RESULTS / name / f"{kind}.csv") for kind in kinds))
        figure.draw_without_rendering()
    return figure


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible()]


def legend_entries(figure):
    return {text.get_text() for legend in figure.legends for text in legend.get_texts()}


@pytest.mark.parametrize(("name", "scale"), [("four_layers", "log"), ("mnist_relu", "linear")])
def test_the_few_curves_that_matter_are_overlaid_and_labelled(name, scale):
    study = load_study(name)
    figure = drawn(draw_curves, name, "curves")
    (axes,) = figure.axes
    assert axes.get_xscale() == scale
    assert len(axes.lines) == len(study.report.curves) <= MOST_CURVES
    labels = {study.variants[variant].label for variant in study.report.curves}
    assert labels <= set(texts(figure))
    for line, variant in zip(axes.lines, study.report.curves, strict=True):
        assert line.get_color() == PALETTE[study.variants[variant].group]
    looks = {(line.get_color(), str(line._dash_pattern)) for line in axes.lines}
    assert len(looks) == len(axes.lines)


def test_labels_of_lines_do_not_overlap():
    figure = drawn(draw_curves, "mnist_relu", "curves")
    boxes = [Text.get_window_extent(label) for label in figure.axes[0].texts]  # without its leader
    boxes = [Bbox.from_extents(0, box.y0 + 0.2 * box.height, 1, box.y1) for box in boxes]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_without_a_choice_curves_are_those_of_the_gap():
    study = load_study("mnist_relu")
    report = study.report.model_copy(update={"curves": ()})
    chosen = chosen_curves(study.model_copy(update={"report": report}), tables("mnist_relu")[1])
    (gap,) = study.report.gaps
    assert chosen[:2] == [gap.failing, gap.reference]
    assert len(chosen) == MOST_CURVES


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draw", "name"),
    [
        (draw_runs, "truth_table"),
        (draw_runs, "relu_at_zero"),
        (draw_fixes, "four_layers"),
        pytest.param(draw_runs, "four_layers", marks=pytest.mark.slow),
        pytest.param(draw_fixes, "truth_table", marks=pytest.mark.slow),
        pytest.param(draw_fixes, "relu_at_zero", marks=pytest.mark.slow),
    ],
)
def test_a_legend_has_no_mark_that_is_not_drawn(draw, name):
    figure = drawn(draw, name, "runs")
    (axes,) = figure.axes
    markers = {line.get_marker() for line in axes.lines}
    said = legend_entries(figure)
    assert ("the thread's number" in said) == ("D" in markers)
    colors = [to_rgb(mark.get_color()) for mark in axes.lines if mark.get_marker() == "|"]
    colors += [
        tuple(dots.get_facecolor()[0][:3]) for dots in axes.collections if len(dots.get_offsets())
    ]
    for group in PALETTE:
        if group in said:
            assert to_rgb(PALETTE[group]) in colors
    assert bool(said & set(MIDDLES.values())) == (to_rgb("black") in colors)


def test_the_dots_of_a_hundred_runs_can_be_seen():
    shown = [_opacity(number) for number in (12, 40, 99, 114, 300, 3000)]
    assert shown == sorted(shown, reverse=True)
    assert shown[0] == shown[2] == CLEAREST
    assert shown[3] > 0.3
    assert shown[-1] == FAINTEST


def _opacity(runs):
    axes, axis = Figure().subplots(), RunAxis(load_study("mnist_relu"), "test_accuracy", "mean")
    table = pd.DataFrame({"variant": "relu_raw", "status": "ok"}, index=range(runs))
    draw_row(axes, 0, table.assign(test_accuracy=np.linspace(0, 1, runs)), axis=axis, color="C0")
    return axes.collections[0].get_alpha()


def test_curves_say_how_many_seeds_the_variants_have():
    curves = pd.DataFrame({"variant": ["a", "a", "b"], "seed": [0, 1, 0]})
    assert _seeds(curves) == "1 to 2"
    assert _seeds(curves[curves.variant == "a"]) == "2"


@pytest.mark.long
def test_variants_without_a_number_say_what_became_of_them():
    said = texts(drawn(draw_runs, "relu_at_zero", "runs"))
    assert said.count("all 30 crashed") == 6
    assert "all 3 diverged" in texts(drawn(draw_runs, "mnist_relu", "runs"))


@pytest.mark.long
def test_yes_and_no_are_shares_with_their_intervals():
    study, (runs, _) = load_study("relu_at_zero"), tables("relu_at_zero")
    (axes,) = drawn(draw_runs, "relu_at_zero", "runs").axes
    assert not axes.collections  # no dots at 0 and 1
    computed = summarize(study, runs[runs.variant.isin(study.variants)])
    computed = computed.dropna(subset="ci_low")  # few seeds have no interval
    bars = {tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2}
    assert bars == set(zip(100 * computed.ci_low, 100 * computed.ci_high, strict=True))
    assert "share of runs in %" in axes.get_xlabel()
    assert axes.get_xlabel().endswith(", with 95 % interval")


@pytest.mark.long
def test_a_middle_on_a_logarithmic_axis_is_the_median_of_what_is_drawn():
    figure = drawn(draw_runs, "truth_table", "runs")
    (axes,) = figure.axes
    assert legend_entries(figure) == {"median, middle half of the runs", "the thread's number"}
    dots = [collection.get_offsets()[:, 0] for collection in axes.collections]
    marks = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "|"]
    assert marks == [np.median(values.data) for values in dots]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["truth_table", "add_numbers"])
def test_a_logarithmic_axis_ends_before_rounding_begins(name):
    (axes,) = drawn(draw_runs, name, "runs").axes
    low, high = axes.get_xlim()
    assert np.log10(high / low) < 10
    assert axes.get_xticklabels()[0].get_text() == r"$\leq10^{-8}$"
    drawn_at = np.concatenate([dots.get_offsets()[:, 0] for dots in axes.collections])
    assert drawn_at.min() == 1e-8
    runs = tables(name)[0]
    shown = runs[runs.variant.isin(load_study(name).variants)]
    assert len(drawn_at) == shown[load_study(name).metric].notna().sum()  # none is left out


def test_runs_stand_in_groups_the_best_first():
    study, (runs, _) = load_study("mnist_relu"), tables("mnist_relu")
    rows = ordered_rows(run_axis(study, runs), runs)
    means = runs.groupby("variant").test_accuracy.mean()
    groups = [row for row in rows if row in PALETTE]
    assert groups == [group for group in PALETTE if group in groups]
    for group in groups:
        first = rows.index(group) + 1
        members = list(itertools.takewhile(lambda row: row not in PALETTE, rows[first:]))
        assert {study.variants[name].group for name in members} == {group}
        levels = means[members].to_list()
        finite = [level for level in levels if not math.isnan(level)]
        assert levels[: len(finite)] == sorted(finite, reverse=True)


def test_fixes_are_sorted_by_what_they_recover():
    study, (runs, _) = load_study("truth_table"), tables("truth_table")
    fixes = fixes_of(study, runs)
    aim = runs[runs.variant == "sigmoid_posted"].mean_abs_error.mean()
    for row in fixes.rows:
        own = runs[runs.variant == row.variant].mean_abs_error
        assert row.recovered == (own <= aim + 0.01).mean()
    shares = [row.recovered for row in fixes.rows[1:]]
    assert shares == sorted(shares, reverse=True)
    assert fixes.rows[0].variant == "relu_posted"
    assert fixes.threshold == pytest.approx(aim + 0.01)


@pytest.mark.parametrize(("name", "threshold"), [("four_layers", -2), ("relu_at_zero", None)])
def test_the_line_from_which_runs_have_recovered_is_drawn(name, threshold):
    study, (runs, _) = load_study(name), tables(name)
    figure = draw_fixes(study, runs)
    lines = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    assert ("recovered from here" in legend_entries(figure)) == bool(lines) == bool(threshold)
    for line in lines:
        mean = 100 * fixes_of(study, runs).level["mean"]
        assert line.get_xdata() == pytest.approx([mean + threshold] * 2)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name == "relu_at_zero" else pytest.mark.long)
        for name in study_names()
    ],
)
def test_numbers_along_an_axis_of_a_mechanism_have_a_name(name):
    with style():
        figure = draw_mechanism(load_study(name), *tables(name))
        figure.draw_without_rendering()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            ticks = "".join(label.get_text() for label in axis.get_ticklabels())
            are_words = re.search(r"(?<!\\)\b[A-Za-z]", ticks) or not ticks
            assert axis.label.get_text() or are_words, axes.get_title("left")


def titles_of_legends(figure):
    legends = [axes.get_legend() for axes in figure.axes]
    return [legend.get_title().get_text() for legend in legends if legend]


@pytest.mark.long
def test_legends_keep_their_titles_on_a_phone():
    with style():
        figure = draw_mechanism(load_study("four_layers"), *tables("four_layers"))
        wide = titles_of_legends(figure)
        assert titles_of_legends(narrow(figure)) == wide
    assert "derivatives passed back" in wide


def test_a_curve_leaves_the_edges_of_those_that_it_lies_on():
    study = load_study("add_numbers")
    names = chosen_curves(study, trained(study, dict.fromkeys(study.variants, 0.1)))
    with style():
        axes = draw_curves(study, trained(study, dict.fromkeys(names, 0.1))).axes[0]
    widths = [line.get_linewidth() for line in axes.lines]
    assert len(widths) == len(names) > 2
    assert widths == sorted(set(widths), reverse=True)


def test_fixes_of_another_metric_go_towards_the_reference():
    study, (runs, _) = load_study("add_numbers"), tables("add_numbers")
    assert study.better == "lower"
    fixes = fixes_of(study, runs)
    learned = runs.groupby("variant").learned.mean()
    shares = [learned[row.variant] for row in fixes.rows[1:]]
    assert shares == sorted(shares, reverse=True)
    assert len(fixes.rows) + fixes.left_out == 1 + len(study.report.gaps[0].fixes)


def test_places_are_spread_no_more_than_they_need():
    assert spread([0.1, 0.5, 0.9], 0.1, low=0, high=1) == [0.1, 0.5, 0.9]
    assert spread([0.5, 0.5, 0.55], 0.1, low=0, high=1) == pytest.approx([0.5, 0.6, 0.7])
    assert spread([0.9, 0.95, 1.0], 0.1, low=0, high=1) == pytest.approx([0.8, 0.9, 1.0])


def test_a_sweep_says_seeds_and_length():
    study = sweep_study("add_numbers", ["learning_rate=0.1,1", "momentum=0,0.9"], 2)
    table = trained(study, dict.fromkeys(study.variants, 0.1), seeds=2)
    runs = table[table["epoch"] == 2]
    parameters = [study.variants[name].parameters for name in runs["variant"]]
    with style():
        figure = draw_sweep(study, runs.assign(**pd.DataFrame(parameters, index=runs.index)))
    assert "mean over 2 seeds, 5,000 epochs" in figure.get_suptitle()
    assert training_length(sweep_study("mnist_relu", ["epochs=1,2"], 2)) == ""


def test_the_summary_by_hand():
    runs = pd.DataFrame(
        {
            "variant": ["a"] * 7,
            "seed": range(7),
            "test_accuracy": [math.nan, *[0.25] * 6],
            "status": ["diverged", *["ok"] * 6],
        }
    )
    (row,) = summarize(load_study("mnist_relu"), runs).to_dict("records")
    assert row == {
        "variant": "a",
        "n": 6,
        "mean": 0.25,
        "ci_low": 0.25,
        "ci_high": 0.25,
        "least": 0.25,
        "greatest": 0.25,
        "runs": 7,
        "diverged": 1,
        "crashed": 0,
    }
    (few,) = summarize(load_study("mnist_relu"), runs[:-1]).to_dict("records")
    assert (few["n"], few["mean"], few["least"], few["greatest"]) == (5, 0.25, 0.25, 0.25)
    assert math.isnan(few["ci_low"])
    assert math.isnan(few["ci_high"])


@pytest.mark.parametrize(("seeds", "said"), [(5, "mean"), (6, "mean, 95 % interval")])
def test_few_seeds_are_drawn_without_an_interval(seeds, said):
    runs = tables("mnist_relu")[0]
    runs = runs[(runs.seed < seeds) & runs.variant.isin(["relu_raw", "sigmoid_raw", "relu_scaled"])]
    figure = draw_fixes(load_study("mnist_relu"), runs)
    assert said in legend_entries(figure)
    above = [text for text in texts(figure) if text.startswith(" sigmoid, raw pixels: ")]
    assert above == [f" sigmoid, raw pixels: {said} "]
    axes = figure.axes[0]
    bars = [
        line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_color() == "black"
    ]
    assert bool(bars) == (seeds > 5)
