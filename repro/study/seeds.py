"""The seeds of a variant: so many from 0 on, or spans such as "0:12 30:42"."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

SPANS = r"^(0|[1-9]\d{0,8}):[1-9]\d{0,8}( [1-9]\d{0,8}:[1-9]\d{0,8})*$"


def count_seeds(own: int | str) -> int:
    """Return how many they are, without laying them out."""
    return own if isinstance(own, int) else sum(map(len, _spans(own)))


def list_seeds(own: int | str) -> tuple[int, ...]:
    """Return the seeds, ascending."""
    if isinstance(own, int):
        return tuple(range(own))
    return tuple(seed for span in _spans(own) for seed in span)


def wrong_spans(own: int | str) -> str:
    """Return what is wrong with spans; nothing if they rise and each holds a seed."""
    if isinstance(own, int):
        return ""
    spans = _spans(own)
    if not all(spans) or any(first.stop >= second.start for first, second in pairwise(spans)):
        return f"seeds {own!r}: write spans that rise, with a gap between them"
    return ""


def in_blocks(seeds: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Yield the seeds that are trained together: at most so many, without a gap.

    So a variant that gets another span keeps the blocks that it had. No seed of a span is left
    alone where the block before has one to give, since a network that is trained by itself is
    multiplied by other code, which rounds otherwise.
    """
    for span in _without_gaps(seeds):
        start = 0
        while start < len(span):
            left = len(span) - start
            end = start + (size - 1 if left == size + 1 and size > 2 else size)
            yield span[start:end]
            start = end


def _without_gaps(seeds: Sequence[int]) -> Iterator[Sequence[int]]:
    start = 0
    for end in range(1, len(seeds) + 1):
        if end == len(seeds) or seeds[end] != seeds[end - 1] + 1:
            yield seeds[start:end]
            start = end


def _spans(own: str) -> list[range]:
    return [range(*map(int, span.split(":"))) for span in own.split()]
