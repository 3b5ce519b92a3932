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
        if isinstance(layer, keras.layers.Lambda):
            factor, shift = _as_affine(layer)
            scale, offset = scale * factor, offset * factor + shift
        normalizes |= type(layer).__name__ in NORMALIZING and not is_unadapted(layer)
    return Preprocessing(looks_up, normalizes, scale, offset)


def is_unadapted(layer: Any) -> bool:
    """Tell whether a layer is to normalize, and has neither seen data nor been given a mean."""
    if type(layer).__name__ != "Normalization" or layer.input_mean is not None:
        return False
    means = [v for v in layer.weights if "mean" in v.name]
    return bool(means) and all(not np.asarray(v).any() for v in means)


def _as_affine(layer: Any) -> tuple[float, float]:
    """Return factor and offset of a function of the user's; 1 and 0 unless it is nothing else."""
    shape = (1, *(side or 1 for side in layer.input.shape[1:]))
    try:
        zero, one, two = (np.asarray(layer(np.full(shape, v, "float32"))) for v in (0, 1, 2))
    except Exception:  # whatever a function of the user's raises on such inputs
        return 1.0, 0.0
    is_affine = zero.shape == shape and np.allclose(two - one, one - zero)
    if not is_affine or np.ptp(one) or np.ptp(zero):
        return 1.0, 0.0
    return float((one - zero).flat[0]), float(zero.flat[0])


def _has_kernel(layer: Any) -> bool:
    own = not getattr(layer, "_layers", None)
    return own and any("kernel" in v.name for v in layer.weights)
