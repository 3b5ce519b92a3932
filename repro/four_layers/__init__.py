"""Thread 004: a four-layer network on digits that works with sigmoid and fails with ReLU."""

from repro.four_layers.experiment import DATA, experiment
from repro.four_layers.measures import METRICS

__all__ = ["DATA", "METRICS", "experiment"]
