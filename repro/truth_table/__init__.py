"""Thread 000: a 3-4-1 network learns `not x3` with sigmoid everywhere, and not with ReLU."""

from repro.truth_table.experiment import DATA, METRICS, experiment

__all__ = ["DATA", "METRICS", "experiment"]
