"""The bits of a block's first steps, by which two processes find out that they compute alike."""

from collections.abc import Sequence
from hashlib import sha256

import keras
import numpy as np

from repro.training.block import Block


def first_bits(block: Block, seeds: Sequence[int], models: Sequence[keras.Model]) -> str:
    """Return the digest of what the first steps make of a block; it is as before afterwards.

    They are a full batch, the last batch and the validation: all shapes that the block will see.
    Whatever one process adds up in another order than the other, it does so at every step.
    """
    block.seeds.load(models)
    logs, _ = block.first_steps(seeds)
    digest = sha256()
    for value in [*logs.values(), *(v for state in block.seeds.state() for v in state)]:
        digest.update(np.ascontiguousarray(value).tobytes())
    block.seeds.load(models)
    return digest.hexdigest()
