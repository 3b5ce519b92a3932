"""Thread 001 as posted: a 3-30-1 network on random data, in numpy, to try three ReLU'(0).

What does not run as posted is repaired; each repair can be left out.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

N, D_in, H, D_out = 4, 2, 30, 1
DERIVATIVE = {"zero": 0.0, "half": 0.5, "one": 1.0}

Floats = NDArray[np.floating[Any]]
Parameters = tuple[Floats, Floats]
Repair = Literal["none", "all", "np", "brackets", "keep_x", "d_out", "grad_h", "seed_first"]


class Start(NamedTuple):
    """The start of a run of the snippet: x (N, D_in + 1), y (N, D_out) and its weights."""

    x: Floats
    y: Floats
    w1: Floats
    w2: Floats


def posted_data(rng: np.random.RandomState, lacking: str = "none") -> tuple[Floats, Floats]:
    """Return x (N, D_in + 1), its last column the bias's ones, and y (N, D_out).

    Args:
        rng: `numpy.random` in the thread.
        lacking: the repair that is not made, one of `Repair`; `all` leaves the lines as posted.

    Raises:
        NameError: lacking `np`: the ones are to come from a module `no`.
        TypeError: lacking `brackets`: `np.c_` is indexed, not called.
    """

    def lacks(repair: str) -> bool:
        return lacking in (repair, "all")

    x = rng.randn(N, D_in)
    ones = no.ones(x.shape[0]) if lacks("np") else np.ones(x.shape[0])  # type: ignore  # noqa: F821
    x = np.c_(x, ones) if lacks("brackets") else np.c_[x, ones]  # type: ignore
    y = rng.randn(N, D_in if lacks("d_out") else D_out)
    if lacks("keep_x"):
        x = y
    return x, y


def activate(h: Floats, activation: str = "relu", kink: float = 0.0) -> Floats:
    """Return the hidden units' outputs, of sigmoid or max(h, kink)."""
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-h))
    return np.maximum(h, h.dtype.type(kink))


def posted_step(
    parameters: Parameters,
    x: Floats,
    y: Floats,
    *,
    activation: str = "relu",
    at_zero: str = "one",
    backward: str = "multiply",
    lacking: str = "none",
    kink: float = 0.0,
    learning_rate: float = 0.002,
    product: Callable[[Floats, Floats], Floats] = np.dot,
) -> Parameters:
    """Return w1 (D_in + 1, H) and w2 (H, D_out) after one iteration of the snippet's loop.

    Args:
        parameters: w1 and w2 before; left as they are.
        x: inputs with the bias's column.
        y: targets.
        activation: of the hidden layer.
        at_zero: which of the snippet's three lines is not commented out.
        backward: `assign` is the line for 1/2 as posted: 0.5 takes the gradient's place;
            `left_out` has none of these lines; `sigmoid` has the line of a sigmoid network, which
            takes the derivative from the outputs, whatever the activation is.
        lacking: `grad_h` leaves the line for 0 as posted: it names an array that isn't there.
        kink: the question's max(e, x) in place of max(0, x).
        learning_rate: step size.
        product: the matrix product.

    Raises:
        NameError: lacking `grad_h` with `at_zero="zero"`.
        ValueError: for x or y of a wrong width, as `posted_data` makes them lacking a repair.
    """
    w1, w2 = parameters
    h = product(x, w1)
    h_relu = activate(h, activation, kink)
    y_pred = product(h_relu, w2)

    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = product(h_relu.T, grad_y_pred)
    grad_h_relu = product(grad_y_pred, w2.T)
    grad_h = grad_h_relu.copy()
    if at_zero == "zero" and lacking in ("grad_h", "all"):
        grad[h <= kink] = 0  # type: ignore  # noqa: F821
    if backward == "sigmoid" or (activation, backward) == ("sigmoid", "multiply"):
        grad_h *= h_relu * (1 - h_relu)
    elif backward != "left_out":
        grad_h[h < kink] = 0
        if backward == "assign":
            grad_h[h == kink] = DERIVATIVE[at_zero]
        else:
            grad_h[h == kink] *= DERIVATIVE[at_zero]
    grad_w1 = product(x.T, grad_h)
    return w1 - learning_rate * grad_w1, w2 - learning_rate * grad_w2


def train_posted(
    start: Start, steps: int = 200, **options: Any
) -> tuple[Parameters, list[np.floating[Any]], int]:
    """Return the trained weights, the loss before each step, and the zeros met; `posted_step`."""
    x, y, w1, w2 = start
    product, kink = options.get("product", np.dot), options.get("kink", 0.0)
    activation = options.get("activation", "relu")
    losses, zeros = [], 0
    for _ in range(steps):
        h = product(x, w1)
        y_pred = product(activate(h, activation, kink), w2)
        losses.append(np.square(y_pred - y).sum())
        zeros += int((h == h.dtype.type(kink)).sum())
        w1, w2 = posted_step((w1, w2), x, y, **options)
    return (w1, w2), losses, zeros


def attempt(
    rng: np.random.RandomState, lacking: str, steps: int, **options: Any
) -> np.floating[Any] | None:
    """Run the snippet without a repair; return its last loss, or None where a line raises."""
    try:
        start = Start(*posted_data(rng, lacking), rng.randn(D_in + 1, H), rng.randn(H, D_out))
        _, losses, _ = train_posted(start, steps, lacking=lacking, **options)
    except (NameError, TypeError, ValueError):
        return None
    return losses[-1]
