"""Loops compiled by numba, many seeds side by side."""
