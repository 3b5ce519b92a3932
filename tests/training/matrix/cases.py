"""The tables: what each public class is made and fed with, and what is known to fall back."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from tests.training.matrix.compare import Case

N = 20
CASES = "tests/training/matrix/cases.py"
GROUP = 8  # branches of one model


def public_classes(module: Any) -> dict[str, type]:
    """Return a module's classes by their first name; some have several."""
    found: dict[type, str] = {}
    for name, kind in sorted(vars(module).items()):
        if inspect.isclass(kind):
            own = kind.__name__ == name
            found[kind] = name if own or kind not in found else found[kind]
    return {name: kind for kind, name in sorted(found.items(), key=lambda item: item[1])}


def _numbers(*shape: int) -> Any:
    return np.random.default_rng(1).uniform(0, 1, (N, *shape)).astype("float32")


def _integers(*shape: int) -> Any:
    return np.random.default_rng(2).integers(0, 6, (N, *shape))


INPUTS = {
    "vector": _numbers(8),
    "sequence": _numbers(6, 4),
    "image": _numbers(8, 8, 3),
    "volume": _numbers(4, 4, 4, 2),
    "frames of 1": _numbers(3, 5, 2),
    "frames of 2": _numbers(3, 5, 5, 2),
    "frames of 3": _numbers(2, 4, 4, 4, 1),
    "audio": _numbers(64),
    "integers": _integers(5),
    "text": tf.constant([["one two"], ["two three"], ["three"], ["one"]] * (N // 4)),
}
TRIED = ("vector", "sequence", "image", "volume")  # for a layer without a recipe
TARGETS = np.random.default_rng(3).normal(size=(N, 1)).astype("float32")


@dataclass(frozen=True)
class Recipe:
    """One way to make and call a layer.

    Attributes:
        kind: of its input.
        make: returns the layer.
        call: of the layer and its input; None: the layer is called on it.
        raw: whether it gets the data, not what a layer before it made of them: steps of its output
            would blow up rounding.
    """

    kind: str
    make: Callable[[], Any]
    call: Callable[[Any, Any], Any] | None = None
    raw: bool = False

    def branch(self, x: Any) -> Any:
        """Return two numbers a sample."""
        if not self.raw:
            x = layers.Dense(x.shape[-1], "sigmoid")(x)
        layer = self.make()
        y = self.call(layer, x) if self.call else layer(x)
        y = ops.cast(y, "float32")
        if len(y.shape) > 2:
            y = layers.Flatten()(y)
        if y.shape[-1] > 16:  # else steps are too long, and rounding is blown up
            y = layers.Rescaling(2 / y.shape[-1] ** 0.5)(y)
        return layers.Dense(2)(y)


def _raw(kind: str, make: Callable[[], Any], call: Any = None) -> Recipe:
    return Recipe(kind, make, call, raw=True)


def _two(layer: Any, x: Any) -> Any:
    return layer([x, layers.Dense(x.shape[-1])(x)])


def _twice(layer: Any, x: Any) -> Any:
    return layer(x, x)


def _images(layer: Any, x: Any) -> Any:
    return layer({"images": x, "labels": ops.mean(x, axis=(1, 2))})["images"]


def _of_bytes(layer: Any, x: Any) -> Any:
    return layer(256 * x) / 256


UNIT = (0.0, 1.0)
RECIPES: dict[str, Recipe] = {
    "Activation": Recipe("vector", lambda: layers.Activation("gelu")),
    "ActivityRegularization": Recipe("vector", lambda: layers.ActivityRegularization(0.1, 0.1)),
    "AdaptiveAveragePooling1D": Recipe("sequence", lambda: layers.AdaptiveAveragePooling1D(2)),
    "AdaptiveAveragePooling2D": Recipe("image", lambda: layers.AdaptiveAveragePooling2D(3)),
    "AdaptiveAveragePooling3D": Recipe("volume", lambda: layers.AdaptiveAveragePooling3D(2)),
    "AdaptiveMaxPooling1D": Recipe("sequence", lambda: layers.AdaptiveMaxPooling1D(2)),
    "AdaptiveMaxPooling2D": Recipe("image", lambda: layers.AdaptiveMaxPooling2D(3)),
    "AdaptiveMaxPooling3D": Recipe("volume", lambda: layers.AdaptiveMaxPooling3D(2)),
    "Add": Recipe("vector", layers.Add, _two),
    "AdditiveAttention": Recipe("sequence", lambda: layers.AdditiveAttention(dropout=0.2), _two),
    "AlphaDropout": Recipe("vector", lambda: layers.AlphaDropout(0.3)),
    "Attention": Recipe("sequence", lambda: layers.Attention(True, dropout=0.2), _two),
    "AugMix": _raw("image", lambda: layers.AugMix(UNIT)),
    "AutoContrast": _raw("image", lambda: layers.AutoContrast(UNIT)),
    "Average": Recipe("vector", layers.Average, _two),
    "AveragePooling1D": Recipe("sequence", lambda: layers.AveragePooling1D(2)),
    "AveragePooling2D": Recipe("image", lambda: layers.AveragePooling2D(3, 2, "same")),
    "AveragePooling3D": Recipe("volume", lambda: layers.AveragePooling3D(2)),
    "Bidirectional": Recipe("sequence", lambda: layers.Bidirectional(layers.GRU(3))),
    "CategoryEncoding": _raw("integers", lambda: layers.CategoryEncoding(6)),
    "CenterCrop": Recipe("image", lambda: layers.CenterCrop(4, 5)),
    "Concatenate": Recipe("vector", layers.Concatenate, _two),
    "ContrastLimitedAdaptiveHistogramEqualization": _raw(
        "image",
        lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(UNIT, tile_grid_size=(2, 2)),
    ),
    "Conv1D": Recipe("sequence", lambda: layers.Conv1D(3, 2)),
    "Conv1D, causal and dilated": Recipe(
        "sequence", lambda: layers.Conv1D(3, 2, padding="causal", dilation_rate=2)
    ),
    "Conv1DTranspose": Recipe("sequence", lambda: layers.Conv1DTranspose(3, 2, 2)),
    "Conv2D": Recipe("image", lambda: layers.Conv2D(3, 3, padding="same")),
    "Conv2D, in groups": Recipe("image", lambda: layers.Conv2D(6, 3, strides=2, groups=3)),
    "Conv2D, dilated": Recipe("image", lambda: layers.Conv2D(2, 3, dilation_rate=2)),
    "Conv2DTranspose": Recipe("image", lambda: layers.Conv2DTranspose(2, 3, 2)),
    "Conv3D": Recipe("volume", lambda: layers.Conv3D(2, 2)),
    "Conv3DTranspose": Recipe("volume", lambda: layers.Conv3DTranspose(2, 2)),
    "ConvLSTM1D": Recipe("frames of 1", lambda: layers.ConvLSTM1D(2, 2)),
    "ConvLSTM2D": Recipe("frames of 2", lambda: layers.ConvLSTM2D(2, 2, dropout=0.2)),
    "ConvLSTM3D": Recipe("frames of 3", lambda: layers.ConvLSTM3D(1, 2)),
    "CutMix": _raw("image", layers.CutMix, _images),
    "Dense": Recipe("vector", lambda: layers.Dense(3, "tanh")),
    "DepthwiseConv1D": Recipe("sequence", lambda: layers.DepthwiseConv1D(2)),
    "DepthwiseConv2D": Recipe("image", lambda: layers.DepthwiseConv2D(3, depth_multiplier=2)),
    "Discretization": _raw("vector", lambda: layers.Discretization([0.2, 0.5])),
    "Dot": Recipe("sequence", lambda: layers.Dot(axes=2, normalize=True), _two),
    "Dropout": Recipe("vector", lambda: layers.Dropout(0.4)),
    "Dropout, with noise_shape": Recipe("sequence", lambda: layers.Dropout(0.4, (None, 1, 4))),
    "Dropout, with a seed": Recipe("vector", lambda: layers.Dropout(0.4, seed=7)),
    "EinsumDense": Recipe(
        "sequence", lambda: layers.EinsumDense("abc,cd->abd", (6, 3), bias_axes="d")
    ),
    "Embedding": _raw("integers", lambda: layers.Embedding(6, 3)),
    "Embedding, masked": _raw(
        "integers",
        lambda: layers.Embedding(6, 3, mask_zero=True),
        lambda layer, x: layers.GRU(3)(layer(x)),
    ),
    "GRU": Recipe("sequence", lambda: layers.GRU(3, return_sequences=True, dropout=0.2)),
    "GRU, unrolled": Recipe("sequence", lambda: layers.GRU(3, unroll=True, reset_after=False)),
    "GRUCell": Recipe("sequence", lambda: layers.RNN(layers.GRUCell(3))),
    "GaussianDropout": Recipe("vector", lambda: layers.GaussianDropout(0.3)),
    "GaussianNoise": Recipe("vector", lambda: layers.GaussianNoise(0.3)),
    "GroupNormalization": Recipe("image", lambda: layers.GroupNormalization(3)),
    "GroupQueryAttention": Recipe(
        "sequence", lambda: layers.GroupQueryAttention(2, 4, 2, dropout=0.2), _twice
    ),
    "HashedCrossing": _raw(
        "integers",
        lambda: layers.HashedCrossing(5, output_mode="one_hot"),
        lambda layer, x: layer((x[:, :1], x[:, 1:2])),
    ),
    "Hashing": _raw("integers", lambda: layers.Hashing(4)),
    "IntegerLookup": _raw("integers", lambda: layers.IntegerLookup(vocabulary=[1, 2, 3])),
    "LSTM": Recipe("sequence", lambda: layers.LSTM(3, dropout=0.2, recurrent_dropout=0.2)),
    "LSTM, backwards": Recipe("sequence", lambda: layers.LSTM(3, go_backwards=True)),
    "LSTMCell": Recipe("sequence", lambda: layers.RNN(layers.LSTMCell(3))),
    "Lambda": Recipe("vector", lambda: layers.Lambda(lambda x: x * x)),
    "Masking": _raw("sequence", layers.Masking, lambda layer, x: layers.LSTM(2)(layer(x))),
    "Maximum": Recipe("vector", layers.Maximum, _two),
    "MelSpectrogram": _raw("audio", lambda: layers.MelSpectrogram(16, 8, num_mel_bins=4)),
    "Minimum": Recipe("vector", layers.Minimum, _two),
    "MixUp": _raw("image", layers.MixUp, _images),
    "MultiHeadAttention": Recipe(
        "sequence", lambda: layers.MultiHeadAttention(2, 3, dropout=0.2), _twice
    ),
    "Multiply": Recipe("vector", layers.Multiply, _two),
    "Normalization": Recipe("vector", lambda: layers.Normalization(mean=0.5, variance=2.0)),
    "Permute": Recipe("sequence", lambda: layers.Permute((2, 1))),
    "Pipeline": Recipe(
        "image", lambda: layers.Pipeline([layers.Rescaling(0.5), layers.CenterCrop(4, 4)])
    ),
    "RNN": Recipe("sequence", lambda: layers.RNN(layers.SimpleRNNCell(3), return_sequences=True)),
    "RandAugment": _raw("image", lambda: layers.RandAugment(UNIT)),
    "RandomBrightness": Recipe("image", lambda: layers.RandomBrightness(0.3, UNIT)),
    "RandomColorDegeneration": Recipe("image", lambda: layers.RandomColorDegeneration(0.5, UNIT)),
    "RandomColorJitter": _raw(
        "image", lambda: layers.RandomColorJitter(UNIT, 0.2, 0.2, 0.2, hue_factor=0.2)
    ),
    "RandomContrast": Recipe("image", lambda: layers.RandomContrast(0.3, UNIT)),
    "RandomCrop": Recipe(
        "image",
        lambda: layers.RandomCrop(5, 6),
        lambda layer, x: layers.GlobalMaxPooling2D()(layer(x)),
    ),
    "RandomElasticTransform": _raw(
        "image", lambda: layers.RandomElasticTransform(0.5, value_range=(0, 256)), _of_bytes
    ),
    "RandomErasing": _raw("image", lambda: layers.RandomErasing(0.5, value_range=UNIT)),
    "RandomFlip": Recipe("image", layers.RandomFlip),
    "RandomGaussianBlur": Recipe("image", lambda: layers.RandomGaussianBlur(value_range=UNIT)),
    "RandomGrayscale": Recipe("image", layers.RandomGrayscale),
    "RandomHue": _raw("image", lambda: layers.RandomHue(0.3, UNIT)),
    "RandomInvert": Recipe("image", lambda: layers.RandomInvert(value_range=UNIT)),
    "RandomPerspective": Recipe("image", layers.RandomPerspective),
    "RandomPosterization": _raw("image", lambda: layers.RandomPosterization(4, UNIT)),
    "RandomRotation": Recipe("image", lambda: layers.RandomRotation(0.3)),
    "RandomSaturation": _raw("image", lambda: layers.RandomSaturation(0.4, UNIT)),
    "RandomSharpness": Recipe("image", lambda: layers.RandomSharpness(0.4, UNIT)),
    "RandomShear": Recipe("image", lambda: layers.RandomShear(0.3, 0.3)),
    "RandomTranslation": Recipe("image", lambda: layers.RandomTranslation(0.3, 0.3)),
    "RandomZoom": Recipe("image", lambda: layers.RandomZoom(0.3)),
    "RepeatVector": Recipe("vector", lambda: layers.RepeatVector(3)),
    "Rescaling": Recipe("vector", lambda: layers.Rescaling(0.5, 0.1)),
    "Reshape": Recipe("vector", lambda: layers.Reshape((2, -1))),
    "Resizing": Recipe("image", lambda: layers.Resizing(5, 6)),
    "ReversibleEmbedding": _raw(
        "integers",
        lambda: layers.ReversibleEmbedding(6, 3),
        lambda layer, x: layer(layer(x), reverse=True),
    ),
    "STFTSpectrogram": _raw(
        "audio",
        lambda: layers.STFTSpectrogram(frame_length=16),
        lambda layer, x: layer(ops.expand_dims(x, -1)),
    ),
    "SeparableConv1D": Recipe("sequence", lambda: layers.SeparableConv1D(3, 2)),
    "SeparableConv2D": Recipe("image", lambda: layers.SeparableConv2D(2, 3)),
    "SimpleRNN": Recipe("sequence", lambda: layers.SimpleRNN(3)),
    "SimpleRNNCell": Recipe("sequence", lambda: layers.RNN(layers.SimpleRNNCell(3))),
    "Solarization": _raw("image", lambda: layers.Solarization(0.3, 0.3, UNIT)),
    "SpatialDropout1D": Recipe("sequence", lambda: layers.SpatialDropout1D(0.4)),
    "SpatialDropout2D": Recipe("image", lambda: layers.SpatialDropout2D(0.4)),
    "SpatialDropout3D": Recipe("volume", lambda: layers.SpatialDropout3D(0.4)),
    "SpectralNormalization": Recipe(
        "vector", lambda: layers.SpectralNormalization(layers.Dense(3))
    ),
    "StackedRNNCells": Recipe(
        "sequence",
        lambda: layers.RNN(layers.StackedRNNCells([layers.LSTMCell(3), layers.GRUCell(2)])),
    ),
    "StringLookup": _raw("text", lambda: layers.StringLookup(vocabulary=["one", "three"])),
    "Subtract": Recipe("vector", layers.Subtract, _two),
    "TextVectorization": _raw(
        "text",
        lambda: layers.TextVectorization(
            vocabulary=["one", "two", "three"], output_sequence_length=3
        ),
    ),
    "TimeDistributed": Recipe("sequence", lambda: layers.TimeDistributed(layers.Dense(3))),
}
UNUSABLE_LAYERS = {
    "Equalization": "is given and returns one symbolic tensor, of which no graph can be made",
    "FlaxLayer": "needs JAX",
    "InputLayer": "is in every model",
    "InputSpec": "is no layer",
    "JaxLayer": "needs JAX",
    "Layer": "is abstract",
    "MaxNumBoundingBoxes": "makes boxes, no tensor that a model could learn from",
    "TFSMLayer": "needs a SavedModel on disk, and can not be trained",
    "TorchModuleWrapper": "needs PyTorch",
    "Wrapper": "is abstract",
}
TEXT = "ragged, sparse or text"
SIZED = "the size of a tensor depends on a seed's values"
LAYERS_THAT_FALL_BACK: dict[str, str] = {
    "AugMix": "drawn from Python's random",
    "HashedCrossing": SIZED,
    "Hashing": SIZED,
    "IntegerLookup": "uses state that is no variable of the model",
    "RandAugment": SIZED,
    "RandomCrop": "models of different settings",
    "StringLookup": TEXT,
    "TextVectorization": TEXT,
}
LAYERS_THAT_FIT_REFUSES: dict[str, str] = {}


def layer_recipes() -> dict[str, Recipe | None]:
    """Return a recipe for every layer of Keras that a model can hold; None where none is known."""
    names = [name for name in public_classes(layers) if name not in UNUSABLE_LAYERS]
    recipes: dict[str, Recipe | None] = {
        name: RECIPES.get(name) or _tried(getattr(layers, name)) for name in names
    }
    return recipes | {name: recipe for name, recipe in RECIPES.items() if "," in name}


def layer_case(names: Sequence[str], recipes: dict[str, Recipe]) -> Case:
    """Return a model with a branch for each of some layers that take the same input."""
    kind = recipes[names[0]].kind
    data = INPUTS[kind]

    def build() -> keras.Model:
        x = keras.Input(data.shape[1:], dtype=data.dtype.name if kind != "text" else "string")
        branches = [recipes[name].branch(x) for name in names]
        y = layers.Concatenate()(branches) if len(branches) > 1 else branches[0]
        model = keras.Model(x, layers.Dense(1)(y))
        model.compile(keras.optimizers.SGD(0.05), "mse")
        return model

    falls_back = LAYERS_THAT_FALL_BACK.get(names[0]) if len(names) == 1 else None
    refused = LAYERS_THAT_FIT_REFUSES.get(names[0]) if len(names) == 1 else None
    return Case(
        name=" + ".join(names),
        build=build,
        x=data,
        y=TARGETS,
        falls_back=falls_back,
        refused=refused,
    )


def layer_groups(recipes: dict[str, Recipe]) -> Iterator[list[str]]:
    """Yield layers that can be branches of one model: those of an input kind that are fused."""
    alone = [*LAYERS_THAT_FALL_BACK, *LAYERS_THAT_FIT_REFUSES]
    for kind in INPUTS:
        fused = [n for n, recipe in recipes.items() if recipe.kind == kind and n not in alone]
        for first in range(0, len(fused), GROUP):
            yield fused[first : first + GROUP]
    yield from ([name] for name in alone)


def _tried(layer: type) -> Recipe | None:
    recipes = (Recipe(kind, layer) for kind in TRIED)
    return next(filter(_can_be_called, recipes), None)


def _can_be_called(recipe: Recipe) -> bool:
    try:
        recipe.branch(keras.Input(INPUTS[recipe.kind].shape[1:]))
    except Exception:
        return False
    return True
