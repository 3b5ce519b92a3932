"""Arrays that can be checked by hand, published values, and properties that hold for any sample."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from repro.findings import statistics as s

numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
samples = st.lists(numbers, min_size=1, max_size=25).map(np.array)
many = st.integers(41, 60).flatmap(
    lambda n: st.lists(numbers, min_size=n, max_size=n).map(np.array)
)
differences = st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=60).map(np.array)

# Height differences of 15 pairs of maize plants, in 1/8 inch (Darwin 1876; Fisher 1935, III.21).
MAIZE = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], float)


def generator(seed=0):
    return np.random.default_rng(seed)


def paired(wins, losses, n):
    """Differences of 0/1 values: `wins` times +1, `losses` times -1, else 0."""
    return np.repeat([1.0, -1.0, 0.0], [wins, losses, n - wins - losses])


def not_finite(result):
    return all(math.isnan(number) for number in result)


class TestMean:
    def test_of_a_constant_is_the_constant(self):
        assert np.mean([0.1] * 3) != 0.1  # what rounding makes of it
        assert s.mean([0.1] * 3) == 0.1

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    def test_of_what_is_not_finite_is_nan(self, bad):
        assert math.isnan(s.mean([1.0, bad]))

    def test_needs_a_value(self):
        with pytest.raises(ValueError, match="at least one value"):
            s.mean([])


class TestMeanInterval:
    def test_is_students_where_nothing_is_skewed(self):
        """t = 2.7764 for 4 degrees of freedom, by hand: 3 +- 2.7764 sqrt(2.5 / 5)."""
        assert s.mean_interval([1, 2, 3, 4, 5]) == pytest.approx((1.0368, 4.9632), abs=1e-4)

    def test_is_students_for_two_seeds(self):
        assert s.mean_interval([1, 3]) == pytest.approx((2 - 12.7062, 2 + 12.7062), abs=1e-4)

    def test_is_moved_out_to_halls_limit(self):
        """Hall's cubic, spelt out and solved for the limit by bisection."""
        sample = np.array([1.0, 2.0, 3.0, 5.0, 12.0, 1.5])
        n, quantile = 6, stats.t.isf(0.025, 5)
        skewness, error = stats.skew(sample, bias=False), stats.sem(sample)

        def transformed(score):
            a = skewness / math.sqrt(n)
            return score + a * score**2 / 3 + a**2 * score**3 / 27 + a / 6

        root = optimize.brentq(lambda score: transformed(score) + quantile, -100, 0)
        student = sample.mean() - quantile * error
        assert s.mean_interval(sample) == pytest.approx((student, sample.mean() - root * error))
        assert -root > quantile

    @pytest.mark.parametrize(
        ("draw", "expected"),
        [
            (lambda generator, shape: generator.normal(3, 2, shape), 3),
            (lambda generator, shape: generator.exponential(2, shape), 2),
            (lambda generator, shape: generator.lognormal(0, 1, shape), math.exp(0.5)),
            (lambda generator, shape: generator.standard_t(3, shape), 0),
            (lambda generator, shape: generator.beta(50, 1, shape), 50 / 51),
        ],
        ids=["normal", "exponential", "lognormal", "heavy tails", "near 1"],
    )
    @pytest.mark.parametrize("level", [0.9, 0.95])
    def test_holds_the_mean_as_often_as_it_says(self, draw, expected, level):
        low, high = s.mean_limits(draw(generator(1), (4_000, 30)), level)
        assert np.mean((low <= expected) & (expected <= high)) == pytest.approx(level, abs=0.025)

    def test_of_a_lower_level_is_narrower(self):
        wide = s.mean_interval(MAIZE, level=0.95)
        narrow = s.mean_interval(MAIZE, level=0.90)
        assert wide.low < narrow.low < narrow.high < wide.high

    def test_stays_where_means_can_be(self):
        sample = [0.99] * 9 + [0.5]
        assert s.mean_interval(sample).high > 1
        low, high = s.mean_interval(sample, metric_range=(0, 1))
        assert (low, high) == (s.mean_interval(sample).low, 1)

    def test_of_a_constant_has_no_width(self):
        assert s.mean_interval([0.1] * 30) == (0.1, 0.1)

    @pytest.mark.parametrize("sample", [[2.0], [1, math.nan, 2], [1, math.inf], [1e308, 1e308]])
    def test_is_nan_where_there_is_none(self, sample):
        assert not_finite(s.mean_interval(sample))

    @pytest.mark.parametrize("scale", [1e-300, 1e-120, 1e120, 1e300])
    def test_is_no_matter_of_the_unit(self, scale):
        """The cubes of such numbers under- or overflow."""
        limits = np.array(s.mean_interval(scale * np.arange(10.0) ** 2))
        assert limits / scale == pytest.approx(s.mean_interval(np.arange(10.0) ** 2))

    @pytest.mark.parametrize("n", [19, 27, 30])
    def test_contains_the_mean_that_rounding_moved(self, n):
        """One value is next to the others, so that all that is left of offsets is rounding."""
        for third in (0.1, 0.3, 1 / 3, 0.7):
            sample = np.append(np.full(n, third), np.nextafter(third, 1))
            low, high = s.mean_interval(sample)
            assert low <= s.mean(sample) <= high

    @given(sample=samples.filter(lambda sample: sample.size > 1))
    def test_contains_the_mean_and_mirrors_exactly(self, sample):
        low, high = s.mean_interval(sample)
        assert low <= s.mean(sample) <= high
        assert s.mean_interval(-sample) == (-high, -low)

    def test_of_many_samples_is_that_of_each(self):
        many = generator().exponential(size=(5, 12))
        for sample, low, high in zip(many, *s.mean_limits(many, 0.95), strict=True):
            assert s.mean_interval(sample) == pytest.approx((low, high), rel=1e-12)

    @pytest.mark.parametrize("n", [10, 20])
    def test_seldom_contradicts_the_test(self, n):
        """Which side of 0.05 p is on, and which side of the interval the mean."""
        both = []
        for sample in generator(n).exponential(1, (300, n)):
            p_value = 2 * min(s.sign_flip_test(sample, 1, generator=generator()))
            low, high = s.mean_interval(sample)
            both.append((p_value < 0.05, not low <= 1 <= high))
        rejected, outside = np.array(both).T
        assert np.mean(rejected & ~outside) < 0.1  # the interval doubts more than the test
        assert np.mean(~rejected & outside) < 0.02


