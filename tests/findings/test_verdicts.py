"""Verdicts on small tables whose answer is known, and what must hold for any table.

Slow: most of the error rates.
"""

import math
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from repro.findings import statistics, verdicts
from repro.findings.published import share_difference_interval, share_difference_test
from repro.findings.verdicts import COLUMNS
from repro.study.models import PAIRED, Claim, Test


def claim_of(test, bound=0.0, **changes):
    """A claim of new against old, or, where its test takes no reference, of new alone."""
    described = {
        "made_by": "answer",
        "says": "New is better than old.",
        "test": test,
        "variant": "new",
        "reference": "old" if test in PAIRED else None,
        "metric": "accuracy",
        "bound": bound,
    }
    return Claim(**described | changes)


def table(metric="accuracy", **variants):
    """Runs in long form: new=[values], old=[values], one value a seed from 0."""
    return pd.concat(
        pd.DataFrame({"variant": name, "seed": range(len(values)), metric: values})
        for name, values in variants.items()
    )


def judge(runs, claims, **named):
    """Judge; what says nothing but 0 and 1 is a flag here, and all else a number."""
    metrics = runs.columns.difference(["variant", "seed", "status"])
    kinds = {m: "flag" if set(runs[m].dropna()) <= {0, 1} else "number" for m in metrics}
    return verdicts.judge(runs, claims, **{"kinds": kinds} | named)


def verdict(runs, claim, better="higher"):
    return judge(runs, {"it": claim}, better=better).loc[0]


# Twelve seeds, so that all 4,096 sign vectors are enumerated.
SKEWED = np.array([0.5, 0.6, 0.1, 8.7, 3.9, 0.7, 2.5, 1.4, 0.5, 3.2, 0.7, 0.7])
WAVES = np.array([-2, -1, 0, 1, 2, 0, -1, 1, 2, -2, 1, -1]) / 1000


class TestTable:
    def test_has_the_columns_and_rows_of_the_contract(self):
        runs = table(new=np.arange(12) + 1, old=np.arange(12))
        claims = {"b": claim_of("greater"), "a": claim_of("above", 20)}
        judged = judge(runs, claims, better="higher")
        assert tuple(judged.columns) == COLUMNS
        assert list(judged.claim) == ["b", "a"]

    def test_row_by_hand(self):
        """Always better by 1: one of 2**12 sign vectors, twice for both directions."""
        runs = table(new=np.arange(12) + 1, old=np.arange(12))
        assert verdict(runs, claim_of("greater", 0.5)).to_dict() == {
            "claim": "it",
            "made_by": "answer",
            "says": "New is better than old.",
            "variant": "new",
            "reference": "old",
            "metric": "accuracy",
            "event": "",
            "test": "greater",
            "bound": 0.5,
            "bound_fixed": "before any run",
            "seeds": "0:12",
            "estimate": 1,
            "ci_low": 1,
            "ci_high": 1,
            "coverage": pytest.approx(math.nan, nan_ok=True),
            "effect_size": 1,
            "p_relation": "=",
            "p_value": 2 / 2**12,
            "n": 12,
            "verdict": "holds",
        }

    def test_of_no_claims_is_empty(self):
        assert tuple(judge(table(new=[1]), {}, better="higher").columns) == COLUMNS

    def test_adjusts_over_the_claims(self):
        runs = table(new=np.arange(12) + 1, old=np.arange(12))
        claims = {name: claim_of("greater") for name in "abc"}
        assert list(judge(runs, claims, better="higher").p_value) == [3 * 2 / 2**12] * 3

    def test_effect_size_of_within_is_against_the_target(self):
        runs = table(new=[0.1, 0.2, 0.3, 0.4])
        assert verdict(runs, claim_of("within", 1, target=0.3)).effect_size == 0.375


