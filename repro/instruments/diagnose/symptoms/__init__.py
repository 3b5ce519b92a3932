"""Symptoms: their definitions and thresholds, how they are detected, and their causes."""
