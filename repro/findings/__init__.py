"""Findings: statistics, verdicts, figures and reports, made from tables without training."""