class TestEachTest:
    @pytest.mark.parametrize(
        ("claim", "level", "better", "expected"),
        [
            (claim_of("above", 0.9), 0.92, "higher", "holds"),
            (claim_of("above", 0.9), 0.88, "higher", "refuted"),
            (claim_of("above", 0.9), 0.90, "higher", "inconclusive"),
            (claim_of("below", 0.9), 0.88, "higher", "holds"),
            (claim_of("below", 0.9), 0.92, "higher", "refuted"),
            (claim_of("within", 0.01, target=0.9), 0.901, "higher", "holds"),
            (claim_of("within", 0.01, target=0.9), 0.92, "higher", "refuted"),
            (claim_of("within", 0.01, target=0.9), 0.88, "higher", "refuted"),
            (claim_of("within", 0.01, target=0.9), 0.91, "higher", "inconclusive"),
            (claim_of("greater", 0.05), 0.86, "higher", "holds"),
            (claim_of("greater", 0.05), 0.84, "higher", "refuted"),
            (claim_of("greater", 0.05), 0.85, "higher", "inconclusive"),
            (claim_of("less", -0.05), 0.74, "higher", "holds"),
            (claim_of("less", -0.05), 0.76, "higher", "refuted"),
            (claim_of("equivalent", 0.01), 0.801, "higher", "holds"),
            (claim_of("equivalent", 0.01), 0.82, "higher", "refuted"),
            (claim_of("equivalent", 0.01), 0.78, "higher", "refuted"),
            (claim_of("equivalent", 0.0005), 0.8, "higher", "inconclusive"),
            (claim_of("recovers", 0.01), 0.799, "higher", "holds"),
            (claim_of("recovers", 0.01), 0.9, "higher", "holds"),
            (claim_of("recovers", 0.01), 0.78, "higher", "refuted"),
            (claim_of("recovers", 0.01), 0.801, "lower", "holds"),
            (claim_of("recovers", 0.01), 0.7, "lower", "holds"),
            (claim_of("recovers", 0.01), 0.82, "lower", "refuted"),
        ],
    )
    def test_decides(self, claim, level, better, expected):
        runs = table(new=level + WAVES, old=np.full(12, 0.8))
        assert verdict(runs, claim, better).verdict == expected

    def test_two_edges_hold_by_the_90_percent_interval(self):
        row = verdict(table(new=SKEWED), claim_of("within", 7.5, target=0.0))
        assert row.verdict == "holds"
        assert row.ci_high > 7.5  # the 95 % interval, which is the one reported

    def test_needs_the_interval_beside_the_p_value(self):
        for test in ("below", "above"):  # which would hold, which would be refuted
            row = verdict(table(new=SKEWED), claim_of(test, 3.5))
            assert row.p_value < 0.05
            assert row.ci_high > 3.5
            assert row.verdict == "inconclusive"

    def test_needs_the_p_value_beside_the_interval(self):
        """Five seeds have 32 sign vectors: p can't be less than 1/16."""
        row = verdict(table(new=[0.91, 0.92, 0.93, 0.92, 0.91]), claim_of("above", 0.9))
        assert row.ci_low > 0.9
        assert row.p_value == 2 / 32
        assert row.verdict == "inconclusive"


class TestRates:
    def test_one_arm_has_wilson_and_binomial(self):
        row = verdict(table(new=[True] * 9 + [False]), claim_of("above", 0.5))
        assert (row.ci_low, row.ci_high) == statistics.rate_interval([1] * 9 + [0])
        assert row.p_value == pytest.approx(2 * 11 / 1024)
        assert row.verdict == "holds"

    def test_two_arms_have_the_score(self):
        new, old = np.array([1] * 20 + [0] * 10), np.array([0] * 25 + [1] * 5)
        row = verdict(table(new=new, old=old), claim_of("greater"))
        assert (row.ci_low, row.ci_high) == statistics.rate_difference_interval(new - old)
        assert row.p_value == pytest.approx(2 * statistics.rate_difference_test(new - old).above)

    def test_ties_alone_are_no_equivalence(self):
        runs = table(new=[1] * 30, old=[1] * 30)
        assert verdict(runs, claim_of("equivalent", 0.05)).verdict == "inconclusive"
        assert verdict(runs, claim_of("equivalent", 0.20)).verdict == "holds"

    @pytest.mark.parametrize("values", [[0.0] * 30, [1.0] * 30])
    def test_is_a_matter_of_the_kind_not_of_the_values(self, values):
        runs, claims = table(new=values), {"it": claim_of("above", 0.5)}
        widths = {}
        for kind in ("flag", "share"):
            row = judge(runs, claims, better="higher", kinds={"accuracy": kind}).loc[0]
            widths[kind] = row.ci_high - row.ci_low
        assert widths["share"] == 0 < widths["flag"]


