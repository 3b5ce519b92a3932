"""Signals that are kept back, and processes that end with this one; light to import."""

from repro.training.jobs.spawn import ENDING, end_children, signals_deferred

__all__ = ["ENDING", "end_children", "signals_deferred"]
