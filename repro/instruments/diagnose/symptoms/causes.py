"""Explain symptoms by causes, in sentences with the numbers that were measured.

Causes stand in the order of the chain: data, labels, network, start, steps. The first one that is
present accounts for the symptoms downstream.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from repro.instruments.diagnose.symptoms.definitions import FAILURES
from repro.instruments.diagnose.symptoms.symptom import Symptom

MOST_TOLD = 3  # symptoms in a sentence


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A cause of failure.

    Attributes:
        title: its name in words.
        signs: the symptoms that point at it.
        says: a sentence on how it does harm.
        unless: the symptoms that speak against it.
    """

    title: str
    signs: tuple[str, ...]
    says: str
    unless: tuple[str, ...] = ()


CAUSES = {
    "labels_encoding": Cause(
        title="labels written in another way than the loss reads them",
        signs=("labels_encoding", "labels_range"),
        says="The loss reads other labels than the data hold",
    ),
    "labels_shifted": Cause(
        title="labels belong to other rows",
        signs=("labels_shifted",),
        says="The labels stand beside other rows",
    ),
    "labels_unrelated": Cause(
        title="labels have nothing to do with the inputs",
        signs=("labels_unrelated",),
        says="There is nothing to learn, whatever the network",
    ),
    "imbalance": Cause(
        title="classes out of balance",
        signs=("imbalance",),
        says=(
            "Whoever always names that class is nearly always right, so accuracy hardly tells "
            "what is learned; weigh the classes, or look at precision and recall"
        ),
    ),
    "validation": Cause(
        title="validation data preprocessed differently",
        signs=("validation_differs", "validation_shifted"),
        says="The network is asked about inputs unlike those that it learned from",
    ),
    "output_loss": Cause(
        title="loss and output activation don't fit",
        signs=("softmax_one_unit", "loss_output", "loss_task"),
        says="The loss is not made for such an output",
    ),
    "output_width": Cause(
        title="wrong number of output units",
        signs=("target_shape",),
        says="Keras stretches the targets over the output units, or can't",
    ),
    "unreachable": Cause(
        title="targets out of the output's reach",
        signs=("unreachable",),
        says="No weights bring the output to these targets",
    ),
    "alike": Cause(
        title="units start alike",
        signs=("alike",),
        says="Units that start alike get the same gradient and stay so",
    ),
    "input_scale": Cause(
        title="inputs not scaled",
        signs=("input_scale", "input_uneven", "input_tiny"),
        says="Large inputs make large sums and large steps of the first layer",
    ),
    "target_scale": Cause(
        title="targets not scaled",
        signs=("target_scale",),
        says="Large targets make large errors and gradients",
    ),
    "relu_output": Cause(
        title="ReLU on the output",
        signs=("relu_output",),
        says="An output unit that is switched off gets no gradient, and none passes it",
    ),
    "no_bias": Cause(
        title="no biases",
        signs=("no_bias",),
        says="No weight can move the output of a row that is all zero",
    ),
    "linear_stack": Cause(
        title="no activation between the layers",
        signs=("linear_stack",),
        says="Linear layers in a row are one",
    ),
    "narrow": Cause(
        title="too few units",
        signs=("narrow",),
        says="What doesn't pass the bottleneck is lost",
    ),
    "dropout": Cause(
        title="too much dropout",
        signs=("dropout",),
        says="Most units are dropped in every step",
    ),
    "initial_weights": Cause(
        title="initial weights don't fit the depth or the activation",
        signs=(
            "vanishing_signal",
            "exploding_signal",
            "exploding_gradient",
            "born_dead",
            "saturated_at_birth",
        ),
        says="The initial weights pass neither signal nor gradient on at their size",
    ),
    "vanishing": Cause(
        title="gradient vanishes through the layers",
        signs=("vanishing_gradient",),
        says="Every layer's slope makes the gradient smaller",
    ),
    "rate_high": Cause(
        title="learning rate too high",
        signs=("over_limit", "large_steps", "diverges", "nan_loss", "killed"),
        says="Steps are longer than the loss is smooth",
    ),
    "saturated": Cause(
        title="saturated units",
        signs=("saturated",),
        says="Saturated units pass no gradient",
    ),
    "dead": Cause(
        title="dead ReLU units",
        signs=("killed", "output_dead"),
        says="Dead units get no gradient",
    ),
    "large_batch": Cause(
        title="batch too large",
        signs=("large_batch",),
        says="Few steps are taken",
    ),
    "rate_low": Cause(
        title="learning rate too low",
        signs=("tiny_steps", "slow", "stalls", "below_linear"),
        says="Steps are too short for so few of them",
        unless=("over_limit", "large_steps", "killed", "born_dead", "diverges", "nan_loss"),
    ),
    "epochs": Cause(
        title="too few epochs",
        signs=("slow",),
        says="Training stops while the loss still falls",
    ),
}
DOWNSTREAM = (
    "over_limit",
    "large_steps",
    "vanishing_signal",
    "vanishing_gradient",
    "exploding_signal",
    "exploding_gradient",
    "saturated_at_birth",
    "born_dead",
    "killed",
    "output_dead",
    "saturated",
    "tiny_steps",
)
"""Symptoms in the layers and steps: they may come of a cause that stands before them."""


@dataclass(frozen=True)
class Finding:
    """A cause that symptoms point at.

    Attributes:
        key: its key in `CAUSES`.
        signs: the symptoms that point at it.
        chain: sentences on what was measured, and how it does harm.
        ends: sentences on what comes of it in layers and training, if it is the cause.
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
    keys = {symptom.key for symptom in symptoms}
    findings = []
    for key, cause in CAUSES.items():
        signs = tuple(symptom for symptom in symptoms if symptom.key in cause.signs)
        if signs and not keys & set(cause.unless):
            chain = f"{_capital(_joined(signs))}. {cause.says}."
            findings.append(Finding(key, signs, chain, _ends(signs, symptoms)))
    return findings


def _ends(signs: Sequence[Symptom], symptoms: Sequence[Symptom]) -> str:
    layers = [s for s in symptoms if s.key in DOWNSTREAM and s not in signs]
    fate = [s for s in symptoms if s.key in FAILURES and s not in signs]
    sentences = [f"{_capital(_joined(layers))}."] if layers else []
    sentences += [f"So {_joined(fate)}."] if fate else []
    return " ".join(sentences)


def _joined(symptoms: Sequence[Symptom]) -> str:
    clauses = [symptom.says for symptom in symptoms[:MOST_TOLD]]
    left_out = len(symptoms) - len(clauses)
    clauses += [f"and {left_out} more like it"] if left_out > 0 else []
    return "; ".join(clauses)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
