"""Tell what a model's training costs, by its weights and the inputs of a batch."""

import math
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from repro.training.feeding.structures import Triple, tensors_in


@dataclass(frozen=True)
class Cost:
    """The cost of training a model.

    Attributes:
        products: about how many multiplications a sample takes, forward.
        weights: bytes of the weights that are trained.
        inputs: bytes of a batch's inputs.
    """

    products: float
    weights: int
    inputs: int


def cost_of(model: keras.Model, sample: Triple) -> Cost:
    """Return the cost of a model whose batches are as the sample.

    Each weight multiplies once, at each time step, and as often as a convolution has places.
    """
    inputs = [tensor for tensor in tensors_in(sample[0]) if isinstance(tensor, tf.Tensor)]
    weights = sum(math.prod(v.shape) for v in model.trainable_variables)
    return Cost(
        products=weights * (_time_steps(inputs[0], model) if inputs else 1)
        + products_of_convolutions(model),
        weights=sum(map(_bytes, model.trainable_variables)),
        inputs=sum(map(_bytes, inputs)),
    )


def _time_steps(inputs: tf.Tensor, model: keras.Model) -> int:
    rank, is_whole = len(inputs.shape), inputs.dtype.is_integer
    is_sequence = rank == 3 or (rank == 2 and is_whole and _looks_up(model))
    return int(inputs.shape[1] or 1) if is_sequence else 1


def _looks_up(model: keras.Model) -> bool:
    """Return whether a layer takes whole numbers for names, as of words; else they are amounts."""
    kinds = (
        keras.layers.Embedding,
        keras.layers.Hashing,
        keras.layers.IntegerLookup,
        keras.layers.StringLookup,
        keras.layers.TextVectorization,
    )
    return any(isinstance(layer, kinds) for layer in model._flatten_layers())


def _bytes(tensor: Any) -> int:
    return math.prod(n or 1 for n in tensor.shape) * tf.as_dtype(tensor.dtype).size


def products_of_convolutions(model: keras.Model) -> int:
    """Return the multiplications of a model's convolutions for one sample."""
    return sum(map(_products, model._flatten_layers()))


def _products(layer: keras.layers.Layer) -> int:
    """Return the multiplications of a convolution for one sample; 0 for other layers."""
    kernel = getattr(layer, "kernel", None)
    try:
        if kernel is None or len(kernel.shape) < 4:
            return 0
        transposes = "Transpose" in type(layer).__name__
        places = (layer.input if transposes else layer.output).shape[1:]
        channels = places[0] if layer.data_format == "channels_first" else places[-1]
        positions = math.prod(n or 1 for n in places) // channels
        return positions * math.prod(kernel.shape)
    except (AttributeError, ValueError):  # a layer of its own, or of no known shape
        return 0
