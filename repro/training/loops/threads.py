"""A thread a core, for compiled loops that let go of the interpreter (numba's `nogil`)."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def in_threads(job: Callable[..., Any], *each: Iterable[Any]) -> list[Any]:
    """Return `job` of the first of each, of the second of each, and so on, as `map` does.

    There are as many threads as numba has been told to use. numba's own `prange` would compile
    what it calls a second time.
    """
    from numba import get_num_threads

    with ThreadPoolExecutor(get_num_threads()) as pool:
        return list(pool.map(job, *each))
