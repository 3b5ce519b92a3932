"""Measurements: the inputs, and every layer before training, in its first steps and after it."""
