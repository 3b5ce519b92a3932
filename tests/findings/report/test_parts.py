"""Wording, axes and dots of the report."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from repro.findings.drawings.shared import Floor
from repro.findings.numbers import (
    interval,
    number,
    number_list,
    p_value,
    percent,
    percent_interval,
)
from repro.findings.report.axis import Axis, axis_of
from repro.findings.report.curves import curves_of
from repro.findings.report.prose import paragraphs, pieces
from repro.findings.report.track import sina
from repro.findings.report.usual import Usual, usual
from repro.findings.units import quantity, unit_of
from repro.study.schema import load_study


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.93641, "0.9364"),
        (-0.5, "−0.5"),
        (-0.0, "0"),
        (1.23e-19, "1.23×10⁻¹⁹"),
        (0, "0"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (12345678, "1.235×10⁷"),
    ],
)
def test_numbers_have_four_digits_and_true_minus_signs(value, text):
    assert number(value) == text


def test_intervals_p_values_and_shares():
    assert interval(0.1, 0.25) == "0.1 … 0.25"
    assert interval(math.nan, math.nan) == "–"
    assert interval(0.1, math.inf) == "0.1 … ∞"
    assert percent_interval(-0.331, 0.02) == "−33.1 … 2.0 %"
    assert percent_interval(math.nan, 0.02) == "–"
    assert percent_interval(0.93981, 0.94042) == "93.98 … 94.04 %"
    assert percent_interval(0.9, 0.9) == "in all runs"
    assert (number_list([0.5, -2]), number_list([])) == ("0.5, −2", "–")
    assert p_value(9.9e-5) == "< 0.0001"
    assert p_value(0.0082) == "0.0082"
    shares = [percent(share) for share in (0.994, -0.33, -0.001, math.nan)]
    assert shares == ["99 %", "−33 %", "−0.1 %", "–"]
    nearly = [percent(share) for share in (0.996, 1.0, 0.004, 0.0, 0.99996, 0.995)]
    assert nearly == ["99.6 %", "100 %", "0.4 %", "0 %", "99.996 %", "99.5 %"]


def test_prose_is_text_code_and_citations():
    assert pieces("it dies [units_die], see `relu` of [a_b]") == [
        ("text", "it dies", ""),
        ("claim", "units_die", ""),
        ("text", ", see ", ""),
        ("code", "relu", ""),
        ("text", " of", ""),
        ("claim", "a_b", ""),
    ]
    assert pieces("it is not [a_b refuted].")[1] == ("claim", "a_b", "refuted")
    assert pieces("drawn from [-1, 1] and [0, 1]") == [
        ("text", "drawn from [-1, 1] and [0, 1]", "")
    ]
    assert paragraphs("one\ntwo\n\nthree\n") == [[("text", "one two", "")], [("text", "three", "")]]


def test_axes_place_values_and_label_ticks():
    assert Axis(0, 10).positions([0, 2.5, 10, 99, math.nan])[:4].tolist() == [0, 25, 100, 100]
    assert np.isnan(Axis(0, 10).positions(math.nan))
    log = Axis(1e-4, 1, "log")
    assert log.positions([1e-4, 1e-2, 1, 0]).tolist() == [0, 50, 100, 0]
    assert [tick.label for tick in log.ticks] == ["10⁻⁴", "0.001", "0.01", "0.1", "1"]
    assert [tick.label for tick in Axis(0, 99, "log1p").ticks] == ["1", "10"]
    assert [tick.label for tick in Axis(-60, 130).ticks] == ["−50", "0", "50", "100"]


def test_an_axis_holds_what_is_finite():
    axis = axis_of([0.2, 0.8, math.inf, math.nan])
    assert axis.low < 0.2 < 0.8 < axis.high < 1
    assert axis_of([3, 3]).low < 3
    assert axis_of([math.nan], Floor(1e-8, hides=True)) == Axis(0, 1)


@pytest.mark.parametrize("values", [[], [1e300, 1e300]])
def test_curves_that_can_not_be_drawn_are_left_out(values):
    study = load_study("truth_table")
    rows = {"variant": "relu_posted", "seed": 0, "step": range(len(values)), study.metric: values}
    assert curves_of(study, pd.DataFrame(rows)) is None


def test_what_is_below_the_floor_of_an_axis_is_drawn_there():
    axis = axis_of([0, 1e-20, 1], Floor(1e-8, hides=True))
    assert len({*axis.positions([0, 1e-20, 1e-8])}) == 1
    assert axis.ticks[0].label == "≤ 10⁻⁸"
    assert axis.ticks[0].position == axis.position(0.0)
    assert axis_of([1e-8, 1], Floor(1e-8, hides=False)).ticks[0].label == "10⁻⁸"


def test_numbers_have_units():
    study = load_study("mnist_relu")
    share, points = (unit_of(study, "test_accuracy", difference=d) for d in (False, True))
    assert share.number(0.9398) == "93.98\N{NO-BREAK SPACE}%"
    assert points.interval(-0.4114, -0.3196) == "−41.14 … −31.96\N{NO-BREAK SPACE}points"
    assert unit_of(study, "generalization_gap").number(0.05) == "5\N{NO-BREAK SPACE}points"
    assert unit_of(study, "test_loss").number(0.5) == "0.5"
    assert unit_of(study, "test_loss", share=True).number(0.5) == "50\N{NO-BREAK SPACE}%"
    assert (
        quantity("test_loss", "above 1", difference=False) == "share of runs with test loss above 1"
    )
    assert quantity("test_loss", "", difference=True) == "difference in test loss"


def test_a_caption_says_what_most_rows_do():
    assert usual(["a", "a", "b"]) == Usual("a", always=False)
    assert usual(["a", "a"]) == Usual("a", always=True)
    assert usual(["a", "b"]) == usual([]) == Usual("")
    assert Usual("a").differs("b")


def test_every_run_is_a_dot_and_dense_ones_spread():
    dots = re.findall(r"M(\d+) (\d+)h0", sina(np.array([10.0, 50.0, 50.0, 50.0])))
    assert [x for x, _ in dots] == ["100", "500", "500", "500"]
    assert len({y for _, y in dots}) == 3
    assert dots[0][1] == "50"
    assert sina(np.array([])) == ""
