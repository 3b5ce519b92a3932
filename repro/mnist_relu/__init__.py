"""Thread 002: an MNIST network on raw pixels does well with sigmoid and badly with ReLU."""

from repro.mnist_relu.experiment import DATA, experiment
from repro.mnist_relu.measures import METRICS

__all__ = ["DATA", "METRICS", "experiment"]
