"""`python -m bench.coverage`: how often the intervals that are printed hold what they are about.

Samples are drawn from populations whose mean is known, and intervals counted that hold it. The
populations are textbook ones, ones with rare failures, and every column of the committed runs,
smoothed. Beside the method in use stand those that it was chosen from.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numba
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from bench.pages import splice
from repro.findings import statistics
from repro.findings.markdown import markdown_table
from repro.findings.recovery import ratio_of_means
from repro.findings.statistics import Sample
from repro.store.tables import read_table
from repro.study.experiments import metric_kinds
from repro.study.folder import study_names

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "statistics.md"

SEEDS = (10, 30, 100, 1_000)  # as many as the studies have
RESAMPLES = 999  # of the bootstraps
FAR = 10.0  # standard deviations of the rest, from which failures lie off
CLOSE = (0.93, 0.97)  # coverage that passes for 95 %

Limits = tuple[Sample, Sample]


@dataclass(frozen=True)
class Population:
    """A distribution whose mean is known."""

    draw: Callable[[np.random.Generator, tuple[int, int]], Sample]
    mean: float


def failing(share: float, far: float = FAR) -> Population:
    """Return a normal population of which a share lies far off."""

    def draw(generator: np.random.Generator, shape: tuple[int, int]) -> Sample:
        return generator.normal(size=shape) + far * (generator.random(shape) < share)

    return Population(draw, share * far)


def lognormal(sigma: float) -> Population:
    """Return the lognormal population whose logarithms have the standard deviation `sigma`."""
    return Population(
        lambda generator, shape: generator.lognormal(0, sigma, shape), np.exp(sigma**2 / 2)
    )


POPULATIONS: dict[str, Population] = {
    "normal": Population(lambda generator, shape: generator.normal(size=shape), 0.0),
    "uniform": Population(lambda generator, shape: generator.random(shape), 0.5),
    "Student's t, 5 degrees": Population(
        lambda generator, shape: generator.standard_t(5, shape), 0.0
    ),
    "Student's t, 3 degrees": Population(
        lambda generator, shape: generator.standard_t(3, shape), 0.0
    ),
    "exponential": Population(lambda generator, shape: generator.exponential(size=shape), 1.0),
    "squared normal": Population(lambda generator, shape: generator.chisquare(1, shape), 1.0),
    "lognormal, sigma 0.5": lognormal(0.5),
    "lognormal, sigma 1": lognormal(1.0),
    "lognormal, sigma 1.5": lognormal(1.5),
    "share near 1, beta(50, 1)": Population(
        lambda generator, shape: generator.beta(50, 1, shape), 50 / 51
    ),
    "share near 0 or 1, beta(0.5, 0.5)": Population(
        lambda generator, shape: generator.beta(0.5, 0.5, shape), 0.5
    ),
    "1 % fail": failing(0.01),
    "3 % fail": failing(0.03),
    "5 % fail": failing(0.05),
    "10 % fail": failing(0.1),
    "20 % fail": failing(0.2),
    "10 % fail, 100 deviations off": failing(0.1, far=100.0),
}


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def resample(samples: Any, resamples: int, seed: int) -> Any:
    """Return means and t statistics (m, resamples) of bootstrap samples of `samples` (m, n)."""
    np.random.seed(seed)
    m, n = samples.shape
    means, scores = np.empty((m, resamples)), np.empty((m, resamples))
    for sample in range(m):
        centre = samples[sample].mean()
        for drawn in range(resamples):
            total = squares = 0.0
            for _ in range(n):
                offset = samples[sample, int(np.random.random() * n)] - centre
                total += offset
                squares += offset * offset
            mean = total / n
            variance = (squares / n - mean * mean) / (n - 1)
            means[sample, drawn] = centre + mean
            constant = variance <= 1e-14 * squares / n
            scores[sample, drawn] = np.sign(mean) * np.inf if constant else mean / variance**0.5
    return means, scores


def moments(samples: Sample) -> tuple[Sample, Sample, Sample]:
    """Return mean, standard error and skewness (m,) of samples (m, n); constants have none, 0."""
    mean, deviation = samples.mean(axis=1), samples.std(axis=1)
    cubes = ((samples - mean[:, None]) ** 3).mean(axis=1)
    skewness = np.divide(cubes, deviation**3, out=np.zeros_like(mean), where=deviation**3 > 0)
    return mean, deviation / np.sqrt(samples.shape[1] - 1), skewness


def simple(samples: Sample, level: float) -> dict[str, Limits]:
    """Return the limits (m,) of the intervals that need no resampling."""
    mean, error, _ = moments(samples)
    reach = stats.t.isf((1 - level) / 2, samples.shape[1] - 1) * error
    return {
        "ours": statistics.mean_limits(samples, level),
        "Student's t": (mean - reach, mean + reach),
    }


def hall(samples: Sample, level: float) -> Limits:
    """Return the limits (m,) after Hall (1992): his transformation alone, on both sides."""
    mean, error, skewness = moments(samples)
    n = samples.shape[1]
    skewness *= np.sqrt(n * (n - 1)) / (n - 2) / np.sqrt(n)

    def inverse(score: float) -> Sample:
        root = np.cbrt(1 + skewness * (score - skewness / 6))
        return 3 * (score - skewness / 6) / (root**2 + root + 1)

    quantile = stats.t.isf((1 - level) / 2, n - 1)
    return mean - inverse(quantile) * error, mean - inverse(-quantile) * error


def bootstrapped(samples: Sample, level: float) -> dict[str, Limits]:
    """Return the limits (m,) of the bootstrap's intervals."""
    mean, error, skewness = moments(samples)
    means, scores = (np.sort(values, axis=1) for values in resample(samples, RESAMPLES, 0))
    ends = np.array([(1 - level) / 2, (1 + level) / 2])
    below = (means < mean[:, None]).mean(axis=1) + (means <= mean[:, None]).mean(axis=1)
    bias = special.ndtri(below / 2)[:, None] + special.ndtri(ends)
    acceleration = skewness[:, None] / 6 / np.sqrt(samples.shape[1])
    with np.errstate(invalid="ignore"):  # a constant sample has infinite scores and no error
        bias = special.ndtri(below / 2)[:, None] + bias / (1 - acceleration * bias)
        score = picked(scores, np.broadcast_to(ends, bias.shape)) * error[:, None]
    score[np.isnan(score)] = 0
    return {
        "BCa": tuple(picked(means, special.ndtr(bias)).T),
        "percentile": tuple(picked(means, np.broadcast_to(ends, bias.shape)).T),
        "bootstrap t": (mean - score[:, 1], mean - score[:, 0]),
    }


