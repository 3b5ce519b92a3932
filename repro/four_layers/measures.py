"""What is measured of thread 004: accuracy, dead units, and where the posted step points."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.four_layers.posted import WIDTHS, Floats
from repro.four_layers.rebuilt import Design, rule_of
from repro.four_layers.steps import after_own_step, deltas, forward

if TYPE_CHECKING:
    from repro.four_layers import loop as compiled

RECOGNIZED = 0.05  # of a digit's test images; below that the digit is missing


class Digits(NamedTuple):
    """A data set as it is learned, classified and looked at."""

    images: NDArray[np.uint8]  # (n, 28, 28), to learn …
    labels: NDArray[np.uint8]  # (n,)
    train: "compiled.Images"  # … the same, by inked pixels
    test: "compiled.Images"
    few: "compiled.Images"  # the first 500 of the test images, for curves
    inputs: Floats  # (100, 784), the first of the test images, for gradients
    targets: Floats  # (100, 10)


class History(NamedTuple):
    """What is left of one seed's training: the network, and one row a logged step, from step 0."""

    layers: "tuple[compiled.Layer, ...]"
    curve: pd.DataFrame
    online_accuracy: float
    diverged: bool


def measure(
    design: Design, digits: Digits, history: History, learned_above: float
) -> dict[str, float | str]:
    """Return one seed's final metrics and status.

    Metrics, as shares unless stated otherwise:

        test_accuracy: of the data set's test images.
        online_accuracy: of the images learned, each classified just before it was learned.
        learned: 0/1, test accuracy above `learned_above`.
        missing_digits: number of digits of which less than `RECOGNIZED` is classified right.
        died: 0/1, in some layer no unit has a slope for any test image, so that errors end there.
        dead_fraction_first, _second, _output: units of that layer without a slope for any test
            image.
        cosine_first, _second; length_ratio_first, _second: as of `look`, means over logged steps.
        overshoot_at_start, signal_ratio_at_start: as of `look`, before training.

    A run is `diverged` if an output is not finite; from then on it learns nothing and classifies
    nothing right online. Its test accuracy is what `numpy.argmax` makes of its outputs.
    """
    correct, dead = classify(design, digits.test, history.layers)
    accuracy = float(correct.mean())
    recognized = pd.Series(correct).groupby(digits.test.label).mean()
    names = ("cosine_first", "cosine_second", "length_ratio_first", "length_ratio_second")
    return {
        "test_accuracy": accuracy,
        "online_accuracy": history.online_accuracy,
        "learned": int(accuracy > learned_above),
        "missing_digits": int((recognized < RECOGNIZED).sum()),
        "died": int(max(dead) == 1),
        "dead_fraction_first": dead[0],
        "dead_fraction_second": dead[1],
        "dead_fraction_output": dead[2],
        **{name: history.curve[name].mean() for name in names},
        "overshoot_at_start": history.curve.overshoot[0],
        "signal_ratio_at_start": history.curve.signal_ratio[0],
        "status": "diverged" if history.diverged else "ok",
    }


def classify(
    design: Design, images: "compiled.Images", layers: "tuple[compiled.Layer, ...]"
) -> tuple[NDArray[np.bool_], list[float]]:
    """Return whether each image is classified right, (n,), and each layer's share of dead units."""
    from repro.four_layers.loop import evaluate

    correct = np.zeros(len(images.label), bool)
    alive = tuple(np.zeros(len(layer.bias), bool) for layer in layers)
    evaluate(layers, images, rule_of(design), correct, alive)
    units = [a.reshape(count, -1).any(axis=1) for a, count in zip(alive, WIDTHS[1:], strict=True)]
    return correct, [float(1 - u.mean()) for u in units]


def look(design: Design, digits: Digits, layers: "tuple[compiled.Layer, ...]") -> dict[str, float]:
    """Look at a network between two steps.

    Returns:
        test_accuracy, dead_fraction_first, dead_fraction_second: on the `few` test images.
        cosine_first, cosine_second: of the angle between the step that the posted code would take
            with the weights into that hidden layer and the one along the gradient; mean over the
            test images in `inputs` that give both.
        length_ratio_first, length_ratio_second: median of their lengths' ratio, posted to true.
        overshoot: share of these images whose error grows when the network, as it is trained,
            learns that very image (without momentum).
        signal_ratio: median length of the gradient with respect to the first layer's weighted
            sums, as a share of that with respect to the output's.
    """
    correct, (first, second, _) = classify(design, digits.few, layers)
    with np.errstate(all="ignore"):  # of a network that has diverged
        inputs, slopes = forward(design, layers, digits.inputs)
        errors = digits.targets - inputs[-1]
        posted, true = (
            deltas(design, layers, slopes, errors, mended=m) for m in ((False,) * 2, (True,) * 2)
        )
        own = deltas(design, layers, slopes, errors, mended=design.mended)
        after = digits.targets - after_own_step(design, layers, inputs[0], own)
        lengths = [_length(t) for t in true]
        figures = {
            "cosine_first": _mean(_cosine(posted[0], true[0])),
            "cosine_second": _mean(_cosine(posted[1], true[1])),
            "length_ratio_first": _median(_length(posted[0]) / lengths[0]),
            "length_ratio_second": _median(_length(posted[1]) / lengths[1]),
            "overshoot": float(np.mean(~(_length(after) <= _length(errors)))),
            "signal_ratio": _median(lengths[0] / lengths[2]),
        }
    dead = {"dead_fraction_first": first, "dead_fraction_second": second}
    return {"test_accuracy": float(correct.mean())} | dead | figures


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
