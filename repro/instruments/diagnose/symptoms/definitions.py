"""All symptoms: what is measured, which numbers count, and who says so.

Thresholds stand here and nowhere else: the table in docs/diagnose.md is printed from this one.
Those without a source are ours: set once, before the patients were looked at, and meant to be
generous, since a symptom only asks for a proof.
"""

from repro.instruments.diagnose.measurements.probe import CONSTANT_SPREAD, FLAT_SLOPE
from repro.instruments.diagnose.setup.skill import LEAST_MARGIN
from repro.instruments.diagnose.symptoms.definition import (
    Definition,
    above,
    at_least,
    at_most,
    below,
)

UNEVEN_RMS = 3.0
FEW_ROWS = 64
FEWEST_LAYERS = 3
USELESS_SKILL = 0.05
LEARNED_SKILL = 0.1
FEW_EPOCHS = 5

OURS = "ours"
KERAS = "Keras' documentation of its losses"
LECUN = "LeCun et al. 1998 ask for variances near 1; the factor is ours"
LU = "Lu et al. 2020"
LU_SHARE = f"{LU}; the share is ours"
GLOROT_SHARE = "Glorot & Bengio 2010; the share is ours"
HE = "He et al. 2015; the factor is ours"
KARPATHY = "about 0.001 is usual (Karpathy, CS231n notes); the factor is ours"