class TestShares:
    runs = table(new=[0.2] * 20 + [0.9] * 10, old=[0.9] * 30)

    def test_count_runs_and_have_wilsons_interval(self):
        row = verdict(self.runs, claim_of("above", 0.5, share_below=0.5))
        assert (row.event, row.estimate) == ("below 0.5", 20 / 30)
        assert (row.ci_low, row.ci_high) == statistics.rate_interval([1] * 20 + [0] * 10)
        row = verdict(self.runs, claim_of("above", 0.5, share_above=0.5))
        assert (row.event, row.estimate) == ("above 0.5", 10 / 30)

    def test_are_compared_in_pairs(self):
        row = verdict(self.runs, claim_of("less", share_above=0.5))
        difference = np.array([-1] * 20 + [0] * 10)
        assert (row.ci_low, row.ci_high) == statistics.rate_difference_interval(difference)
        assert row.verdict == "holds"

    def test_a_number_on_the_edge_is_no_event(self):
        row = verdict(table(new=[0.5] * 30), claim_of("below", 0.5, share_above=0.5))
        assert row.estimate == 0

    def test_a_run_without_the_metric_decides_nothing(self):
        runs = table(new=[0.2] * 29 + [math.nan])
        row = verdict(runs, claim_of("above", 0.5, share_below=0.5))
        assert (row.n, row.verdict) == (30, "inconclusive")
        assert math.isnan(row.estimate)


