"""From symptoms to causes: which cause accounts for which symptoms, in sentences with the numbers.

Causes stand in the order of the chain: data, labels, network, start, steps. The first one that is
present accounts for the symptoms downstream.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from repro.instruments.diagnose.symptoms.definitions import FAILURES, Symptom


@dataclass(frozen=True)
class Cause:
    """A cause, symptoms that point at it, how it does harm, and what speaks against it."""

    title: str
    signs: tuple[str, ...]
    says: str
    unless: tuple[str, ...] = ()


CAUSES = {
    "labels_encoding": Cause(
        "labels written in another way than the loss reads them",
        ("labels_encoding", "labels_range"), "The loss reads other labels than the data hold",
    ),
    "labels_shifted": Cause(
        "labels belong to other rows", ("labels_shifted",), "The labels stand beside other rows"
    ),
    "labels_unrelated": Cause(
        "labels have nothing to do with the inputs", ("labels_unrelated",),
        "There is nothing to learn, whatever the network",
    ),
    "imbalance": Cause(
        "classes out of balance", ("imbalance",),
        "Whoever always names that class is nearly always right, so accuracy hardly tells what is "
        "learned; weigh the classes, or look at precision and recall",
    ),
    "validation": Cause(
        "validation data preprocessed differently", ("validation_differs",),
        "The network is asked about inputs unlike those that it learned from",
    ),
    "output_loss": Cause(
        "loss and output activation don't fit", ("softmax_one_unit", "loss_output", "loss_task"),
        "What the output puts out is not what the loss is made for",
    ),
    "output_width": Cause(
        "wrong number of output units", ("target_shape",),
        "Keras stretches the targets over the output units, or can't",
    ),
    "unreachable": Cause(
        "targets out of the output's reach", ("unreachable",),
        "No weights bring the output to these targets",
    ),
    "alike": Cause(
        "units start alike", ("alike",), "Units that start alike get the same gradient and stay so"
    ),
    "input_scale": Cause(
        "inputs not scaled", ("input_scale", "input_tiny"),
        "Large inputs make large sums and large steps of the first layer",
    ),
    "target_scale": Cause(
        "targets not scaled", ("target_scale",), "Large targets make large errors and gradients"
    ),
    "relu_output": Cause(
        "ReLU on the output", ("relu_output",),
        "An output unit that is switched off gets no gradient, and none passes it",
    ),
    "no_bias": Cause("no biases", ("no_bias",), "What it computes is fixed at zero"),
    "linear_stack": Cause(
        "no activation between the layers", ("linear_stack",), "Linear layers in a row are one"
    ),
    "narrow": Cause("too few units", ("narrow",), "What doesn't pass the bottleneck is lost"),
    "dropout": Cause("too much dropout", ("dropout",), "Most units are dropped in every step"),
    "initial_weights": Cause(
        "initial weights don't fit the depth or the activation",
        ("vanishing_signal", "exploding_signal", "exploding_gradient", "born_dead",
         "saturated_at_birth"),
        "The initial weights pass neither signal nor gradient on at their size",
    ),
    "vanishing": Cause(
        "gradient vanishes through the layers", ("vanishing_gradient",),
        "Every layer's slope makes the gradient smaller",
    ),
    "rate_high": Cause(
        "learning rate too high", ("over_limit", "large_steps", "diverges", "nan_loss", "killed"),
        "Steps are longer than the loss is smooth",
    ),
    "saturated": Cause("saturated units", ("saturated",), "Saturated units pass no gradient"),
    "dead": Cause("dead ReLU units", ("killed", "output_dead"), "Dead units get no gradient"),
    "large_batch": Cause("batch too large", ("large_batch",), "Few steps are taken"),
    "rate_low": Cause(
        "learning rate too low", ("tiny_steps", "slow", "stalls", "below_linear"),
        "Steps are too short for so few of them",
        unless=("over_limit", "large_steps", "killed", "born_dead", "diverges", "nan_loss"),
    ),
    "epochs": Cause("too few epochs", ("slow",), "Training stops while the loss still falls"),
}  # fmt: skip
DOWNSTREAM = (
    "over_limit", "large_steps", "vanishing_signal", "vanishing_gradient", "exploding_signal",
    "exploding_gradient", "saturated_at_birth", "born_dead", "killed", "output_dead", "saturated",
    "tiny_steps",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """A cause that symptoms point at.

    Attributes:
        key: of `CAUSES`.
        signs: the symptoms that point at it.
        chain: what was measured, and how it does harm.
        ends: what comes of it in layers and training, if it is the cause.
    """

    key: str
    signs: tuple[Symptom, ...]
    chain: str
    ends: str

    @property
    def title(self) -> str:
        """The cause in words."""
        return CAUSES[self.key].title


def explain(symptoms: Sequence[Symptom]) -> list[Finding]:
    """Return the causes that are present, in the order of `CAUSES`."""
    found = {symptom.key for symptom in symptoms}
    findings = []
    for key, cause in CAUSES.items():
        signs = tuple(symptom for symptom in symptoms if symptom.key in cause.signs)
        if signs and not found & set(cause.unless):
            chain = f"{_capital(_joined(signs))}. {cause.says}."
            findings.append(Finding(key, signs, chain, _ends(signs, symptoms)))
    return findings


def _ends(signs: Sequence[Symptom], symptoms: Sequence[Symptom]) -> str:
    layers = [s for s in symptoms if s.key in DOWNSTREAM and s not in signs]
    fate = [s for s in symptoms if s.key in FAILURES and s not in signs]
    parts = [f"{_capital(_joined(layers))}."] if layers else []
    return " ".join([*parts, *([f"So {_joined(fate)}."] if fate else [])])


def _joined(symptoms: Sequence[Symptom], most: int = 3) -> str:
    said = [symptom.says for symptom in symptoms[:most]]
    more = len(symptoms) - len(said)
    return "; ".join([*said, *([f"and {more} more like it"] if more > 0 else [])])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
