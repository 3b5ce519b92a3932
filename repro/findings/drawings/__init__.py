"""Drawings of a study: its runs, fixes, curves, sweeps; `repro.findings.figures` writes them."""