class TestCoverage:
    def test_of_what_looks_normal_is_the_level(self):
        quantiles = stats.norm.ppf((np.arange(30) + 0.5) / 30)
        for level in (0.9, 0.95):
            assert s.coverage(quantiles, level=level) == pytest.approx(level, abs=0.015)

    def test_of_one_run_far_off_is_the_share_of_samples_that_have_it(self):
        sample = np.append(np.zeros(29), 1.0)
        assert s.coverage(sample) == pytest.approx(1 - (29 / 30) ** 30, abs=0.03)
        assert not s.is_reliable(sample)

    def test_grows_with_the_seeds(self):
        sample = np.append(np.zeros(29), 1.0)
        assert s.seeds_needed(sample) == 100
        assert s.is_reliable(sample, n=100)
        assert s.seeds_needed(np.arange(30.0)) == 30

    def test_needs_more_seeds_than_are_tried(self):
        assert s.seeds_needed(np.append(np.zeros(1_999), 1.0)) is None

    @pytest.mark.parametrize("sample", [[2.0], [0.1] * 30, [1, math.nan], [1, math.inf]])
    def test_is_not_known_where_there_is_no_spread(self, sample):
        assert math.isnan(s.coverage(sample))
        assert s.is_reliable(sample)

    def test_of_the_mirror_is_the_same(self):
        assert s.coverage(-MAIZE) == s.coverage(MAIZE)

    def test_is_near_what_it_stands_for(self):
        """Of samples with failures in a tenth of the runs, the mean of what is stated is right."""
        draws = generator(3)
        failing = draws.normal(size=(1_000, 20)) + 10 * (draws.random((1_000, 20)) < 0.1)
        low, high = s.mean_limits(failing, 0.95)
        stated = np.mean([s.coverage(sample) for sample in failing[:60]])
        assert stated == pytest.approx(np.mean((low <= 1) & (high >= 1)), abs=0.05)

    def test_unseen_shares_are_missed_in_five_of_a_hundred_cases(self):
        for n in (10, 30, 1000):
            assert (1 - s.unseen_share(n)) ** n == pytest.approx(0.05)

    def test_with_the_unseen_leaves_room_for_rare_failures(self):
        """By hand: 30 seeds miss 9.5 % of the runs; 0.905 * 0.8 and 0.905 * 0.9 + 0.095."""
        widened = s.with_unseen(s.Interval(0.8, 0.9), 30, (0, 1))
        assert widened == pytest.approx((0.72398, 0.90950), abs=1e-5)
        unbounded = s.with_unseen(s.Interval(0.8, 0.9), 30, (0, math.inf))
        assert unbounded == (widened.low, math.inf)

    @pytest.mark.parametrize("failing", [0.01, 0.05, 0.1])
    def test_with_the_unseen_holds_the_mean_where_failures_are_rare(self, failing):
        draws = generator(4)
        runs = np.where(draws.random((2_000, 30)) < failing, 0.1, 0.97)
        runs += draws.normal(0, 0.003, runs.shape)
        expected = 0.97 - 0.87 * failing
        limits = zip(*s.mean_limits(runs, 0.95), strict=True)
        widened = [s.with_unseen(s.Interval(low, high), 30, (0, 1)) for low, high in limits]
        assert np.mean([low <= expected <= high for low, high in widened]) > 0.94


