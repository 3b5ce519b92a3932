"""Thread 003: a network that adds two numbers, all ReLU, learns for some seeds only."""

from repro.add_numbers.experiment import DATA, experiment
from repro.add_numbers.measures import METRICS

__all__ = ["DATA", "METRICS", "experiment"]
