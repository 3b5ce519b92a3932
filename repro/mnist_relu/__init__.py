"""Thread 002: an MNIST network on raw pixels does well with sigmoid and badly with ReLU."""

from repro.mnist_relu.experiment import DATA, METRICS, experiment

__all__ = ["DATA", "METRICS", "experiment"]
