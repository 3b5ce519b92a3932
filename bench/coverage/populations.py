"""Populations whose mean is known: textbook ones, and ones with rare failures."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from repro.findings.statistics import Sample

FAR = 10.0  # standard deviations of the rest, from which failures lie off


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
