"""What a model does to its inputs by itself, before its first layer that computes sums."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

NORMALIZING = (
    "Normalization", "BatchNormalization", "LayerNormalization", "GroupNormalization",
    "RMSNormalization", "UnitNormalization", "Discretization", "CategoryEncoding", "Hashing",
    "IntegerLookup",
)  # fmt: skip


@dataclass(frozen=True)
class Preprocessing:
    """What becomes of the inputs inside the model.

    Attributes:
        looks_up: inputs are indices (of an embedding); their size means nothing.
        normalizes: a layer brings them to one scale, or makes categories of them.
        scale: what `Rescaling` layers multiply them by; 1 if there are none.
        offset: what those add.
    """

    looks_up: bool = False
    normalizes: bool = False
    scale: float = 1.0
    offset: float = 0.0

    @property
    def is_none(self) -> bool:
        """Whether inputs reach the first layer of sums as they are given."""
        return self == Preprocessing()


def preprocessing(model: "keras.Model") -> Preprocessing:
    """Look at the layers before the first one with a kernel."""
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
