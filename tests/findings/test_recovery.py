"""The share of a gap that a fix closes."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from repro.findings.recovery import ratio_of_means, recovered
from repro.study.models import Gap

GAP = Gap(failing="bad", reference="good", fixes={"half": "", "worse": "", "lost": ""})


def table(**variants):
    return pd.DataFrame(
        [
            {"variant": variant, "seed": seed, "accuracy": value}
            for variant, values in variants.items()
            for seed, value in enumerate(values)
        ]
    )


def test_shares_are_those_of_the_means():
    runs = table(
        bad=[0.1, 0.3, 9.0],
        good=[0.9, 1.1, 9.0],
        half=[0.5, 0.7],
        worse=[0.0, 0.0],
        lost=[0.5, math.nan],
    )
    shares = recovered(runs, GAP, "accuracy").set_index("variant")
    assert shares.share["half"] == pytest.approx(0.5)  # 0.6 between 0.2 and 1.0
    assert shares.share["worse"] == pytest.approx(-0.25)
    assert list(shares.n) == [2, 2, 2]  # the seeds that all three have
    assert np.isnan(shares.loc["lost", ["share", "ci_low", "ci_high"]].astype(float)).all()


def test_a_reference_of_fewer_seeds_leaves_a_share():
    runs = table(bad=[0.1, 0.3, 9.0], good=[0.9, 1.1], half=[0.5, 0.7, 9.0])
    row = recovered(runs, GAP.model_copy(update={"fixes": {"half": ""}}), "accuracy").iloc[0]
    assert (row.share, row.n) == (pytest.approx(0.5), 2)


def test_lower_is_better_needs_no_other_formula():
    runs = table(bad=[0.5, 0.5], good=[0.1, 0.1], half=[0.3, 0.3], worse=[0.7, 0.7], lost=[0, 0])
    assert recovered(runs, GAP, "accuracy").share[:2].tolist() == pytest.approx([0.5, -0.5])


def test_against_a_constant_gap_it_is_the_interval_of_the_mean():
    numerator = np.array([1.0, 2.0, 4.0, 4.5])
    share, interval = ratio_of_means(numerator, np.full(4, 2.0))
    t = stats.ttest_1samp(numerator, 0).confidence_interval(0.95)
    assert share == pytest.approx(numerator.mean() / 2)
    assert interval == pytest.approx((t.low / 2, t.high / 2))


def test_the_limits_are_where_a_t_test_stops_rejecting():
    generator = np.random.default_rng(7)
    denominator = generator.normal(2, 0.5, 30)
    numerator = 0.7 * denominator + generator.normal(0, 0.3, 30)
    for limit in ratio_of_means(numerator, denominator)[1]:
        p = stats.ttest_1samp(numerator - limit * denominator, 0).pvalue
        assert p == pytest.approx(0.05)


def test_it_covers_the_ratio_in_95_of_100_cases():
    generator = np.random.default_rng(11)
    covered = 0
    for _ in range(2000):
        denominator = generator.exponential(1, 30)
        numerator = 0.5 * denominator + generator.normal(0, 0.2, 30)
        low, high = ratio_of_means(numerator, denominator)[1]
        covered += low <= 0.5 <= high
    assert covered / 2000 == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(
    ("numerator", "denominator"),
    [([1, 2], [-1, 1]), ([1.0], [2.0]), ([1, 2, 3], [1, -0.5, 0.4]), ([], [])],
)
def test_where_the_gap_may_be_none_there_is_no_interval(numerator, denominator):
    assert np.isnan(ratio_of_means(numerator, denominator)[1]).all()


def test_constant_differences_have_an_interval_of_no_width():
    assert ratio_of_means([0.4, 0.4], [0.8, 0.8]) == (0.5, pytest.approx((0.5, 0.5)))