def picked(ordered: Sample, shares: Sample) -> Sample:
    """Return the quantiles of each row of `ordered`, one for each of `shares` in that row."""
    shares = np.nan_to_num(shares, nan=0.5)
    places = np.clip((shares * ordered.shape[1]).astype(int), 0, ordered.shape[1] - 1)
    return np.take_along_axis(ordered, places, axis=1)


def counted(limits: Limits, mean: float) -> dict[str, float]:
    """Return the share of intervals that hold the mean, lie above it and lie below it."""
    above, below = np.mean(limits[0] > mean), np.mean(limits[1] < mean)
    return {"coverage": 1 - above - below, "too_high": above, "too_low": below}


def of_populations(samples: int) -> Iterator[dict[str, Any]]:
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


def of_samples(samples: int) -> Iterator[dict[str, Any]]:
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


def of_studies(samples: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each metric and variant of the committed runs, as a population."""
    for study in study_names():
        runs = read_table(ROOT / "results" / study / "runs.csv")
        kinds = metric_kinds(study)
        for metric in (metric for metric in kinds if kinds[metric] != "flag"):
            for variant, values in runs.groupby("variant", sort=False)[metric]:
                sample = values.to_numpy(float)
                sample = sample[np.isfinite(sample)]
                if sample.size >= 10 and sample.min() < sample.max():
                    row = {"study": study, "metric": metric, "variant": variant, "n": sample.size}
                    yield row | of_column(sample, samples)


def of_column(sample: Sample, samples: int) -> dict[str, float]:
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


def of_rates() -> Iterator[dict[str, Any]]:
    """Yield the exact coverage of Wilson's interval for shares of runs."""
    for n in SEEDS:
        counts = np.arange(n + 1)
        limits = [statistics.rate_interval(np.repeat([1.0, 0.0], [k, n - k])) for k in counts]
        low, high = np.array(limits).T
        for rate in (0.001, 0.01, 0.03, 0.05, 0.1, 0.3, 0.5):
            held = (low <= rate) & (rate <= high)
            coverage = stats.binom.pmf(counts[held], n, rate).sum()
            yield {"interval": "Wilson", "of": f"{100 * rate:g} %", "n": n, "coverage": coverage}


def of_differences(samples: int) -> Iterator[dict[str, Any]]:
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


def of_recoveries(samples: int) -> Iterator[dict[str, Any]]:
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


def of_rare_failures(samples: int) -> Iterator[dict[str, Any]]:
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


def percent(share: float, level: float = 0.95) -> str:
    """Return a share in percent; bold if it falls short of the level by more than 2 points."""
    text = f"{100 * share:.1f}"
    return f"**{text}**" if share < level - statistics.SHORTFALL else text


def populations_table(table: pd.DataFrame) -> str:
    """Return coverage by population: the method in use by n, and all methods at n = 30."""
    others = ["BCa", "percentile", "bootstrap t", "Student's t", "Hall"]
    cells = table.set_index(["level", "population", "n", "method"]).coverage
    rows = []
    for name in POPULATIONS:
        ours = [percent(cells[0.95, name, n, "ours"]) for n in SEEDS]
        beside = [percent(cells[0.95, name, 30, method]) for method in others]
        at_90 = percent(cells[0.9, name, 30, "ours"], level=0.9)
        rows.append([name, *ours, at_90, *beside])
    headings = [f"n = {n:,}" for n in SEEDS] + ["90 %, n = 30"]
    headings += [f"{method}, n = 30" for method in others]
    return markdown_table(["population", *headings], rows)


def samples_table(table: pd.DataFrame) -> str:
    """Return what is said of samples of 30."""
    columns = ["missed", "stated", "marked", "missed_unmarked", "p_below_5", "p_alone"]
    columns.append("interval_alone")
    rows = [
        [row["population"], *(f"{100 * row[column]:.1f}" for column in columns)]
        for row in table[table.n == 30].to_dict("records")
    ]
    headings = ["population", "interval misses", "mean stated coverage", "marked unreliable"]
    headings += ["misses and is not marked", "p < 0.05", "of these inside the interval"]
    headings.append("outside the interval, p above")
    return markdown_table(headings, rows)


def studies_table(table: pd.DataFrame) -> str:
    """Return for each study and number of seeds how many columns are covered how well."""
    groups = table.groupby(["study", pd.cut(table.n, [0, 20, 99, 999, 1_000])], observed=True)
    rows = [_studies_row(study, columns) for (study, _), columns in groups]
    headings = ["study", "seeds", "columns", "93 to 97 %", "above", "below", "of these marked"]
    headings += ["marked", "below with BCa"]
    return markdown_table(headings, [*rows, _studies_row("all", table)])


def _studies_row(study: str, columns: pd.DataFrame) -> list[object]:
    short, marked = columns.ours < CLOSE[0], columns.stated < CLOSE[0]
    bca = columns.BCa.dropna()  # of up to 100 seeds
    return [
        study,
        " to ".join(f"{n:,}" for n in sorted({columns.n.min(), columns.n.max()})),
        len(columns),
        columns.ours.between(*CLOSE).sum(),
        (columns.ours > CLOSE[1]).sum(),
        short.sum(),
        (short & marked).sum(),
        marked.sum(),
        f"{(bca < CLOSE[0]).sum()} of {len(bca)}" if len(bca) else "–",
    ]


def others_table(table: pd.DataFrame) -> str:
    """Return the coverage of the intervals of rates and ratios."""
    wide = table.pivot_table(index=["interval", "of"], columns="n", values="coverage", sort=False)
    rows = [
        [*names, *("–" if np.isnan(cell) else percent(cell) for cell in cells)]
        for names, cells in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    return markdown_table(["interval", "of", *(f"n = {n:,}" for n in wide.columns)], rows)


def of_others(samples: int) -> Iterator[dict[str, Any]]:
    """Yield rows for all intervals besides that of a mean."""
    yield from of_rates()
    yield from of_differences(samples)
    yield from of_recoveries(samples)
    yield from of_rare_failures(samples)


TABLES: dict[str, tuple[Callable[[int], Iterator[dict[str, Any]]], Callable[[Any], str]]] = {
    "coverage": (of_populations, populations_table),
    "coverage_samples": (of_samples, samples_table),
    "coverage_studies": (of_studies, studies_table),
    "coverage_others": (of_others, others_table),
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(TABLES)))
@click.option("--samples", default=2_000, show_default=True, help="Samples of each population.")
def main(names: tuple[str, ...], samples: int) -> None:
    """Measure the coverage of all intervals; print it, keep it and write it into the page."""
    for name in names or TABLES:
        measure, in_markdown = TABLES[name]
        table = pd.DataFrame(measure(samples))
        table.round(4).to_csv(RESULTS / f"{name}.csv", index=False, lineterminator="\n")
        print(in_markdown(table), end="\n\n")
        text = PAGE.read_text(encoding="utf-8")
        block = in_markdown(table)
        PAGE.write_text(splice(text, name.replace("_", " "), block), encoding="utf-8")


if __name__ == "__main__":
    main()
