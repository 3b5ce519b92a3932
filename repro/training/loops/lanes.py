"""Seeds side by side: the last axis of a compiled loop's arrays holds one seed a lane.

The number of lanes is the loop's own constant, since the compiler unrolls it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repro.training.loops.threads import in_threads


def in_lanes(job: Callable[..., Any], lanes: int, *arrays: NDArray[Any]) -> list[NDArray[Any]]:
    """Let a compiled job change arrays (seeds, ...), a block of seeds at a time, a thread a core.

    Args:
        job: is called once a block with an array (..., lanes) for each of `arrays`, to be changed
            in place.
        lanes: seeds a block.
        arrays: left as they are.

    Returns:
        Each array as the job left it.
    """
    blocks = [into_lanes(values, lanes) for values in arrays]
    in_threads(job, *blocks)
    return [out_of_lanes(b, len(values)) for b, values in zip(blocks, arrays, strict=True)]


def into_lanes(values: NDArray[Any], lanes: int) -> NDArray[Any]:
    """Return (blocks, ..., lanes) from (seeds, ...), the last block filled up with zeros."""
    blocks = -(-len(values) // lanes)
    padded = np.zeros((blocks * lanes, *values.shape[1:]), values.dtype)
    padded[: len(values)] = values
    in_blocks = padded.reshape(blocks, lanes, *values.shape[1:])
    return np.ascontiguousarray(np.moveaxis(in_blocks, 1, -1))


def out_of_lanes(blocks: NDArray[Any], seeds: int) -> NDArray[Any]:
    """Return (seeds, ...), copied, from (blocks, ..., lanes)."""
    return np.moveaxis(blocks, -1, 1).reshape(-1, *blocks.shape[1:-1])[:seeds].copy()
