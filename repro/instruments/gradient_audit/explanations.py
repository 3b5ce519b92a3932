"""Explain why a hand-written gradient differs: candidates, and the one that fits to rounding.

Each candidate is the whole gradient with one mistake in it, for all parameters at once. A
hypothesis is a candidate times a constant factor. The hypothesis that fits the most arrays
explains each array that it fits, so that one cause gets all of what it did; arrays that it leaves
are explained by the next.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from repro.instruments.gradient_audit.parameters import Array, Parameter
from repro.instruments.gradient_audit.stack import RIGHT, Alteration, DenseStack, Rule

NONE = "none"
BIAS_DECAY = "error replaced by the bias (weight decay)"
MASK = "a 0/1 mask in place of the activation"
PRE_ACTIVATION = "the pre-activation in place of the activation"
UPDATED_WEIGHTS = "errors passed back through the updated weights"
UNEXPLAINED = "unexplained"
NOT_COMPARED = "not compared"

_WORDS: dict[Rule, str] = {
    "missing": "activation derivative of {layers}",
    "twice": "activation derivative of {layers} twice",
    "at output": "activation derivative of {layers} taken at the output",
    "of input": "activation derivative of {layers}, its formula for the output taken at the input",
}
_AT_ZERO: dict[Rule, str] = {"1 at zero": "ReLU'(0) = 1", "1/2 at zero": "ReLU'(0) = 1/2"}


@dataclass(frozen=True)
class Candidate:
    """A gradient with one mistake in it, one array a parameter; None where it has none to offer."""

    label: str
    gradients: list[Array | None]
    is_rare: bool = False


@dataclass(frozen=True)
class Explanation:
    """The cause that explains one array, and others that would have given the same numbers."""

    factor: str
    also_fits: tuple[str, ...] = ()


def alterations(stack: DenseStack) -> Iterator[Alteration]:
    """List the mistakes that backpropagation through this stack can show on these data."""
    for rule, label in _WORDS.items():
        for layers in _subsets(stack.layers_showing(rule)):
            yield Alteration(label.format(layers=_in_words(layers)), dict.fromkeys(layers, rule))
    for layers in _subsets([k for k in stack.layers_showing("missing") if k > 1]):
        missing: dict[int, Rule] = dict.fromkeys(layers, "missing")
        right: dict[int, Rule] = dict.fromkeys(layers, "right")
        label = _WORDS["missing"].format(layers=_in_words(layers))
        yield Alteration(f"{label} in the errors passed back", passed=missing)
        yield Alteration(f"{label} in the update alone", missing, right)
    for rule, label in _AT_ZERO.items():
        if layers_at_zero := stack.layers_showing(rule):
            yield Alteration(label, dict.fromkeys(layers_at_zero, rule))
    yield Alteration(MASK, signal="mask")
    yield Alteration(PRE_ACTIVATION, signal="pre-activation")
    yield Alteration(UPDATED_WEIGHTS, updated_weights=True)
    yield from _mix_ups(stack)


def _mix_ups(stack: DenseStack) -> Iterator[Alteration]:
    """List arrays taken for others: transposed weights, another layer's signal, a single row."""
    square = stack.square_layers()
    for layers in _subsets(square):
        names = " and ".join(f"W{k}" for k in layers)
        yield Alteration(f"{names} in place of {names}.T", transposed=frozenset(layers))
    for k, j in stack.other_inputs():
        source = f"the output of layer {j}" if j else "x"
        label = f"{source} in place of the input of layer {k}"
        yield Alteration(label, inputs={k: stack.signals[j]})
    for k in range(1, len(stack.layers) + 1):
        yield Alteration(f"W{k} in place of the input of layer {k}", scaled=frozenset([k]))
    if len(stack.signals[0]) > 1:
        for row, name in ((0, "first"), (-1, "last")):
            yield Alteration(f"errors of the {name} row alone in the biases", bias_row=row)


def _subsets(layers: Sequence[int]) -> list[tuple[int, ...]]:
    """Each layer alone, all but the last, and all: where one mistake is usually made."""
    groups = [*((k,) for k in layers), tuple(layers[:-1]), tuple(layers)]
    return [group for group in dict.fromkeys(groups) if group]


def _in_words(layers: Sequence[int]) -> str:
    *first, last = map(str, layers)
    return f"layers {', '.join(first)} and {last}" if first else f"layer {last}"


def list_candidates(
    parameters: Sequence[Parameter],
    reference: Sequence[Array],
    stack: DenseStack | None,
    updated: Sequence[Array | None],
) -> list[Candidate]:
    """Return the right gradient first, then one candidate a mistake, in order of preference."""
    candidates = [Candidate(NONE, list(reference))]
    if any(p.kind == "bias" and p.value.any() for p in parameters):
        decay = [p.value if p.kind == "bias" else None for p in parameters]
        candidates.append(Candidate(BIAS_DECAY, decay))
    if stack is None:
        return candidates
    right = stack.gradients(RIGHT, updated)
    for alteration in alterations(stack):
        altered = stack.gradients(alteration, updated)
        # As a change of the reference, which may also hold penalties on the weights.
        gradients: list[Array | None] = [
            gradient + (altered[i] - right[i]) if i in altered else None
            for i, gradient in enumerate(reference)
        ]
        candidates.append(Candidate(alteration.label, gradients, alteration.is_mix_up))
    return candidates


