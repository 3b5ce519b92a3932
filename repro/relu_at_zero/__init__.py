"""Thread 001: does it matter which derivative ReLU gets at zero."""

from repro.relu_at_zero.experiment import DATA, EXPERIMENTS, experiment
from repro.relu_at_zero.measures import METRICS

__all__ = ["DATA", "EXPERIMENTS", "METRICS", "experiment"]
