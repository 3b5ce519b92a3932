"""Tokens, sequences and their padding, where a model has a single input."""

from typing import Any

import numpy as np

from repro.instruments.diagnose.setup.anatomy import Site
from repro.instruments.diagnose.setup.arrays import Array, leaves
from repro.instruments.diagnose.setup.setup import Setup

RECURRENT = ("LSTM", "GRU", "SimpleRNN", "Bidirectional")
MASKS = ("Masking",)


def single_input(setup: Setup) -> Array | None:
    """Return the only input array; None if there are several."""
    arrays = leaves(setup.train[0])
    return arrays[0] if len(arrays) == 1 else None


def embeddings(setup: Setup) -> list[Any]:
    """Return the embeddings of the model."""
    return [o for o in setup.operations if type(o).__name__ == "Embedding"]


def embedding_sites(setup: Setup) -> list[Site]:
    """Return the embeddings as sites: each puts out as many numbers a token as it has units."""
    placed = [(i, o) for i, o in enumerate(setup.operations) if type(o).__name__ == "Embedding"]
    return [
        Site(
            position=position,
            activated_at=position,
            kind="Embedding",
            label=f"Embedding {number}",
            units=int(layer.output_dim),
            activation="linear",
            is_output=False,
        )
        for number, (position, layer) in enumerate(placed, start=1)
    ]


def reads_steps(setup: Setup) -> bool:
    """Tell whether a recurrent layer sums up the steps, and so reads the padding last."""
    return any(type(o).__name__ in RECURRENT for o in setup.operations)


def last_state_layers(setup: Setup) -> list[tuple[int, Any]]:
    """Return place and layer of what reads all steps one way and puts out its last state."""
    kinds = [k for k in RECURRENT if k != "Bidirectional"]
    placed = enumerate(setup.operations)
    recurrent = [(place, o) for place, o in placed if type(o).__name__ in kinds]
    return [(place, layer) for place, layer in recurrent if not layer.return_sequences]


def are_padded(setup: Setup, x: Array) -> bool:
    """Tell whether inputs are tokens or steps that a recurrent layer reads, as may be padded."""
    is_tokens = bool(embeddings(setup)) and x.ndim == 2
    return reads_steps(setup) and (is_tokens or x.ndim == 3)


def padded_share(setup: Setup, x: Array) -> float:
    """Return the share of steps that are padding at the end and aren't masked; 0 if none can be.

    Of tokens, index 0 is padding by Keras' own rule; of numbers, a step of one number that many
    rows end with.
    """
    if not are_padded(setup, x):
        return 0.0
    if any(layer.mask_zero for layer in embeddings(setup)):
        return 0.0
    if any(type(o).__name__ in MASKS for o in setup.operations):
        return 0.0
    return float(at_the_end(x).mean())


def masked_between(setup: Setup, x: Array) -> float:
    """Return the share of masked steps with steps that are read before and behind; 0 if none is.

    Padding stands at an end of its sequence, so what is masked in the middle is data.
    """
    values = [o.mask_value for o in setup.operations if type(o).__name__ in MASKS]
    if x.ndim == 2 and any(layer.mask_zero for layer in embeddings(setup)):
        masked = x == 0
    elif x.ndim == 3 and values and not embeddings(setup):
        masked = (x == values[0]).all(axis=2)
    else:
        return 0.0
    read = ~masked
    begun = np.logical_or.accumulate(read, axis=1)
    behind = np.logical_or.accumulate(read[:, ::-1], axis=1)[:, ::-1]
    return float((masked & begun & behind).sum() / max(masked.sum(), 1))


def padding_value(x: Array) -> float:
    """Return the number that fills the last step of most of the rows that one fills; 0 for tokens.

    Of tokens it is 0 by Keras' own rule.
    """
    if x.ndim != 3:
        return 0.0
    last = x[:, -1]
    filled_rows = last[(last == last[:, :1]).all(axis=1), 0]
    values, counts = np.unique(filled_rows, return_counts=True)
    return float(values[counts.argmax()]) if counts.size and counts.max() > 1 else 0.0


def at_the_end(x: Array) -> Array:
    """Return which steps are padding with nothing but padding behind them, (n, steps)."""
    value = padding_value(x)
    empty = x == value if x.ndim == 2 else (x == value).all(axis=2)
    return np.asarray(np.logical_and.accumulate(empty[:, ::-1], axis=1)[:, ::-1])


def padding_in_front(x: Array) -> Array:
    """Return sequences with the padding moved from their end to their front."""
    steps = np.arange(x.shape[1])
    shifts = at_the_end(x).sum(axis=1)
    places = (steps[None, :] - shifts[:, None]) % x.shape[1]
    rows = np.arange(len(x))[:, None]
    return np.asarray(x[rows, places])
