"""Look for exact zeros in a network, and for what ReLU'(0) does to its gradients there."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repro.relu_at_zero.precision import Floats, Precision
from repro.relu_at_zero.random_mlp import STANDARD, AtZero, Gradients, Network, backward, forward


@dataclass(frozen=True)
class Scan:
    """Findings of one network on its minibatches.

    Attributes:
        minibatches: number of them looked at; a scan ends with the first whose gradients differ.
        preactivations: inputs of hidden units looked at.
        zeros: number of those that were exactly zero.
        rounding_zeros: number of these that are not zero in more exact arithmetic.
        differs: the first layer's weight gradient is not that of ReLU'(0) = 0.
        differs_anywhere: some layer's weight or bias gradient is not.
        change: Euclidean norm of the first layer's difference over that of its gradient with
            ReLU'(0) = 0, largest over the minibatches.
    """

    minibatches: int
    preactivations: int
    zeros: int
    rounding_zeros: int
    differs: bool
    differs_anywhere: bool
    change: float


def scan_network(
    network: Network,
    minibatches: Iterable[tuple[Floats, NDArray[np.integer[Any]]]],
    precision: Precision,
    at_zero: AtZero,
    *,
    accumulated: bool = False,
) -> Scan:
    """Look for exact zeros, and compare gradients where there are any.

    Without an exact zero the two gradients are the same computation, so they are computed for sums
    alone, and once.

    Args:
        network: from `draw`.
        minibatches: pairs of inputs (n, inputs) of the precision's dtype, and labels (n,).
        precision: what each layer is rounded to.
        at_zero: what is compared with ReLU'(0) = 0.
        accumulated: compare the first layer's sums of gradients over the minibatches so far, each
            sum rounded, in place of each minibatch's gradients.
    """
    scanned = preactivations = zeros = rounding = 0
    differs, anywhere, change = False, False, 0.0
    sums = None
    for x, y in minibatches:
        inputs, units = forward(network, x, precision)
        hidden = inputs[:-1]
        scanned += 1
        preactivations += sum(h.size for h in hidden)
        new_zeros = sum(int(np.count_nonzero(h == 0)) for h in hidden)
        if not (new_zeros or accumulated):
            continue
        zeros += new_zeros
        rounding += _rounding_zeros(network, hidden, units)
        passed = partial(backward, network, inputs, units, y=y, precision=precision)
        ours = passed(at_zero=at_zero)
        pair = [ours, passed(at_zero=STANDARD) if new_zeros else ours]
        anywhere |= _differ(*pair)
        compared = _first_weights(pair, sums, precision)
        sums = compared if accumulated else None
        change = float(np.maximum(change, relative_change(*compared)))  # NaN stays NaN
        differs = bool(np.any(compared[0] != compared[1]))
        if differs:
            break
    return Scan(
        minibatches=scanned,
        preactivations=preactivations,
        zeros=zeros,
        rounding_zeros=rounding,
        differs=differs,
        differs_anywhere=anywhere,
        change=change,
    )


def relative_change(ours: Floats, reference: Floats) -> float:
    """Return the Euclidean norm of the difference over that of the reference.

    0 where both are equal, NaN where one is not finite.
    """
    if not (np.isfinite(ours).all() and np.isfinite(reference).all()):
        return np.nan
    difference = np.linalg.norm(ours.astype(float) - reference)
    return float(difference / np.linalg.norm(reference.astype(float))) if difference else 0.0


def _first_weights(
    pair: list[Gradients], sums: list[Floats] | None, precision: Precision
) -> list[Floats]:
    """Return both gradients of the first layer's weights, added to their sums if there are."""
    gradients = [gradient[0][0] for gradient in pair]
    if sums is None:
        return gradients
    return [precision.rounded(a + b) for a, b in zip(sums, gradients, strict=True)]


def _differ(ours: Gradients, reference: Gradients) -> bool:
    pairs = zip(ours, reference, strict=True)
    return any(np.any(u != v) for a, b in pairs for u, v in zip(a, b, strict=True))


def _rounding_zeros(network: Network, hidden: list[Floats], units: list[Floats]) -> int:
    """Zeros whose sum is not zero in extended precision (80 bits where the machine has them)."""
    count = 0
    for (weights, biases), h, values in zip(network, hidden, units, strict=False):
        rows, columns = np.nonzero(h == 0)
        exact = biases[columns].astype(np.longdouble)
        fed = np.count_nonzero(values, axis=1)[rows] > 0  # behind a layer that is off, no row is
        exact[fed] += np.einsum(
            "ij,ij->i",
            values[rows[fed]].astype(np.longdouble),
            weights.T[columns[fed]].astype(np.longdouble),
        )
        count += int(np.count_nonzero(exact))
    return count
