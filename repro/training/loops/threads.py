"""A thread a core, for compiled loops that let go of the interpreter (numba's `nogil`)."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def in_threads(job: Callable[..., Any], *arguments: Iterable[Any]) -> list[Any]:
    """Return what `map(job, *arguments)` gives, computed by as many threads as numba has.

    numba's own `prange` would compile what it calls a second time.
    """
    from numba import get_num_threads

    with ThreadPoolExecutor(get_num_threads()) as pool:
        return list(pool.map(job, *arguments))