class TestPublishedShares:
    def judged(self, successes, n, published, bound):
        runs = table(new=[1.0] * successes + [0.0] * (n - successes))
        return verdict(runs, claim_of("within", bound, published=published))

    def test_have_the_interval_of_newcombes_example(self):
        """Newcombe 1998, table II, (a): 56/70 against 48/80, method 10: 0.0524 to 0.3339."""
        row = self.judged(56, 70, (48, 80), 0.1)
        assert row.estimate == pytest.approx(0.2)
        assert (row.ci_low, row.ci_high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
        assert row.reference == "published 48 of 80"

    @pytest.mark.slow
    def test_the_published_sample_has_an_error_too(self):
        few = self.judged(540, 10_000, (54, 1000), 0.013)
        many = self.judged(540, 10_000, (5400, 100_000), 0.013)
        assert (few.verdict, many.verdict) == ("inconclusive", "holds")

    @pytest.mark.parametrize(
        ("successes", "expected"), [(50, "holds"), (200, "refuted"), (85, "inconclusive")]
    )
    def test_are_judged_both_ways(self, successes, expected):
        assert self.judged(successes, 1000, (50, 1000), 0.03).verdict == expected

    @given(
        ours=st.tuples(st.integers(0, 40), st.integers(40, 60)),
        published=st.tuples(st.integers(1, 40), st.integers(40, 60)),
        bound=st.floats(-0.9, 0.9),
    )
    def test_interval_and_p_value_agree(self, ours, published, bound):
        sample = [1] * ours[0] + [0] * (ours[1] - ours[0])
        low, high = share_difference_interval(sample, published)
        above, below = share_difference_test(sample, bound, published=published)
        assert above + below == pytest.approx(1)
        if abs(bound - low) > 1e-9 and abs(bound - high) > 1e-9:
            assert (above < 0.025) == (bound < low)
            assert (below < 0.025) == (bound > high)

    def test_a_run_without_the_metric_decides_nothing(self):
        runs = table(new=[1.0] * 29 + [math.nan])
        assert verdict(runs, claim_of("within", 0.5, published=(50, 100))).verdict == "inconclusive"


class TestDiverged:
    def test_is_a_flag_that_every_study_has(self):
        status = ["diverged"] * 20 + ["ok"] * 10
        runs = table(new=[math.nan] * 20 + [0.5] * 10).assign(status=status)
        row = verdict(runs, claim_of("above", 0.4, metric="diverged"))
        assert (row.estimate, row.n) == (20 / 30, 30)
        assert (row.ci_low, row.ci_high) == statistics.rate_interval([1] * 20 + [0] * 10)

    def test_a_crashed_run_tells_nothing_of_it(self):
        runs = table(new=[math.nan] * 20).assign(status=["diverged"] * 19 + ["crashed"])
        assert verdict(runs, claim_of("above", 0.4, metric="diverged")).verdict == "inconclusive"


class TestBoundsSetAfterALook:
    runs = table(new=[5.0] * 10 + list(range(10, 22)), old=[0.0] * 10 + list(range(12)))

    def test_are_judged_on_other_seeds(self):
        row = verdict(self.runs, claim_of("greater", 9.5, fixed_after="0:10"))
        assert (row.bound_fixed, row.seeds, row.n) == ("after seeds 0:10", "10:22", 12)
        assert (row.estimate, row.verdict) == (10, "holds")

    def test_are_open_without_any(self):
        row = verdict(self.runs, claim_of("above", 0, fixed_after="0:22"))
        assert (row.seeds, row.n, row.verdict) == ("", 0, "inconclusive")

    def test_may_leave_a_gap(self):
        row = verdict(self.runs, claim_of("above", 0, fixed_after="2:10"))
        assert (row.seeds, row.n) == ("0:2 10:22", 14)


class TestWhatTheTableSaysOfItsNumbers:
    def test_a_skewed_sample_has_the_coverage_of_its_like(self):
        failing = table(new=[0.9] * 27 + [0.1] * 3)
        plain = table(new=np.linspace(0.4, 0.6, 30))
        assert verdict(failing, claim_of("above", 0.5)).coverage == statistics.coverage(
            failing.accuracy
        )
        assert verdict(plain, claim_of("above", 0.3)).coverage > 0.93

    @pytest.mark.parametrize(("seeds", "relation"), [(30, "="), (60, "<=")])
    def test_a_p_value_is_exact_or_a_limit(self, seeds, relation):
        runs = table(new=np.arange(seeds) + 1.0, old=np.zeros(seeds))
        assert verdict(runs, claim_of("greater")).p_relation == relation

    def test_a_p_value_above_the_limit_is_what_it_says(self):
        runs = table(new=np.tile([1.0, -0.9], 30), old=np.zeros(60))
        assert verdict(runs, claim_of("greater")).p_relation == "="


class TestWhatIsNoNumber:
    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None])
    @pytest.mark.parametrize("test", ["above", "greater", "equivalent", "recovers"])
    def test_is_counted_and_inconclusive(self, bad, test):
        runs = table(new=[0.9] * 29 + [bad], old=[0.5] * 30)
        row = verdict(runs, claim_of(test, 0.1))
        assert row.n == 30
        assert np.isnan([row.estimate, row.ci_low, row.ci_high, row.p_value]).all()
        assert row.verdict == "inconclusive"

    def test_infinity_has_an_order(self):
        runs = table(new=[math.inf, math.inf, 1, 1], old=[math.inf, 1, 1, 2])
        assert verdict(runs, claim_of("greater")).effect_size == 0.5

    def test_takes_part_in_the_adjustment(self):
        runs = table(new=np.arange(12) + 1, old=np.arange(12), broken=[math.nan] * 12)
        claims = {"a": claim_of("greater"), "b": claim_of("greater", variant="broken")}
        assert judge(runs, claims, better="higher").p_value[0] == 2 * 2 / 2**12

    def test_rates_too(self):
        row = verdict(table(new=[1, 0, math.nan], old=[0, 0, 1]), claim_of("greater"))
        assert (row.n, row.verdict) == (3, "inconclusive")


class TestASingleSeed:
    @pytest.mark.parametrize("value", [1.0, 0.7])  # of a rate, and of none
    @pytest.mark.parametrize("test", ["above", "below", "greater", "less", "equivalent"])
    def test_is_inconclusive(self, test, value):
        row = verdict(table(new=[value], old=[0.0]), claim_of(test, 0.001))
        assert (row.n, row.verdict) == (1, "inconclusive")
        assert row.estimate == value


class TestGenerators:
    runs = table(new=np.tile(SKEWED, 4), old=np.tile(WAVES, 4))  # so many that flips are drawn

    def test_claims_about_the_same_numbers_show_the_same_interval(self):
        claims = {"a": claim_of("greater"), "b": claim_of("recovers", 0.1)}
        judged = judge(self.runs, claims, better="higher")
        assert judged.ci_low.nunique() == judged.ci_high.nunique() == 1

    def test_the_seed_is_all_that_varies(self):
        first, again, other = (
            judge(self.runs, {"it": claim_of("greater", 1.5)}, better="higher", seed=seed)
            for seed in (1, 1, 2)
        )
        pd.testing.assert_frame_equal(first, again, check_exact=True)
        assert first.p_value[0] != other.p_value[0]
        assert first.ci_high[0] == other.ci_high[0]  # nothing is drawn for it


