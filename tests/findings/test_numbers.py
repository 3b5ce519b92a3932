"""Intervals as readers see them: two limits that are told apart, and the number between them."""

import math
import re

import pandas as pd
from hypothesis import assume, example, given
from hypothesis import strategies as st

from repro.findings.latex import tex
from repro.findings.numbers import (
    ALL_ALIKE,
    SETTLED,
    digits_between,
    interval,
    number,
    percent,
    percent_interval,
    settled,
)
from repro.findings.units import Unit
from repro.instruments.diagnose.proof.judge import Gain
from repro.instruments.diagnose.report.text import gain_texts
from repro.training.shown import Shown

SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
NUMBERS = st.floats(-1e9, 1e9) | st.floats(-1, 1) | st.floats(-1e-6, 1e-6)
SHARES = st.floats(-1, 2) | st.floats(0, 1e-6) | st.floats(1 - 1e-6, 1)


def limits(values):
    """Return low, high and a number between them, often close to each other."""

    def around(low, width, place):
        high = low + width
        return low, high, min(max(low, low + place * width), high)

    widths = st.floats(0, 10) | st.floats(0, 1e-5) | st.just(0.0)
    return st.builds(around, values, widths, st.floats(0, 1))


def read(text):
    """Return the number that a reader reads."""
    mantissa, _, exponent = text.strip(" %+").replace("−", "-").partition("×10")
    return float(mantissa) * 10.0 ** int(exponent.translate(SUPERSCRIPTS) or "0")


def read_limits(text):
    """Return the two numbers of an interval, which may share a power of ten."""
    mantissas, _, power = text.removesuffix("points").rpartition(")")
    limits = mantissas.lstrip("(") or power
    return [
        read(f"{limit.strip(' %')}{power if mantissas else ''}") for limit in limits.split(" … ")
    ]


def require_told_apart(text, low, high, factor=1.0):
    """Check that a text shows an interval of about the width that it has, or says it has none."""
    alike = settled(factor * low) == settled(factor * high)
    assert (text == ALL_ALIKE) == alike, text
    if alike:
        return
    shown = read_limits(text)
    width = factor * (high - low)
    assert shown[0] < shown[1], text
    assert shown[1] - shown[0] <= 2.1 * width, text


@given(limits(NUMBERS))
@example((0.94004, 0.94006, 0.94005))
@example((0.0, 1.2e-9, 1e-10))
def test_limits_are_told_apart_and_the_number_is_between_them(case):
    low, high, middle = case
    text = interval(low, high)
    require_told_apart(text, low, high)
    if text != ALL_ALIKE:
        shown = [read(limit) for limit in text.split(" … ")]
        assert shown[0] <= read(number(middle, digits_between(low, high))) <= shown[1], text


@given(limits(SHARES))
@example((-2.3e-10, 7.3e-11, 0.0))
def test_percents_of_an_interval_are_told_apart(case):
    low, high, _ = case
    assume(settled(low) != settled(high) or low == high)
    require_told_apart(percent_interval(low, high), low, high, factor=100)
    require_told_apart(Unit(100.0, "points").interval(low, high), low, high, factor=100)


@given(SHARES)
def test_no_share_is_said_to_be_nothing_or_all_that_is_not(share):
    shown, hundredths = read(percent(share)), settled(100 * share)
    assume(hundredths in (0, 100) or min(abs(hundredths), abs(hundredths - 100)) > 1e-10)
    assert (shown in (0, 100)) == (hundredths in (0, 100)), percent(share)


def test_a_share_has_no_more_decimals_than_its_interval():
    assert percent(-3e-18, most_decimals=1) == "0 %"
    assert percent(-0.0026, most_decimals=1) == "−0.3 %"
    assert percent(0.9401, 2, 2) == "94.01 %"


@given(limits(st.floats(-1, 1)))
@example((0.0, 1e-9, 0.0))
def test_gains_in_skill_are_told_apart_to_four_decimals(case):
    low, high, middle = case
    mean, text = gain_texts(Gain(middle, low, high))
    if text == ALL_ALIKE:
        assert high - low < 1e-4
        return
    shown = [read(limit) for limit in text.split(" … ")]
    assert shown[0] < shown[1]
    assert shown[0] <= read(mean) <= shown[1]


@given(limits(NUMBERS))
@example((0.94, 0.94 + 1e-11, 0.94))
def test_limits_in_tex_are_told_apart(case):
    low, high, _ = case
    digits = tex.places(low, high)
    shown = {tex.number(limit, digits) for limit in (low, high)}
    assert (digits is None) == (settled(low) == settled(high))
    assert digits is None or len(shown) == 2, shown


class Fit(Shown):
    def __init__(self, frame):
        self.frame = frame

    def _last(self):
        return self.frame.groupby("seed").last()


def test_a_fit_in_a_notebook_tells_the_limits_of_a_narrow_interval_apart():
    seeds = range(8)
    frame = pd.DataFrame(
        {"seed": seeds, "epoch": 1, "loss": [0.94 + seed * 1e-9 for seed in seeds]}
    )
    row = re.findall(r"<td>(.*?)</td>", Fit(frame)._repr_html_())
    mean, low, high = map(read, row[:3])
    assert low < mean < high


def test_what_has_no_interval_has_a_dash_and_the_usual_digits():
    assert interval(math.nan, 1.0) == percent_interval(math.nan, 0.5) == "–"
    assert digits_between(math.nan, 1.0) == digits_between(0.5, 0.5) == 4
    assert digits_between(-1.0, math.inf) == 4
    assert digits_between(1.0, 1.0 + 1e-11) <= SETTLED
