"""Thread 000: a 3-4-1 network learns `not x3` with sigmoid everywhere, and not with ReLU."""

from repro.truth_table.experiment import DATA, experiment
from repro.truth_table.measures import METRICS

__all__ = ["DATA", "METRICS", "experiment"]
