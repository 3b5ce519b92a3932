"""Find embeddings whose rows stand one place away from the tokens that they are meant for."""

from typing import Any

import numpy as np

from repro.instruments.diagnose.setup.sequences import embeddings, single_input
from repro.instruments.diagnose.setup.setup import Setup


def shifted_embeddings(setup: Setup) -> tuple[int, ...]:
    """Return the numbers of the embeddings whose rows look shifted by one.

    Vectors that were trained before are written into a table, the first into row 0. Where tokens
    count from 1, the first row is then no token's, and the last one is empty.
    """
    tokens = single_input(setup)
    if tokens is None or (np.asarray(tokens) == 0).any():
        return ()
    return tuple(i for i, layer in enumerate(embeddings(setup)) if _looks_shifted(layer))


def _looks_shifted(layer: Any) -> bool:
    rows = np.asarray(layer.embeddings)
    return len(rows) > 2 and bool(rows[0].any()) and not rows[-1].any()