DEFINITIONS = {
    # of the data
    "labels_encoding": Definition(
        title="labels don't fit the loss",
        measured="the loss can't be computed from labels written this way",
        source=KERAS,
    ),
    "labels_range": Definition(
        title="labels out of range",
        measured="share of integer labels that name no output unit",
        counts=above(0),
        source="Keras: labels count from 0",
    ),
    "labels_shifted": Definition(
        title="labels belong to other rows",
        measured=(
            "p-value that near rows have labels alike once the labels are moved by a row "
            "or two, if without that they have not; permutation test"
        ),
        counts=at_most(0.01),
        source=OURS,
    ),
    "labels_unrelated": Definition(
        title="labels unrelated to the inputs",
        measured="p-value that near rows have labels alike; permutation test",
        counts=above(0.05),
        source=OURS,
    ),
    "imbalance": Definition(
        title="classes out of balance",
        measured="share of the commonest class",
        counts=above(0.9),
        source=OURS,
    ),
    "input_scale": Definition(
        title="inputs not scaled",
        measured="root mean square of the inputs",
        counts=above(10),
        source=LECUN,
    ),
    "input_uneven": Definition(
        title="features on unlike scales",
        measured=(
            "largest over smallest root mean square of a feature, if that of all inputs "
            f"is over {UNEVEN_RMS:g}"
        ),
        counts=above(100),
        source=LECUN,
    ),
    "input_tiny": Definition(
        title="inputs too small",
        measured="root mean square of the inputs",
        counts=below(0.01),
        source=LECUN,
    ),
    "over_limit": Definition(
        title="rate over the stability limit",
        measured="rate / (2 (1 + momentum) / largest eigenvalue of x'x/n)",
        counts=above(1),
        source="LeCun et al. 1998, Efficient BackProp (linear unit, squared error)",
    ),
    "target_scale": Definition(
        title="targets not scaled",
        measured="root mean square of the targets of a regression",
        counts=above(10),
        source=OURS,
    ),
    "validation_differs": Definition(
        title="validation preprocessed differently",
        measured="ratio of the inputs' standard deviations, the larger over the smaller",
        counts=above(3),
        source=OURS,
    ),
    "validation_shifted": Definition(
        title="validation shifted",
        measured="distance of the inputs' means, in standard deviations",
        counts=above(2),
        source=OURS,
    ),
    # of the network as written
    "softmax_one_unit": Definition(
        title="softmax on one unit",
        measured="units under a softmax: one is always 1",
        counts=at_most(1),
        source="softmax's definition",
    ),
    "loss_output": Definition(
        title="loss doesn't fit the output",
        measured="cross-entropy of what is no probability, or of logits that are probabilities",
        source=KERAS,
    ),
    "loss_task": Definition(
        title="loss doesn't fit the targets",
        measured="a loss for classes on numbers, or the other way round",
        source="definition of the losses",
    ),
    "target_shape": Definition(
        title="targets and output differ in width",
        measured="difference between the columns of the targets and the units of the output",
        counts=above(0),
        source=KERAS,
    ),
    "unreachable": Definition(
        title="targets out of the output's reach",
        measured="share of targets that the output's activation can't put out",
        counts=above(0.01),
        source="range of the activation; the share is ours",
    ),
    "relu_output": Definition(
        title="ReLU on the output",
        measured="an output that is off for a row learns nothing from it",
        source=LU,
    ),
    "no_bias": Definition(
        title="no biases",
        measured=(
            "no layer has a bias, so that no weight can move the output of a row that is all zero"
        ),
        source="arithmetic: w·0 = 0",
    ),
    "linear_stack": Definition(
        title="nothing but linear layers",
        measured="hidden layers, if none has an activation",
        counts=at_least(1),
        source="a product of matrices is a matrix",
    ),
    "dropout": Definition(
        title="heavy dropout",
        measured="largest dropout rate",
        counts=at_least(0.7),
        source=OURS,
    ),
    "narrow": Definition(
        title="bottleneck",
        measured=(
            "units of the narrowest hidden layer over those needed: 2, log2 of the "
            "classes, and more than a third of the classes"
        ),
        counts=below(1),
        source=OURS,
    ),
    "large_batch": Definition(
        title="large batch",
        measured=f"batch size over rows, if these are more than {FEW_ROWS}",
        counts=above(0.5),
        source=OURS,
    ),
    "accuracy_metric": Definition(
        title="accuracy of numbers",
        measured="accuracy asks for equality, which real numbers never have",
        source="definition of accuracy",
    ),
    # of the layers
    "alike": Definition(
        title="units all alike",
        measured="share of seeds in which all units of a layer have the same weights",
        counts=above(0.5),
        source="Goodfellow et al. 2016, section 8.4",
    ),
    "born_dead": Definition(
        title="dead at birth",
        measured="share of a layer's units that are 0 for every row before training",
        counts=above(0.5),
        source=LU_SHARE,
    ),
    "killed": Definition(
        title="killed by training",
        measured="share of a layer's units that training has switched off for every row",
        counts=above(0.25),
        source=LU_SHARE,
    ),
    "output_dead": Definition(
        title="output dead",
        measured="share of seeds whose ReLU output is 0 for every row",
        counts=above(0.1),
        source=LU_SHARE,
    ),
    "saturated_at_birth": Definition(
        title="saturated at birth",
        measured=(
            f"share of a layer's activations with a slope below {FLAT_SLOPE:.0%} of the "
            "largest, before training"
        ),
        counts=above(0.5),
        source=GLOROT_SHARE,
    ),
    "saturated": Definition(
        title="saturated",
        measured="the same, after training",
        counts=above(0.8),
        source=GLOROT_SHARE,
    ),
    "vanishing_gradient": Definition(
        title="gradient vanishes",
        measured=(
            "gradient at the first layer over that at the last hidden one, before "
            f"training, of {FEWEST_LAYERS} hidden layers or more"
        ),
        counts=below(1e-3),
        source="Glorot & Bengio 2010; the factor is ours",
    ),
    "exploding_gradient": Definition(
        title="gradient explodes",
        measured="the same ratio",
        counts=above(1e3),
        source="Pascanu et al. 2013; the factor is ours",
    ),
    "vanishing_signal": Definition(
        title="signal vanishes",
        measured=(
            "deviation of the last hidden layer's activations over the first's, of "
            f"{FEWEST_LAYERS} hidden layers or more, not all of which can saturate"
        ),
        counts=below(1e-3),
        source=HE,
    ),
    "exploding_signal": Definition(
        title="signal explodes",
        measured="the same ratio",
        counts=above(1e3),
        source=HE,
    ),
    "large_steps": Definition(
        title="steps too large",
        measured="length of an early update over that of the weights, largest layer",
        counts=above(0.3),
        source=KARPATHY,
    ),
    "tiny_steps": Definition(
        title="steps too small",
        measured="the same, of the layer that moves most",
        counts=below(1e-5),
        source=KARPATHY,
    ),
    # of the training
    "crash": Definition(
        title="training fails",
        measured="Keras raises an error",
        source="Keras",
    ),
    "nan_loss": Definition(
        title="loss is NaN",
        measured="share of seeds whose loss is not finite",
        counts=above(0),
        source=OURS,
    ),
    "diverges": Definition(
        title="loss diverges",
        measured="share of seeds whose loss ends above that before training",
        counts=above(0.25),
        source=OURS,
    ),
    "stalls": Definition(
        title="loss stalls",
        measured=(
            f"share of seeds with a training skill below {USELESS_SKILL:g}: as good as a constant"
        ),
        counts=above(0.25),
        source=OURS,
    ),
    "useless": Definition(
        title="useless on other rows",
        measured=f"share of seeds with a skill below {USELESS_SKILL:g} on rows not trained on",
        counts=above(0.5),
        source=OURS,
    ),
    "constant": Definition(
        title="predictions are constant",
        measured=(
            f"share of seeds whose predictions differ by less than {CONSTANT_SPREAD:.1%} "
            "of the targets' deviation"
        ),
        counts=above(0.25),
        source=OURS,
    ),
    "some_seeds": Definition(
        title="fails for some seeds",
        measured=(
            "share of seeds below half of the best seed's training skill, if that is "
            f"over {LEARNED_SKILL:g}"
        ),
        counts=above(0.15),
        source=OURS,
    ),
    "slow": Definition(
        title="still learning",
        measured=(
            "share of the fall of the loss that comes in the last fifth of more than "
            f"{FEW_EPOCHS} epochs"
        ),
        counts=above(0.1),
        source=OURS,
    ),
    "below_linear": Definition(
        title="worse than a linear model",
        measured=(
            "skill of ridge regression minus that of the network, if it is more than two "
            "standard errors"
        ),
        counts=above(LEAST_MARGIN),
        source=OURS,
    ),
    "overfits": Definition(
        title="overfits",
        measured="skill on the training rows minus that on the rows held out",
        counts=above(0.25),
        source=OURS,
    ),
}
FAILURES = (
    "crash",
    "nan_loss",
    "diverges",
    "stalls",
    "useless",
    "constant",
    "some_seeds",
    "below_linear",
)
"""Symptoms of a fit that is not fine; the others are only observed."""
