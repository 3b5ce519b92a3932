"""The steps of a training that are looked at."""

from collections.abc import Iterable
from itertools import takewhile


def logged_steps(schedule: Iterable[int], last: int) -> list[int]:
    """Return the steps of a rising schedule that come before the last step, and the last."""
    return [*takewhile(lambda step: step < last, schedule), last]
