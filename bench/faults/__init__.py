"""Sets of faults that others published, rebuilt small from their descriptions: none of their code.

A set is a module with `FAULTS`. Data ship with scikit-learn or are generated.
"""
