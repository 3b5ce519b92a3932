"""Dead ReLU networks: which inputs a layer stops, and how often chance makes it stop them.

A ReLU layer stops an input that leaves all its units at zero: what comes after does not depend on
that input any more, and no error gets back past the layer. A network that stops all of its training
inputs is dead: the gradient of its first layer is exactly zero.

Source:
    Lu et al., "Dying ReLU and Initialization", Commun. Comput. Phys. 28 (2020), 1671-1706;
    Rister & Rubin, "Probabilistic bounds on neuron death in deep rectifier networks",
    arXiv:2007.06192.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


def stopped(
    outputs: Iterable[NDArray[np.floating]], activations: Iterable[str]
) -> NDArray[np.bool_]:
    """Return whether each layer stops each sample, (..., layers, samples).

    Args:
        outputs: each layer's outputs, (..., samples, units); leading axes, such as seeds, are kept.
        activations: each layer's activation; only "relu" stops anything.
    """
    layers = [
        (values <= 0).all(axis=-1) & (name == "relu")
        for values, name in zip(outputs, activations, strict=True)
    ]
    return np.stack(layers, axis=-2)


def is_dead(stopped_by: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether each sample is stopped somewhere: (...) from (..., layers, samples)."""
    return np.asarray(stopped_by.any(axis=-2).all(axis=-1))


def death_probability(widths: Sequence[int]) -> float:
    """Return 1 - prod(1 - 2^-N) over the widths N of the ReLU layers.

    With weights drawn symmetrically about zero and biases of zero, this is the probability that
    *one given* input is stopped: each unit of a layer raises or lowers it by the toss of a coin, as
    long as the layer before has let something pass. That a network is born dead, stopping all of
    several inputs, is at most as probable.
    """
    return float(1 - np.prod([1 - 0.5**width for width in widths]))