class TestUnjudged:
    def test_keeps_the_estimate_alone(self):
        runs = table(new=np.arange(12) + 1, old=np.arange(12))
        claims = {"a": claim_of("greater"), "b": claim_of("greater")}
        judged = judge(runs, claims, better="higher", unjudged=["b"])
        assert list(judged.verdict) == ["holds", ""]
        assert list(judged.estimate) == list(judged.ci_low) == [1, 1]
        assert judged.p_value[0] == 2 / 2**12  # not adjusted for the other
        assert math.isnan(judged.p_value[1])

    def test_must_be_a_claim(self):
        with pytest.raises(ValueError, match="'c', which is no claim"):
            judge(table(new=[1, 2]), {}, better="higher", unjudged=["c"])


class TestErrors:
    runs = table(new=[1, 2, 3], old=[1, 2, 3])

    @pytest.mark.parametrize(
        ("claim", "message"),
        [
            (claim_of("greater", variant="newer"), "no runs of variant 'newer'"),
            (claim_of("greater", metric="loss"), "no metric 'loss'"),
        ],
    )
    def test_name_claim_and_culprit(self, claim, message):
        with pytest.raises(ValueError, match=f"^claim 'it': .*{message}"):
            verdict(self.runs, claim)

    def test_pairs_are_the_seeds_that_both_have(self):
        runs = self.runs[(self.runs.variant == "new") | (self.runs.seed != 1)]
        for arms in ({}, {"variant": "old", "reference": "new"}):
            row = verdict(runs, claim_of("less", **arms))
            assert (row.seeds, row.n) == ("0:1 2:3", 2)

    def test_name_variants_that_share_no_seed(self):
        runs = pd.concat([table(new=[1, 2]), table(old=[1, 2]).assign(seed=[2, 3])])
        with pytest.raises(ValueError, match="'it': its variants have no seed in common"):
            verdict(runs, claim_of("greater"))

    def test_name_a_repeated_seed(self):
        runs = pd.concat([self.runs, self.runs[self.runs.seed == 2]])
        with pytest.raises(ValueError, match="'it': variant 'new' has two runs of seed 2"):
            verdict(runs, claim_of("greater"))

    def test_name_the_direction(self):
        with pytest.raises(ValueError, match="got 'up'"):
            verdict(self.runs, claim_of("greater"), better="up")


numbers = st.floats(-1e3, 1e3, allow_subnormal=False)
any_number = st.floats() | st.sampled_from([0.0, 1.0, math.nan, math.inf])
bounds = st.floats(0.001, 100)
claims = st.builds(
    lambda test, bound: claim_of(test, bound, target=1.0 if test == "within" else None),
    st.sampled_from(get_args(Test)),
    bounds,
)


@st.composite
def runs_of_two(draw, values=numbers, least=1):
    n = draw(st.integers(least, 20))
    rate = st.sampled_from([0.0, 1.0])
    values = draw(st.sampled_from([values, rate]))
    arm = st.lists(values, min_size=n, max_size=n)
    return table(new=draw(arm), old=draw(arm))


