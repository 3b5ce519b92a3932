"""Compare the gradients that a step implies with the true ones, array by array."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from repro.instruments.gradient_audit.explanations import explain, list_candidates
from repro.instruments.gradient_audit.parameters import Array, Parameter
from repro.instruments.gradient_audit.stack import DenseStack
from repro.instruments.gradient_audit.update import Update

READABLE = 0.01  # of an update: the most that rounding may be, for the update to be compared
COMPARED = {"ok", "kink"}
UNMOVED = "The step moved none of the arrays: does it return the new ones?"
GRADIENTS = "The step returned the gradient; it is to return old - learning_rate * gradient."
ALIKE = "All have one factor: is the step's learning rate, or its loss, another one than stated?"
FACTOR = re.compile(r"factor [\d./e+]+$")
NOTES = {
    "kink": "the loss has a kink here (ReLU at 0); TensorFlow takes one of its slopes",
    "unconfirmed": "central differences contradict TensorFlow, so nothing is compared with it",
    "lost in rounding": "the update is too small beside the parameter to be read back",
    "missing": "the step returned no such array",
    "not numeric": "the step returned something else than an array of real numbers",
    "shape changed": "the step returned another shape",
    "not finite": "the step returned NaN or infinity",
}


def comparison_status(update: Update, true: Array, confirmation: str) -> str:
    """Return "ok", or the word that says why an update can't be compared with the true gradient."""
    if update.implied is None or confirmation == "unconfirmed":
        return confirmation if update.implied is not None else update.status
    size = max(np.linalg.norm(update.implied), np.linalg.norm(true))
    return "lost in rounding" if update.noise > READABLE * size > 0 else confirmation


def remarks(
    table: pd.DataFrame, updates: Sequence[Update], reference: Sequence[Array]
) -> list[str]:
    """Return what all arrays together show of the step."""
    if (table["norm_ratio"] == 0).all():
        return [UNMOVED]
    if all(map(_is_gradient, updates, reference)) and any(map(np.any, reference)):
        return [GRADIENTS]
    factors = set(table["missing_factor"])
    return [ALIKE] if len(table) > 1 and len(factors) == 1 and FACTOR.match(*factors) else []


def _is_gradient(update: Update, true: Array) -> bool:
    rounding = float(np.sqrt(update.epsilon))
    return update.updated is not None and np.allclose(update.updated, true, rounding, rounding**2)


def tabulate(
    parameters: Sequence[Parameter],
    reference: Sequence[Array],
    updates: Sequence[Update],
    *,
    statuses: Sequence[str],
    stack: DenseStack | None,
    rows: int,
) -> pd.DataFrame:
    """Compare what can be compared, and explain the differences: one row per parameter array."""
    implied = [
        update.implied if status in COMPARED else None
        for update, status in zip(updates, statuses, strict=True)
    ]
    candidates = list_candidates(parameters, reference, stack, [u.updated for u in updates])
    # Half of the digits of the step's arithmetic: what rounding in sums of products leaves.
    tolerance = float(np.sqrt(max(update.epsilon for update in updates)))
    noise = [update.noise for update in updates]
    explained = explain(implied, candidates, noise, tolerance, rows=rows)
    columns = zip(parameters, implied, reference, explained, statuses, strict=True)
    return pd.DataFrame(
        {
            "layer": parameter.layer,
            "parameter": parameter.name,
            "kind": parameter.kind,
            **_compare(gradient, true),
            "missing_factor": explanation.factor,
            "also_fits": "; ".join(explanation.also_fits),
            "status": status,
        }
        for parameter, gradient, true, explanation, status in columns
    )


def _compare(implied: Array | None, true: Array) -> dict[str, float]:
    """Return cosine, relative error and ratio of norms; NaN where there is nothing to compare."""
    if implied is None:
        return dict.fromkeys(("cosine", "relative_error", "norm_ratio"), float("nan"))
    length, error = float(np.linalg.norm(implied)), float(np.linalg.norm(implied - true))
    true_length = float(np.linalg.norm(true))
    directed = length > 0 and true_length > 0
    cosine = float((implied / length * (true / true_length)).sum()) if directed else float("nan")
    if true_length == 0:  # a dead layer: right if it isn't moved
        return {
            "cosine": cosine,
            "relative_error": float("inf") if length else 0.0,
            "norm_ratio": float("inf") if length else float("nan"),
        }
    return {
        "cosine": cosine,
        "relative_error": error / true_length,
        "norm_ratio": length / true_length,
    }
