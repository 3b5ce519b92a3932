"""Symptoms: what can be measured to be wrong, each with its definition, threshold and source.

Thresholds without a source are ours: set once, before the patients were looked at, and meant to be
generous, since a symptom only asks for a proof.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Definition:
    """What a symptom is, from which value on it counts, and who says so."""

    title: str
    definition: str
    threshold: float
    source: str


OURS = "ours"
DEFINITIONS = {
    # of the data
    "labels_encoding": Definition(
        "labels don't fit the loss", "the loss can't be computed from labels written this way", 0,
        "Keras' documentation of its losses",
    ),
    "labels_range": Definition(
        "labels out of range", "share of integer labels that name no output unit", 0,
        "Keras: labels count from 0",
    ),
    "labels_shifted": Definition(
        "labels belong to other rows", "rows to shift the labels by, so that near rows agree; "
        "permutation test", 0.05, OURS,
    ),
    "labels_unrelated": Definition(
        "labels unrelated to the inputs", "p-value that near rows have labels alike; permutation "
        "test", 0.05, OURS,
    ),
    "imbalance": Definition(
        "classes out of balance", "share of the commonest class", 0.9, OURS,
    ),
    "input_scale": Definition(
        "inputs not scaled",
        "root mean square of the inputs; over 3 is enough where features differ a hundredfold", 10,
        "LeCun et al. 1998 ask for variances near 1; the factor is ours",
    ),
    "input_tiny": Definition(
        "inputs too small", "root mean square of the inputs", 0.01,
        "LeCun et al. 1998 ask for variances near 1; the factor is ours",
    ),
    "over_limit": Definition(
        "rate over the stability limit", "rate / (2 (1 + momentum) / largest eigenvalue of x'x/n)",
        1, "LeCun et al. 1998, Efficient BackProp (linear unit, squared error)",
    ),
    "target_scale": Definition(
        "targets not scaled", "root mean square of the targets of a regression", 10, OURS
    ),
    "validation_differs": Definition(
        "validation preprocessed differently", "ratio of the inputs' standard deviations, or shift "
        "in standard deviations (over 2)", 3, OURS,
    ),
    # of the network as written
    "softmax_one_unit": Definition(
        "softmax on one unit", "units under a softmax: one is always 1", 1, "softmax's definition"
    ),
    "loss_output": Definition(
        "loss doesn't fit the output", "cross-entropy of what is no probability, or of logits that "
        "are probabilities", 0, "Keras' documentation of its losses",
    ),
    "loss_task": Definition(
        "loss doesn't fit the targets", "a loss for classes on numbers, or the other way round", 0,
        "definition of the losses",
    ),
    "target_shape": Definition(
        "targets and output differ in width", "columns of the targets beside units of the output",
        0, "Keras' documentation of its losses",
    ),
    "unreachable": Definition(
        "targets out of the output's reach", "share of targets that the output's activation can't "
        "put out", 0.01, "range of the activation; the share is ours",
    ),
    "relu_output": Definition(
        "ReLU on the output", "an output that is off for a row learns nothing from it", 0,
        "Lu et al. 2020",
    ),
    "no_bias": Definition(
        "no biases", "share of rows that are all zero, whose output no weight can move", 0,
        "arithmetic: w·0 = 0",
    ),
    "linear_stack": Definition(
        "nothing but linear layers", "hidden layers in a row without an activation", 1,
        "a product of matrices is a matrix",
    ),
    "dropout": Definition("heavy dropout", "largest dropout rate", 0.7, OURS),
    "narrow": Definition(
        "bottleneck", "units of the narrowest hidden layer, beside log2 of the classes (or 2)", 0,
        OURS,
    ),
    "large_batch": Definition("large batch", "batch size over rows", 0.5, OURS),
    "accuracy_metric": Definition(
        "accuracy of numbers", "accuracy asks for equality, which real numbers never have", 0,
        "definition of accuracy",
    ),
    # of the layers
    "alike": Definition(
        "units all alike", "share of seeds in which all units of a layer have the same weights",
        0.5, "Goodfellow et al. 2016, section 8.4",
    ),
    "born_dead": Definition(
        "dead at birth", "share of a layer's units that are 0 for every row before training", 0.5,
        "Lu et al. 2020; the share is ours",
    ),
    "killed": Definition(
        "killed by training", "share of a layer's units that training has switched off for every "
        "row", 0.25, "Lu et al. 2020; the share is ours",
    ),
    "output_dead": Definition(
        "output dead", "share of seeds whose ReLU output is 0 for every row", 0.1,
        "Lu et al. 2020; the share is ours",
    ),
    "saturated_at_birth": Definition(
        "saturated at birth", "share of a layer's activations with a slope below 5 % of the "
        "largest, before training", 0.5, "Glorot & Bengio 2010; the share is ours",
    ),
    "saturated": Definition(
        "saturated", "the same, after training", 0.8, "Glorot & Bengio 2010; the share is ours"
    ),
    "vanishing_gradient": Definition(
        "gradient vanishes", "gradient at the first layer over that at the last hidden one, before "
        "training", 1e-3, "Glorot & Bengio 2010; the factor is ours",
    ),
    "exploding_gradient": Definition(
        "gradient explodes", "the same ratio", 1e3, "Pascanu et al. 2013; the factor is ours"
    ),
    "vanishing_signal": Definition(
        "signal vanishes", "deviation of the last hidden layer's activations over the first's "
        "(layers that can't saturate)",
        1e-3, "He et al. 2015; the factor is ours",
    ),
    "exploding_signal": Definition(
        "signal explodes", "the same ratio", 1e3, "He et al. 2015; the factor is ours"
    ),
    "large_steps": Definition(
        "steps too large", "length of an early update over that of the weights, largest layer", 0.3,
        "about 0.001 is usual (Karpathy, CS231n notes); the factor is ours",
    ),
    "tiny_steps": Definition(
        "steps too small", "the same, of the layer that moves most", 1e-5,
        "about 0.001 is usual (Karpathy, CS231n notes); the factor is ours",
    ),
    # of the training
    "crash": Definition("training fails", "Keras raises", 0, "Keras"),
    "nan_loss": Definition("loss is NaN", "share of seeds whose loss is not finite", 0, OURS),
    "diverges": Definition(
        "loss diverges", "share of seeds whose loss ends above that before training", 0.25, OURS
    ),
    "stalls": Definition(
        "loss stalls", "share of seeds with a training skill below 0.05: as good as a constant",
        0.25, OURS,
    ),
    "useless": Definition(
        "useless on other rows", "share of seeds with a skill below 0.05 on rows not trained on",
        0.5, OURS,
    ),
    "constant": Definition(
        "predictions are constant", "share of seeds whose predictions differ by less than 0.1 % of "
        "the targets' deviation", 0.25, OURS,
    ),
    "some_seeds": Definition(
        "fails for some seeds", "share of seeds below half of the best seed's skill", 0.15, OURS
    ),
    "slow": Definition(
        "still learning", "share of the fall of the loss that comes in the last fifth", 0.1, OURS
    ),
    "below_linear": Definition(
        "worse than a linear model", "skill of ridge regression minus that of the network; counts "
        "from the margin on", 0.05, OURS,
    ),
    "overfits": Definition(
        "overfits", "skill on the training rows minus that on the rows held out", 0.25, OURS
    ),
}  # fmt: skip
FAILURES = (
    "crash", "nan_loss", "diverges", "stalls", "useless", "constant", "some_seeds", "below_linear",
)  # fmt: skip
"""Symptoms of a fit that is not fine; the others are only seen."""


@dataclass(frozen=True)
class Symptom:
    """One symptom that was found: the number measured, where, and a sentence that says so."""

    key: str
    value: float
    says: str
    where: str = ""

    @property
    def definition(self) -> Definition:
        """Its definition, threshold and source."""
        return DEFINITIONS[self.key]


def percent(share: float) -> str:
    """A share in per cent, two digits."""
    return f"{100 * share:.3g} %"