class TestProperties:
    @given(runs=runs_of_two(), claim=claims, order=st.randoms(use_true_random=False))
    def test_the_order_of_runs_is_no_matter(self, runs, claim, order):
        rows = list(range(len(runs)))
        order.shuffle(rows)
        expected = judge(runs, {"it": claim}, better="higher")
        shuffled = judge(runs.iloc[rows], {"it": claim}, better="higher")
        pd.testing.assert_frame_equal(shuffled, expected, check_exact=True)

    @given(runs=runs_of_two(least=2), claim=claims)
    def test_an_interval_contains_its_estimate(self, runs, claim):
        row = verdict(runs, claim)
        assert row.ci_low <= row.estimate <= row.ci_high

    @given(runs=runs_of_two(least=2), bound=numbers)
    def test_swapping_arms_flips_the_sign(self, runs, bound):
        """To the bit; the share of superiority to rounding."""
        row = verdict(runs, claim_of("greater", bound))
        swapped = verdict(runs, claim_of("less", -bound, variant="old", reference="new"))
        assert swapped.estimate == -row.estimate
        assert (swapped.ci_low, swapped.ci_high) == (-row.ci_high, -row.ci_low)
        assert swapped.effect_size == pytest.approx(1 - row.effect_size)
        assert (swapped.p_value, swapped.verdict) == (row.p_value, row.verdict)

    @given(runs=runs_of_two(least=2), bound=bounds)
    def test_equivalence_has_no_direction(self, runs, bound):
        row = verdict(runs, claim_of("equivalent", bound))
        swapped = verdict(runs, claim_of("equivalent", bound, variant="old", reference="new"))
        assert (swapped.ci_low, swapped.ci_high) == (-row.ci_high, -row.ci_low)
        assert (swapped.p_value, swapped.verdict) == (row.p_value, row.verdict)

    @given(runs=runs_of_two(least=2), bound=numbers)
    def test_opposite_claims_have_opposite_verdicts(self, runs, bound):
        opposite = {"holds": "refuted", "refuted": "holds", "inconclusive": "inconclusive"}
        row, other = (
            verdict(runs, claim_of("above", bound)),
            verdict(runs, claim_of("below", bound)),
        )
        if bound not in (row.ci_low, row.ci_high):  # a region is open, its complement is not
            assert other.verdict == opposite[row.verdict]

    @given(runs=runs_of_two(least=2), claim=claims, other=claims)
    def test_another_claim_changes_the_adjustment_alone(self, runs, claim, other):
        alone = verdict(runs, claim)
        beside = judge(runs, {"other": other, "it": claim}, better="higher").loc[1]
        kept = [column for column in COLUMNS if column not in ("p_value", "verdict")]
        beside_it, by_itself = beside[kept].fillna(""), alone[kept].fillna("")
        pd.testing.assert_series_equal(beside_it, by_itself, check_names=False)
        assert beside.p_value >= alone.p_value

    @given(runs=runs_of_two(any_number), claim=claims)
    def test_no_value_is_an_error(self, runs, claim):
        row = verdict(runs, claim)
        assert row.verdict in ("holds", "refuted", "inconclusive")
        assert row.n == len(runs) / 2
        if math.isnan(row.estimate):
            assert row.verdict == "inconclusive"


class TestErrorRates:
    """At the edge of its region a claim gets no verdict more often than the level allows."""

    @staticmethod
    def not_above(level, errors, repetitions):
        return stats.binomtest(errors, repetitions, level, alternative="greater").pvalue > 0.001

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("claim", "shift"),
        [
            (claim_of("equivalent", 1.0), 1.0),
            pytest.param(claim_of("above", 0.0), 0.0, marks=pytest.mark.slow),
            pytest.param(claim_of("greater", 0.5), 0.5, marks=pytest.mark.slow),
            pytest.param(claim_of("recovers", 1.0), -1.0, marks=pytest.mark.slow),
        ],
    )
    def test_of_means(self, claim, shift):
        rng = np.random.default_rng(11)
        found = [
            verdict(table(new=shift + rng.normal(size=20), old=np.zeros(20)), claim).verdict
            for _ in range(300)
        ]
        assert self.not_above(0.05, 300 - found.count("inconclusive"), 300)
        assert self.not_above(0.025, found.count("holds"), 300)

    @pytest.mark.slow
    @pytest.mark.parametrize("discordant", [0.05, 0.15])
    def test_of_rates_at_a_margin(self, discordant):
        """The true difference is the margin, -0.05; flipping signs would err in 1 of 5 cases."""
        rng = np.random.default_rng(12)
        found = []
        for _ in range(400):
            fate = rng.random(30)
            losses = fate < (discordant + 0.05) / 2
            wins = fate > 1 - (discordant - 0.05) / 2
            runs = table(new=np.where(losses, 0, 1), old=np.where(wins, 0, 1))
            found.append(verdict(runs, claim_of("recovers", 0.05)).verdict)
        assert self.not_above(0.025, found.count("holds"), 400)

    @pytest.mark.slow
    def test_of_a_family_of_claims(self):
        rng = np.random.default_rng(13)
        family = {name: claim_of("above", 0.0, variant=name) for name in "abcde"}
        found = 0
        for _ in range(120):
            runs = table(**{name: rng.normal(size=15) for name in family})
            judged = judge(runs, family, better="higher")
            found += (judged.verdict != "inconclusive").any()
        assert self.not_above(0.05, found, 120)
