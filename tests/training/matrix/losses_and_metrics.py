"""The tables of losses and metrics: the targets that each takes, and its arguments."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, losses, metrics

from tests.training.matrix.cases import INPUTS, N, public_classes
from tests.training.matrix.compare import Case

GROUP = 6
CLASSES = np.random.default_rng(4).integers(0, 3, N)
TARGETS = {
    "number": (np.random.default_rng(5).uniform(0.1, 1, (N, 3)).astype("float32"), 3, "softplus"),
    "one-hot": (np.eye(3, dtype="float32")[CLASSES], 3, "softmax"),
    "class": (CLASSES, 3, "softmax"),
    "yes or no": ((CLASSES > 0).astype("float32")[:, None], 1, "sigmoid"),
    "sign": (np.where(CLASSES > 0, 1.0, -1.0).astype("float32")[:, None], 1, "tanh"),
}


@dataclass(frozen=True)
class Recipe:
    """What a loss or metric is made of.

    Attributes:
        targets: one of `TARGETS`.
        make: returns it.
    """

    targets: str
    make: Callable[[], Any]


LOSSES = {
    "BinaryCrossentropy": Recipe("yes or no", losses.BinaryCrossentropy),
    "BinaryCrossentropy, smoothed": Recipe(
        "yes or no", lambda: losses.BinaryCrossentropy(label_smoothing=0.1)
    ),
    "BinaryFocalCrossentropy": Recipe("yes or no", losses.BinaryFocalCrossentropy),
    "CategoricalCrossentropy": Recipe("one-hot", losses.CategoricalCrossentropy),
    "CategoricalCrossentropy, summed": Recipe(
        "one-hot", lambda: losses.CategoricalCrossentropy(reduction="sum")
    ),
    "CategoricalFocalCrossentropy": Recipe("one-hot", losses.CategoricalFocalCrossentropy),
    "CategoricalGeneralizedCrossEntropy": Recipe(
        "class", losses.CategoricalGeneralizedCrossEntropy
    ),
    "CategoricalHinge": Recipe("one-hot", losses.CategoricalHinge),
    "Circle": Recipe("class", lambda: losses.Circle(gamma=2.0)),
    "Dice": Recipe("one-hot", losses.Dice),
    "Hinge": Recipe("sign", losses.Hinge),
    "KLDivergence": Recipe("one-hot", losses.KLDivergence),
    "MeanSquaredError, weighted mean": Recipe(
        "number", lambda: losses.MeanSquaredError(reduction="mean_with_sample_weight")
    ),
    "SparseCategoricalCrossentropy": Recipe("class", losses.SparseCategoricalCrossentropy),
    "SparseCategoricalCrossentropy, ignoring": Recipe(
        "class", lambda: losses.SparseCategoricalCrossentropy(ignore_class=1)
    ),
    "SquaredHinge": Recipe("sign", losses.SquaredHinge),
    "Tversky": Recipe("one-hot", losses.Tversky),
}
UNUSABLE_LOSSES = {"Loss": "is abstract", "CTC": "is in test_kinds.py"}
METRICS = {
    "AUC": Recipe("yes or no", metrics.AUC),
    "AUC, by label": Recipe("one-hot", lambda: metrics.AUC(multi_label=True, num_labels=3)),
    "Accuracy": Recipe("number", metrics.Accuracy),
    "BinaryAccuracy": Recipe("yes or no", metrics.BinaryAccuracy),
    "BinaryCrossentropy": Recipe("yes or no", metrics.BinaryCrossentropy),
    "BinaryIoU": Recipe("yes or no", lambda: metrics.BinaryIoU(threshold=0.5)),
    "CategoricalAccuracy": Recipe("one-hot", metrics.CategoricalAccuracy),
    "CategoricalCrossentropy": Recipe("one-hot", metrics.CategoricalCrossentropy),
    "CategoricalHinge": Recipe("one-hot", metrics.CategoricalHinge),
    "F1Score": Recipe("one-hot", metrics.F1Score),
    "FBetaScore": Recipe("one-hot", lambda: metrics.FBetaScore(beta=2.0, threshold=0.4)),
    "FalseNegatives": Recipe("yes or no", metrics.FalseNegatives),
    "FalsePositives": Recipe("yes or no", metrics.FalsePositives),
    "Hinge": Recipe("sign", metrics.Hinge),
    "IoU": Recipe("class", lambda: metrics.IoU(3, [0, 2], sparse_y_pred=False)),
    "KLDivergence": Recipe("one-hot", metrics.KLDivergence),
    "MeanIoU": Recipe("class", lambda: metrics.MeanIoU(3, sparse_y_pred=False)),
    "MeanMetricWrapper": Recipe(
        "number", lambda: metrics.MeanMetricWrapper(losses.mean_squared_error, "wrapped")
    ),
    "OneHotIoU": Recipe("one-hot", lambda: metrics.OneHotIoU(3, [0, 2])),
    "OneHotMeanIoU": Recipe("one-hot", lambda: metrics.OneHotMeanIoU(3)),
    "Precision": Recipe("yes or no", metrics.Precision),
    "Precision, a vector": Recipe(
        "yes or no", lambda: metrics.Precision(thresholds=[0.3, 0.5, 0.6])
    ),
    "PrecisionAtRecall": Recipe("yes or no", lambda: metrics.PrecisionAtRecall(0.5)),
    "Recall": Recipe("yes or no", metrics.Recall),
    "Recall, of the best": Recipe("one-hot", lambda: metrics.Recall(top_k=2, class_id=1)),
    "RecallAtPrecision": Recipe("yes or no", lambda: metrics.RecallAtPrecision(0.5)),
    "SensitivityAtSpecificity": Recipe("yes or no", lambda: metrics.SensitivityAtSpecificity(0.5)),
    "SparseCategoricalAccuracy": Recipe("class", metrics.SparseCategoricalAccuracy),
    "SparseCategoricalCrossentropy": Recipe("class", metrics.SparseCategoricalCrossentropy),
    "SparseTopKCategoricalAccuracy": Recipe(
        "class", lambda: metrics.SparseTopKCategoricalAccuracy(2)
    ),
    "SpecificityAtSensitivity": Recipe("yes or no", lambda: metrics.SpecificityAtSensitivity(0.5)),
    "SquaredHinge": Recipe("sign", metrics.SquaredHinge),
    "TopKCategoricalAccuracy": Recipe("one-hot", lambda: metrics.TopKCategoricalAccuracy(2)),
    "TrueNegatives": Recipe("yes or no", metrics.TrueNegatives),
    "TruePositives": Recipe("yes or no", metrics.TruePositives),
}
UNUSABLE_METRICS = {
    "Metric": "is abstract",
    "Mean": "takes values, not targets and outputs",
    "Sum": "takes values, not targets and outputs",
}
FALL_BACK: dict[str, str] = {}
LOSS_OF = {
    "number": "mse",
    "one-hot": "categorical_crossentropy",
    "class": "sparse_categorical_crossentropy",
    "yes or no": "binary_crossentropy",
    "sign": "hinge",
}


def loss_recipes() -> dict[str, Recipe]:
    """Return a recipe for every loss; one without takes numbers."""
    return _recipes(losses, UNUSABLE_LOSSES, LOSSES)


def metric_recipes() -> dict[str, Recipe]:
    """Return a recipe for every metric; one without takes numbers."""
    return _recipes(metrics, UNUSABLE_METRICS, METRICS)


def groups(recipes: dict[str, Recipe]) -> Iterator[list[str]]:
    """Yield what can be of one model, then one by one what falls back."""
    fused = [name for name in recipes if name not in FALL_BACK]
    for first in range(0, len(fused), GROUP):
        yield fused[first : first + GROUP]
    yield from ([name] for name in recipes if name in FALL_BACK)


def losses_case(names: Sequence[str], recipes: dict[str, Recipe]) -> Case:
    """Return a model with an output for each loss."""
    kinds = [recipes[name].targets for name in names]
    return _case(names, kinds, lambda: {"loss": [recipes[name].make() for name in names]})


def metrics_case(names: Sequence[str], recipes: dict[str, Recipe]) -> Case:
    """Return a model with an output for each kind of target, with all metrics for it."""
    kinds = sorted({recipes[name].targets for name in names})

    def compiled() -> dict[str, Any]:
        own = [[recipes[n].make() for n in names if recipes[n].targets == kind] for kind in kinds]
        return {"loss": [LOSS_OF[kind] for kind in kinds], "metrics": own}

    return _case(names, kinds, compiled)


def _case(names: Sequence[str], kinds: Sequence[str], compiled: Callable[[], Any]) -> Case:
    def build() -> keras.Model:
        x = keras.Input((8,))
        hidden = layers.Dense(6, "tanh")(x)
        outputs = [layers.Dense(*TARGETS[kind][1:])(hidden) for kind in kinds]
        model = keras.Model(x, outputs if len(outputs) > 1 else outputs[0])
        arguments = compiled()
        if len(outputs) == 1:
            arguments = {name: value[0] for name, value in arguments.items()}
        model.compile(keras.optimizers.SGD(0.05), **arguments)
        return model

    targets = [TARGETS[kind][0] for kind in kinds]
    return Case(
        name=" + ".join(names),
        build=build,
        x=INPUTS["vector"],
        y=targets if len(targets) > 1 else targets[0],
        falls_back=FALL_BACK.get(names[0]) if len(names) == 1 else None,
    )


def _recipes(module: Any, unusable: dict[str, str], table: dict[str, Recipe]) -> dict[str, Recipe]:
    names = [name for name in public_classes(module) if name not in unusable]
    tried = {name: Recipe("number", getattr(module, name)) for name in names}
    return tried | table
