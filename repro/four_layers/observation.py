"""Observe thread 004's network while it learns: accuracy, dead units, the posted step."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from repro.four_layers.digits import Digits
from repro.four_layers.posted import WIDTHS, Floats
from repro.four_layers.rebuilt import rule_of
from repro.four_layers.settings import Settings
from repro.four_layers.steps import after_own_step, deltas, forward

if TYPE_CHECKING:
    from repro.four_layers import loop as compiled


def observe(
    settings: Settings, digits: Digits, layers: "tuple[compiled.Layer, ...]"
) -> dict[str, float]:
    """Observe a network between two steps.

    Returns:
        test_accuracy, dead_fraction_first, dead_fraction_second: on the `glanced` test images.
        cosine_first, cosine_second: of the angle between the step that the posted code would take
            with the weights into that hidden layer and the one along the gradient; mean over the
            test images in `inputs` that give both.
        length_ratio_first, length_ratio_second: median of their lengths' ratio, posted to true.
        overshoot: share of these images whose error grows when the network, as it is trained,
            learns that very image (without momentum).
        signal_ratio: median length of the gradient with respect to the first layer's weighted
            sums, as a share of that with respect to the output's.
    """
    correct, dead, _ = classify(settings, digits.glanced, layers)
    with np.errstate(all="ignore"):  # of a network that has diverged
        directions = _directions(settings, digits, layers)
    return {
        "test_accuracy": float(correct.mean()),
        "dead_fraction_first": dead[0],
        "dead_fraction_second": dead[1],
        **directions,
    }


def _directions(
    settings: Settings, digits: Digits, layers: "tuple[compiled.Layer, ...]"
) -> dict[str, float]:
    inputs, slopes = forward(settings, layers, digits.inputs)
    errors = digits.targets - inputs[-1]
    posted, true, own = (
        deltas(settings, layers, slopes, errors, mended=mended)
        for mended in ((False, False), (True, True), settings.mended)
    )
    errors_then = digits.targets - after_own_step(settings, layers, inputs, own)
    lengths = [_length(t) for t in true]
    return {
        "cosine_first": _mean(_cosine(posted[0], true[0])),
        "cosine_second": _mean(_cosine(posted[1], true[1])),
        "length_ratio_first": _median(_length(posted[0]) / lengths[0]),
        "length_ratio_second": _median(_length(posted[1]) / lengths[1]),
        "overshoot": float(np.mean(~(_length(errors_then) <= _length(errors)))),
        "signal_ratio": _median(lengths[0] / lengths[2]),
    }


def classify(
    settings: Settings, images: "compiled.Images", layers: "tuple[compiled.Layer, ...]"
) -> tuple[NDArray[np.bool_], list[float], float]:
    """Return whether each image is classified right, (n,), and two more things.

    These are each layer's share of dead units, and the mean squared error of an output.
    """
    from repro.four_layers.loop import evaluate

    correct = np.zeros(len(images.label), bool)
    alive = tuple(np.zeros(len(layer.bias), bool) for layer in layers)
    squares = np.zeros(len(correct))
    evaluate(layers, images, rule_of(settings), correct=correct, alive=alive, squares=squares)
    units = [a.reshape(count, -1).any(axis=1) for a, count in zip(alive, WIDTHS[1:], strict=True)]
    return correct, [float(1 - u.mean()) for u in units], float(squares.mean() / WIDTHS[-1])


def _length(vectors: Floats) -> Floats:
    return np.sqrt(np.sum(vectors**2, axis=1))


def _cosine(a: Floats, b: Floats) -> Floats:
    return np.sum(a * b, axis=1) / (_length(a) * _length(b))


def _mean(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else np.nan


def _median(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else np.nan
