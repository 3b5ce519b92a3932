"""Thread 001: does it matter which derivative ReLU gets at zero."""

from repro.relu_at_zero.experiment import DATA, METRICS, experiment

__all__ = ["DATA", "METRICS", "experiment"]