@dataclass(frozen=True)
class _Hypothesis:
    """A candidate times a factor: whether it fits each array, and whether it acts there."""

    candidate: Candidate
    factor: float
    plain: Fraction | None
    fits: tuple[bool, ...]
    acts: tuple[bool, ...]
    rows: int

    @property
    def rank(self) -> tuple[int, bool, bool, bool]:
        # on an array or two, a rare mistake may fit by chance where a constant factor is enough
        is_usual = not self.candidate.is_rare
        return sum(self.fits), is_usual, self.plain == 1, self.plain is not None

    def words(self, row: int) -> str:
        """Name the cause and the factor for one array."""
        number = f"{self.factor:.6g}" if self.plain is None else str(self.plain)
        parts = [self.candidate.label] if self.acts[row] else []
        meaning = _meaning(self.plain, self.rows)
        parts += [f"factor {number}{meaning}"] if self.plain != 1 else []
        return ", ".join(parts) or NONE


def _meaning(factor: Fraction | None, rows: int) -> str:
    """Say what a factor comes of, if it is the number of rows or one over it."""
    if rows < 3 or factor is None:  # of two rows, the factor may be a squared error's 2
        return ""
    if factor == rows:
        return f": a sum in place of a mean over {rows} rows"
    return f": a mean over {rows} rows in place of a sum" if factor * rows == 1 else ""


def explain(
    implied: Sequence[Array | None],
    candidates: Sequence[Candidate],
    noise: Sequence[float],
    tolerance: float,
    rows: int = 0,
) -> list[Explanation]:
    """Explain each implied gradient by a candidate, to rounding.

    An array is fitted when the norm of what is left is within `tolerance` of the gradient's, plus
    `noise`, the rounding of the update itself. An array that is None is not compared. `rows` is the
    number of examples, by which a sum and a mean differ; 0 if it isn't known.
    """
    right = candidates[0].gradients
    hypotheses: list[_Hypothesis] = []
    for candidate in candidates:
        arrays = list(zip(implied, candidate.gradients, right, noise, strict=True))
        acts = tuple(not _equal(mistaken, true, tolerance, n) for _, mistaken, true, n in arrays)
        for factor, plain in _factors(implied, candidate, tolerance):
            fits = tuple(
                _equal(gradient, None if mistaken is None else factor * mistaken, tolerance, n)
                for gradient, mistaken, _, n in arrays
            )
            hypothesis = _Hypothesis(candidate, factor, plain, fits=fits, acts=acts, rows=rows)
            hypotheses.append(hypothesis)
    return [_best(hypotheses, row, gradient) for row, gradient in enumerate(implied)]


def _best(hypotheses: Sequence[_Hypothesis], row: int, gradient: Array | None) -> Explanation:
    """Choose for one array; the first hypothesis is that the gradient is right."""
    if gradient is None:
        return Explanation(NOT_COMPARED)
    fitting = [hypothesis for hypothesis in hypotheses if hypothesis.fits[row]]
    if not fitting:
        return Explanation(UNEXPLAINED)
    if hypotheses[0].fits[row]:
        return Explanation(NONE)
    best = max(fitting, key=lambda hypothesis: hypothesis.rank)
    words = best.words(row)
    others = {h.words(row): None for h in fitting if h.rank == best.rank and h.words(row) != words}
    return Explanation(words, tuple(others))


def _equal(a: Array | None, b: Array | None, tolerance: float, noise: float) -> bool:
    """Return whether both are known and equal to rounding."""
    if a is None or b is None:
        return False
    size = max(np.linalg.norm(a), np.linalg.norm(b))
    return bool(np.linalg.norm(a - b) <= tolerance * size + noise)


def _factors(
    implied: Sequence[Array | None], candidate: Candidate, tolerance: float
) -> list[tuple[float, Fraction | None]]:
    """Return factors worth trying with a candidate, 1 first: those that single arrays suggest.

    Some number fits any array with a single entry, so that such an array suggests simple
    fractions only; so do candidates with a mistake in them.
    """
    is_right = candidate.label == NONE
    factors: dict[Fraction | str, tuple[float, Fraction | None]] = {Fraction(1): (1.0, Fraction(1))}
    for gradient, mistaken in zip(implied, candidate.gradients, strict=True):
        if gradient is None or mistaken is None or not mistaken.any():
            continue
        factor = float((gradient * mistaken).sum() / (mistaken**2).sum())
        plain = _simple_fraction(factor, tolerance)
        if plain is not None and (is_right or plain != 0):
            factors.setdefault(plain, (float(plain), plain))
        elif is_right and np.count_nonzero(mistaken) > 1:
            factors.setdefault(f"{factor:.6g}", (factor, None))
    return list(factors.values())


def _simple_fraction(value: float, tolerance: float) -> Fraction | None:
    """Return the fraction m/n with m or n at most 12 that a number equals, if it does."""
    if value == 0.0:
        return Fraction(0)
    if not sys.float_info.min < abs(value) < np.inf:  # as of an update that overflowed
        return None
    for power in (1, -1):
        fraction = Fraction(value**power).limit_denominator(12)
        if fraction and abs(float(fraction) - value**power) <= tolerance * abs(value**power):
            return fraction**power
    return None
