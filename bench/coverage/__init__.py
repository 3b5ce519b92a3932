"""Measure how often the intervals that are printed hold what they are about."""
