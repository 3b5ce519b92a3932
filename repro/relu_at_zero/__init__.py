"""Thread 001: does it matter which derivative ReLU gets at zero."""

from repro.relu_at_zero.experiment import DATA, EXPERIMENTS, experiment
from repro.relu_at_zero.measures import KINDS, METRICS

__all__ = ["DATA", "EXPERIMENTS", "KINDS", "METRICS", "experiment"]
