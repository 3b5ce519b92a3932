"""A digest of the code that computes an experiment's numbers."""

from repro.study.code.meaning import code_digest

__all__ = ["code_digest"]
