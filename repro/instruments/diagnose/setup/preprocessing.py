"""Preprocessing inside a model, before its first layer that computes sums."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

NORMALIZING = (
    "BatchNormalization",
    "CategoryEncoding",
    "Discretization",
    "GroupNormalization",
    "Hashing",
    "IntegerLookup",
    "LayerNormalization",
    "Normalization",
    "RMSNormalization",
    "UnitNormalization",
)


@dataclass(frozen=True)
class Preprocessing:
    """The way that inputs take inside the model to its first layer with a kernel.

    Attributes:
        looks_up: whether inputs are indices (of an embedding), whose size means nothing.
        normalizes: whether a layer brings them to one scale, or makes categories of them.
        scale: the factor by which `Rescaling` layers multiply them; 1 if there are none.
        offset: the number that those add.
    """

    looks_up: bool = False
    normalizes: bool = False
    scale: float = 1.0
    offset: float = 0.0

    @property
    def is_none(self) -> bool:
        """True if inputs reach the first layer with a kernel as they are."""
        return self == Preprocessing()


def read_preprocessing(model: "keras.Model") -> Preprocessing:
    """Read it off the layers before the first one with a kernel."""
    import keras

    layers = list(model._flatten_layers(include_self=False))
    looks_up = any(isinstance(layer, keras.layers.Embedding) for layer in layers)
    normalizes, scale, offset = False, 1.0, 0.0
    for layer in layers:
        if _has_kernel(layer):
            break
        if isinstance(layer, keras.layers.Rescaling) and np.size(layer.scale) == 1:
            scale, offset = scale * float(layer.scale), offset * float(layer.scale)
            offset += float(np.mean(layer.offset))
        normalizes |= type(layer).__name__ in NORMALIZING
    return Preprocessing(looks_up, normalizes, scale, offset)


def _has_kernel(layer: Any) -> bool:
    own = not getattr(layer, "_layers", None)
    return own and any("kernel" in v.name for v in layer.weights)
