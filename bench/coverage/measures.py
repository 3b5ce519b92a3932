"""Draw samples from populations, and count the intervals that hold what they are about."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.coverage.methods import bootstrapped, counted, hall, simple
from bench.coverage.populations import POPULATIONS, failing
from repro.findings import statistics
from repro.findings.recovery import ratio_of_means
from repro.findings.statistics import Sample
from repro.store.tables import read_table
from repro.study.experiments import metric_kinds
from repro.study.folder import study_names

COMMITTED = Path(__file__).parents[2] / "results"
SEEDS = (10, 30, 100, 1_000)  # as many as the studies have


def measure_populations(samples: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each population, number of seeds, level and method."""
    for n in SEEDS:
        for name, population in POPULATIONS.items():
            drawn = population.draw(np.random.default_rng(n), (samples, n))
            for level in (0.95, 0.9):
                methods = simple(drawn, level) | {"Hall": hall(drawn, level)}
                if n <= 100 and level == 0.95:
                    methods |= bootstrapped(drawn, level)
                for method, limits in methods.items():
                    row = {"population": name, "n": n, "level": level, "method": method}
                    yield row | counted(limits, population.mean)


def measure_samples(samples: int) -> Iterator[dict[str, Any]]:
    """Yield what is said of samples: their coverage, and whether p-value and interval agree."""
    samples //= 2
    for n in (10, 30):
        for name, population in POPULATIONS.items():
            drawn = population.draw(np.random.default_rng(n + 1), (samples, n))
            stated = np.array([statistics.coverage(sample) for sample in drawn])
            p_values, outside = compared(drawn, population.mean)
            marked = stated < 0.95 - statistics.SHORTFALL
            yield {
                "population": name,
                "n": n,
                "stated": stated.mean(),
                "marked": marked.mean(),
                "missed": outside.mean(),
                "missed_unmarked": np.mean(outside & ~marked),
                "p_below_5": np.mean(p_values < 0.05),
                "p_alone": np.mean((p_values < 0.05) & ~outside),
                "interval_alone": np.mean((p_values >= 0.05) & outside),
            }


def compared(drawn: Sample, mean: float) -> tuple[Sample, NDArray[np.bool_]]:
    """Return each sample's two-sided p-value against the mean, and if the interval lies beside."""
    generator = np.random.default_rng(0)
    p_values = [2 * min(statistics.sign_flip_test(s, mean, generator=generator)) for s in drawn]
    limits = [statistics.mean_interval(sample) for sample in drawn]
    return np.array(p_values), np.array([not low <= mean <= high for low, high in limits])