class TestRateInterval:
    @pytest.mark.parametrize(
        ("successes", "n", "low", "high"),
        [  # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0000, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ],
    )
    def test_is_wilsons(self, successes, n, low, high):
        interval = s.rate_interval(paired(successes, 0, n))
        assert interval == pytest.approx((low, high), abs=5e-5)

    def test_of_a_lower_level_is_narrower(self):
        """Wilson's formula by hand: half of n = 100, so 0.5 +- z / 2 / sqrt(n + z**2)."""
        z = 1.6448536
        half = z / 2 / math.sqrt(100 + z**2)
        interval = s.rate_interval(paired(50, 0, 100), level=0.9)
        assert interval == pytest.approx((0.5 - half, 0.5 + half))

    def test_refuses_what_is_no_rate(self):
        with pytest.raises(ValueError, match=r"\(0, 1\), got 0.5"):
            s.rate_interval([0, 1, 0.5])

    def test_is_nan_for_nan(self):
        assert not_finite(s.rate_interval([0, math.nan]))

    @given(sample=differences.map(abs), level=st.floats(0.5, 0.999))
    def test_contains_the_rate(self, sample, level):
        low, high = s.rate_interval(sample, level=level)
        assert 0 <= low <= s.mean(sample) <= high <= 1


class TestRateDifferenceInterval:
    @pytest.mark.parametrize(
        ("wins", "losses", "n", "low", "high"),
        [
            # Complete response before and after therapy (Cavo et al. 2012); R's contingencytables
            # 3.0.0: Tango_asymptotic_score_CI_paired_2x2(cavo_2012)
            (6, 16, 161, -0.1240, -0.0054),
            # No pair differs: 1.96**2 / (n + 1.96**2), by hand from the score.
            (0, 0, 30, -0.113513, 0.113513),
        ],
    )
    def test_is_tangos(self, wins, losses, n, low, high):
        interval = s.rate_difference_interval(paired(wins, losses, n))
        assert interval == pytest.approx((low, high), abs=5e-5)

    def test_stops_where_differences_do(self):
        assert s.rate_difference_interval(np.ones(30)).high == 1
        assert s.rate_difference_interval(-np.ones(30)).low == -1

    def test_is_nan_for_nan(self):
        assert not_finite(s.rate_difference_interval([0, math.nan]))

    @given(sample=differences, level=st.floats(0.5, 0.999))
    def test_contains_the_estimate_and_mirrors_exactly(self, sample, level):
        low, high = s.rate_difference_interval(sample, level=level)
        assert -1 <= low <= s.mean(sample) <= high <= 1
        assert s.rate_difference_interval(-sample, level=level) == (-high, -low)

    @given(sample=differences)
    def test_is_the_test_turned_round(self, sample):
        low, high = s.rate_difference_interval(sample)
        if high < 1:
            assert s.rate_difference_test(sample, high).below == pytest.approx(0.025, abs=1e-6)
        if low > -1:
            assert s.rate_difference_test(sample, low).above == pytest.approx(0.025, abs=1e-6)


class TestSignFlipTest:
    @pytest.mark.parametrize(
        ("sample", "bound", "greater", "less"),
        [
            ([1, 2, 3], 0, 1 / 8, 1),  # only + + + reaches 6
            ([1, 2, -3], 0, 5 / 8, 5 / 8),  # sums 6 4 2 0 0 -2 -4 -6
            ([2, 3, 4], 1, 1 / 8, 1),  # the first one, moved
            ([5, 5, 5], 5, 1, 1),
            ([7], 0, 1 / 2, 1),
        ],
    )
    def test_by_hand(self, sample, bound, greater, less):
        assert s.sign_flip_test(sample, bound, generator=generator()) == (greater, less)

    def test_is_fishers(self):
        """863 of 2**15 sign vectors reach the sum as observed: Fisher 1935, section 21."""
        assert s.sign_flip_test(MAIZE, generator=generator()).above == 863 / 2**15

    @given(sample=samples.filter(lambda sample: sample.size <= 14), bound=numbers)
    def test_counts_all_vectors_of_signs(self, sample, bound):
        """Enumerated one by one. Thousandths, so that sums tie exactly or are far apart."""
        sample, bound = np.round(sample, 3), round(bound, 3)
        deviations = sample - bound
        signs = np.array(list(itertools.product([1, -1], repeat=sample.size)))
        sums, slack = signs @ deviations, 1e-9 * np.abs(deviations).sum()
        expected = (
            np.mean(sums >= deviations.sum() - slack),
            np.mean(sums <= deviations.sum() + slack),
        )
        assert s.sign_flip_test(sample, bound, generator=generator()) == expected

    @pytest.mark.parametrize("n", [17, 30, 40])
    def test_of_ones_is_the_binomial_one(self, n):
        for wins in (n // 2, n - 3, n):
            p_values = s.sign_flip_test(paired(wins, n - wins, n), generator=generator())
            assert p_values.above == pytest.approx(stats.binom.sf(wins - 1, n, 0.5), rel=1e-12)
            assert p_values.below == pytest.approx(stats.binom.cdf(wins, n, 0.5), rel=1e-12)

    def test_draws_nothing_up_to_40_seeds(self):
        sample = generator(1).normal(size=40)
        first, other = (s.sign_flip_test(sample, generator=generator(seed)) for seed in (1, 2))
        assert first == other
        sample = generator(1).normal(size=41)
        first, other = (s.sign_flip_test(sample, generator=generator(seed)) for seed in (1, 2))
        assert first != other

    @pytest.mark.parametrize("n", [41, 48, 100, 1_000])
    def test_of_more_seeds_is_near_the_exact_one(self, n):
        """Of +1 and -1 alone, the test is the binomial one; the error is five of its own sizes."""
        wins = n // 2 + int(math.sqrt(n)) // 2
        p_values = s.sign_flip_test(paired(wins, n - wins, n), generator=generator())
        assert p_values.above == pytest.approx(stats.binom.sf(wins - 1, n, 0.5), abs=0.006)
        assert p_values.below == pytest.approx(stats.binom.cdf(wins, n, 0.5), abs=0.006)

    def test_of_more_seeds_counts_the_sample_itself(self):
        assert s.sign_flip_test(np.ones(50), generator=generator()).above == s.p_floor(50) == 1e-5

    def test_has_no_floor_where_it_is_exact(self):
        assert s.p_floor(40) == 0
        assert s.sign_flip_test(np.ones(40), generator=generator()).above == 0.5**40

    def test_takes_rounding_for_a_tie(self):
        sample = [0.1, 0.2, -0.3]  # 1 2 -3 above, but for rounding
        assert sum(sample) > 0
        assert s.sign_flip_test(sample, generator=generator()) == (5 / 8, 5 / 8)

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_is_nan_for_what_is_not_finite(self, bad):
        assert not_finite(s.sign_flip_test([1, bad], generator=generator()))

    @given(sample=samples | many, bound=numbers)
    def test_mirrors_exactly(self, sample, bound):
        greater, less = s.sign_flip_test(sample, bound, generator=generator())
        assert s.sign_flip_test(-sample, -bound, generator=generator()) == (less, greater)
        assert 0 < min(greater, less) <= max(greater, less) <= 1


class TestRateTest:
    def test_is_the_binomial_one(self):
        p_values = s.rate_test(paired(9, 0, 10), 0.5)  # 11 and 1023 of 1024 ways, by hand
        assert p_values == pytest.approx((11 / 1024, 1023 / 1024))

    def test_is_certain_beyond_zero_and_one(self):
        assert s.rate_test([0, 1, 1], 1.01) == (1, 0)
        assert s.rate_test([0, 1, 1], -0.01) == (0, 1)

    def test_of_a_bound_at_the_end_is_refuted_by_one_case(self):
        assert s.rate_test([0, 1, 1], 1).below == 0
        assert s.rate_test([1, 1, 1], 1) == (1, 1)

    def test_is_nan_for_nan(self):
        assert not_finite(s.rate_test([0, math.nan], 0.5))


class TestRateDifferenceTest:
    def test_against_zero_is_mcnemars(self):
        """R's contingencytables 3.0.0: McNemar_asymptotic_test_paired_2x2(cavo_2012)."""
        assert 2 * s.rate_difference_test(paired(6, 16, 161)).below == pytest.approx(
            0.033006, abs=5e-7
        )

    def test_of_ties_alone_knows_nothing_of_a_small_margin(self):
        """30 ties out of 30 happen to 1 in 5 samples with a true difference of -0.05 (0.95**30)."""
        assert s.rate_difference_test(np.zeros(30), -0.05).above > 0.1
        assert s.rate_difference_test(np.zeros(30)) == (0.5, 0.5)

    @pytest.mark.parametrize("n", [20, 40])
    @pytest.mark.parametrize("bound", [0.0, -0.05, -0.2])
    def test_errs_as_often_as_it_says(self, n, bound):
        """The exact rate of p < 0.025 at the bound, for every rate of discordant pairs."""
        cells = [(w, o) for w in range(n + 1) for o in range(n + 1 - w)]
        p_values = [s.rate_difference_test(paired(w, o, n), bound).above for w, o in cells]
        rejected = np.array([(w, o, n - w - o) for w, o in cells])[np.array(p_values) < 0.025]
        sizes = [
            stats.multinomial.pmf(rejected, n, [loss + bound, loss, 1 - 2 * loss - bound]).sum()
            for loss in np.linspace(-bound, 0.5 - bound / 2, 30)[1:-1]
        ]
        assert 0.015 < max(sizes) < 0.035  # asymptotic, so not below 0.025 throughout

    def test_is_certain_beyond_one(self):
        assert s.rate_difference_test([0, 1], 1.5) == (1, 0)
        assert s.rate_difference_test([0, 1], -1.5) == (0, 1)

    def test_is_nan_for_nan(self):
        assert not_finite(s.rate_difference_test([0, math.nan]))

    @given(sample=differences, bound=st.floats(-1.2, 1.2))
    def test_mirrors_exactly(self, sample, bound):
        greater, less = s.rate_difference_test(sample, bound)
        assert s.rate_difference_test(-sample, -bound) == (less, greater)


class TestProbabilityOfSuperiority:
    @pytest.mark.parametrize(
        ("sample", "reference", "expected"),
        [
            ([1, 2, 3, 4], [0, 2, 4, 3], 0.625),  # wins, ties, loses, wins
            ([1, 2, 3, 4], 2, 0.625),
            ([math.inf, 1], [math.inf, math.inf], 0.25),
            ([1], [0], 1),
        ],
    )
    def test_by_hand(self, sample, reference, expected):
        assert s.probability_of_superiority(sample, reference) == expected

    def test_is_nan_for_nan(self):
        assert math.isnan(s.probability_of_superiority([1, math.nan], [0, 0]))
        assert math.isnan(s.probability_of_superiority([1, 2], [0, math.nan]))


class TestHolm:
    def test_by_hand(self):
        """Sorted .005 .01 .03 .04, times 4 3 2 1: .02 .03 .06 .04, and .04 may not pass .06."""
        assert s.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])

    def test_stops_at_one(self):
        assert list(s.holm([0.9, 0.8])) == [1, 1]

    def test_counts_what_could_not_be_tested(self):
        adjusted = s.holm([math.nan, 0.01, 0.03])
        assert math.isnan(adjusted[0])
        assert list(adjusted[1:]) == pytest.approx([0.03, 0.06])

    def test_of_nothing_is_nothing(self):
        assert s.holm([]).size == 0
