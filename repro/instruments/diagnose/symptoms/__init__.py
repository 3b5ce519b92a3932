"""Symptoms: what can be wrong, by which threshold, and which causes it points at."""
