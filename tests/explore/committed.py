"""The committed runs, read once: some tables are large."""

from functools import cache

from repro.store.results import read_runs
from repro.study.folder import RESULTS


@cache
def committed_runs(name):
    """Return a study's runs, not to be changed."""
    return read_runs(RESULTS / name)