def measure_studies(samples: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each metric and variant of the committed runs, as a population."""
    for study in study_names():
        runs = read_table(COMMITTED / study / "runs.csv")
        kinds = metric_kinds(study)
        for metric in (metric for metric in kinds if kinds[metric] != "flag"):
            for variant, values in runs.groupby("variant", sort=False)[metric]:
                sample = values.to_numpy(float)
                sample = sample[np.isfinite(sample)]
                if sample.size >= 10 and sample.min() < sample.max():
                    row = {"study": study, "metric": metric, "variant": variant, "n": sample.size}
                    yield row | _measure_column(sample, samples)


def _measure_column(sample: Sample, samples: int) -> dict[str, float]:
    """Return what intervals do on samples like this one, of as many seeds, smoothed."""
    generator = np.random.default_rng(0)
    drawn = smoothed(sample, generator, samples)
    mean = sample.mean()
    methods = simple(drawn, 0.95)
    if sample.size <= 100:
        methods |= bootstrapped(drawn[: samples // 4], 0.95)
    covered = {name: counted(limits, mean)["coverage"] for name, limits in methods.items()}
    return {
        "skewness": stats.skew(sample, bias=False),
        "ours": covered["ours"],
        "BCa": covered.get("BCa", np.nan),
        "stated": statistics.coverage(sample),
        "seeds_needed": statistics.seeds_needed(sample) or np.nan,
    }


def smoothed(sample: Sample, generator: np.random.Generator, samples: int) -> Sample:
    """Return samples of as many values from `sample` with normal noise, as Silverman (1986)."""
    drawn = generator.choice(sample, (samples, sample.size))
    spread = min(sample.std(), stats.iqr(sample) / 1.34)
    return drawn + 0.9 * spread * sample.size**-0.2 * generator.normal(size=drawn.shape)


def _measure_rates() -> Iterator[dict[str, Any]]:
    """Yield the exact coverage of Wilson's interval for shares of runs."""
    for n in SEEDS:
        counts = np.arange(n + 1)
        limits = [statistics.rate_interval(np.repeat([1.0, 0.0], [k, n - k])) for k in counts]
        low, high = np.array(limits).T
        for rate in (0.001, 0.01, 0.03, 0.05, 0.1, 0.3, 0.5):
            held = (low <= rate) & (rate <= high)
            coverage = stats.binom.pmf(counts[held], n, rate).sum()
            yield {"interval": "Wilson", "of": f"{100 * rate:g} %", "n": n, "coverage": coverage}


def _measure_differences(samples: int) -> Iterator[dict[str, Any]]:
    """Yield the coverage of Tango's interval for pairs: only one arm wins in these shares."""
    for n in SEEDS[:3]:
        for wins, losses in ((0.0, 0.0), (0.05, 0.0), (0.1, 0.1), (0.3, 0.1), (0.9, 0.0)):
            generator = np.random.default_rng(n)
            drawn = generator.choice(
                [1.0, -1.0, 0.0], (samples, n), p=[wins, losses, 1 - wins - losses]
            )
            low, high = np.array([statistics.rate_difference_interval(row) for row in drawn]).T
            held = np.mean((low <= wins - losses) & (wins - losses <= high))
            shares = f"{100 * wins:g} % and {100 * losses:g} %"
            yield {"interval": "Tango", "of": shares, "n": n, "coverage": held}


def _measure_recoveries(samples: int) -> Iterator[dict[str, Any]]:
    """Yield the coverage of Fieller's interval: four fifths of a gap of 5 deviations are closed."""
    for n in SEEDS[:3]:
        for name in ("normal", "exponential", "lognormal, sigma 1", "5 % fail", "10 % fail"):
            generator = np.random.default_rng(n)
            failed = POPULATIONS[name].draw(generator, (samples, n))
            fixed = POPULATIONS[name].mean + 4 + generator.normal(size=failed.shape)
            reference = POPULATIONS[name].mean + 5 + generator.normal(size=failed.shape)
            pairs = zip(fixed - failed, reference - failed, strict=True)
            low, high = np.array([ratio_of_means(top, bottom)[1] for top, bottom in pairs]).T
            known = ~np.isnan(low)  # where the gap may be none there is no interval
            held = np.mean((low <= 0.8) & (high >= 0.8), where=known)
            yield {"interval": "Fieller", "of": name, "n": n, "coverage": held}


def _measure_rare_failures(samples: int) -> Iterator[dict[str, Any]]:
    """Yield the coverage where a share of runs fails, at 0.1, and the others are at 0.97."""
    for name, widened in (("mean", False), ("mean, with the unseen", True)):
        for n in SEEDS:
            for failed in (0.005, 0.01, 0.03, 0.05, 0.1):
                drawn = failing(failed, far=-290.0).draw(np.random.default_rng(n), (samples, n))
                limits = np.transpose(statistics.mean_limits(0.97 + 0.003 * drawn, 0.95))
                intervals = [statistics.Interval(*clipped) for clipped in limits.clip(0, 1)]
                if widened:
                    intervals = [statistics.with_unseen(i, n, (0.0, 1.0)) for i in intervals]
                low, high = np.array(intervals).T
                coverage = counted((low, high), 0.97 - 0.87 * failed)["coverage"]
                runs = f"0.97, but 0.1 in {100 * failed:g} % of runs"
                yield {"interval": name, "of": runs, "n": n, "coverage": coverage}


def measure_others(samples: int) -> Iterator[dict[str, Any]]:
    """Yield rows for all intervals besides that of a mean."""
    yield from _measure_rates()
    yield from _measure_differences(samples)
    yield from _measure_recoveries(samples)
    yield from _measure_rare_failures(samples)
