"""All symptoms: what is measured, which numbers count, and who says so.

Thresholds stand here and nowhere else: the table in docs/diagnose.md is printed from this one.
Those without a source are ours: set once, before the patients were looked at, and meant to be
generous, since a symptom only asks for a proof.
"""

from repro.instruments.diagnose.measurements.leaks import TELLING
from repro.instruments.diagnose.measurements.loss import LEAST_CHANGE, SUMMED
from repro.instruments.diagnose.measurements.probe import CONSTANT_SPREAD, FLAT_SLOPE
from repro.instruments.diagnose.measurements.relation import UNRELATED
from repro.instruments.diagnose.setup.outputs import DROWNED
from repro.instruments.diagnose.setup.skill import LEAST_MARGIN
from repro.instruments.diagnose.setup.task import IMBALANCED, UNEVEN
from repro.instruments.diagnose.symptoms.definition import (
    Definition,
    above,
    at_least,
    at_most,
    below,
)

FEW_ROWS = 64
FEW_IN_BATCH = 4
FEWEST_LAYERS = 3
USUAL_RATES = {
    "SGD": (1e-4, 1.0),
    "RMSprop": (1e-5, 0.03),
    "Adam": (1e-5, 0.03),
    "AdamW": (1e-5, 0.03),
    "Adamax": (1e-5, 0.1),
    "Nadam": (1e-5, 0.03),
    "Adagrad": (1e-3, 1.0),
    "Adadelta": (1e-2, 10.0),
}
ADAMS = ("Adam", "AdamW", "Nadam")
USUAL_SETTINGS = {
    "momentum": (0.0, 0.98),
    "beta_1": (0.0, 0.98),
    "beta_2": (0.8, 0.9999),
    "rho": (0.5, 0.999),
    "epsilon": (0.0, 1e-2),
}
"""Of optimizers: least and largest value that is in use, besides the default."""
USUAL_LOSSES = {
    "label_smoothing": (0.0, 0.3),
    "delta": (1e-2, 1e2),
    "gamma": (0.0, 5.0),
    "alpha": (0.01, 0.99),
}
"""Of losses, likewise."""
WIDEST_USUAL = (1e-6, 10.0)  # of an optimizer that isn't listed
MEMORY = {"SimpleRNN": 20, "GRU": 100, "LSTM": 100}
"""Steps over which recurrent layers easily learn to keep something."""
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
    "labels_renamed": Definition(
        title="validation labels are counted in another order",
        measured=(
            "share of the validation rows that the trained network gets right once their classes "
            "are renamed, and not before"
        ),
        counts=above(0.5),
        source="ours: most rows are right by other names, and chance gives each class its share",
    ),
    "labels_shifted": Definition(
        title="labels belong to other rows",
        measured=(
            "p-value that near rows have labels alike once the labels are moved by some rows, "
            "times the shifts that were tried, if without that they have not; normal distribution "
            "of permuted labels"
        ),
        counts=at_most(0.01),
        source=OURS,
    ),
    "labels_unrelated": Definition(
        title="labels unrelated to the inputs",
        measured="p-value that near rows have labels alike; permutation test",
        counts=above(UNRELATED),
        source=OURS,
    ),
    "full_rows": Definition(
        title="sequences that may have been cut",
        measured=(
            "share of the rows of tokens without padding at either end, if labels are unrelated "
            "to the tokens"
        ),
        counts=above(0.9),
        source=OURS,
    ),
    "rules_apart": Definition(
        title="training and validation rows follow different rules",
        measured=(
            "skill of ridge regression within the training rows or within the validation rows, the "
            "lesser, minus that from the one to the other"
        ),
        counts=above(0.4),
        source=OURS,
    ),
    "validation_unrelated": Definition(
        title="validation labels belong to other rows",
        measured=(
            "p-value that near validation rows have labels alike, if half as many training rows "
            "have (p ≤ 0.01); permutation test"
        ),
        counts=above(UNRELATED),
        source=OURS,
    ),
    "mixed_rows": Definition(
        title="rows mixed up by a reshape",
        measured=(
            "near rows don't have labels alike, and do once the rows are read as the last axis and "
            "transposed"
        ),
        source="numpy: reshape keeps the order in memory, transpose doesn't",
    ),
    "mixed_axes": Definition(
        title="steps and channels mixed up by a reshape",
        measured=(
            "correlation of the last channel of a step with the first of the next step, if it is "
            "0.7 of that within steps, 0.1 above that of a channel with itself a step later, and "
            "half as large where one channel would end and another begin"
        ),
        counts=above(0.2),
        source="numpy: reshape keeps the order in memory, transpose doesn't; the numbers are ours",
    ),
    "imbalance": Definition(
        title="classes out of balance",
        measured="share of the commonest class",
        counts=above(IMBALANCED),
        source=OURS,
    ),
    "missed_class": Definition(
        title="a rare class that is hardly ever named",
        measured=(
            "share of the rows of a class named otherwise by the trained network, the least of two "
            "seeds, if the class has less than half of an equal share of the rows, and ten at least"
        ),
        counts=above(0.75),
        source=OURS,
    ),
    "unseen_classes": Definition(
        title="classes that training never saw",
        measured="share of the rows scored on whose class no training row has",
        counts=above(0),
        source=OURS,
    ),
    "class_shares": Definition(
        title="classes in other shares than in training",
        measured=(
            "share of the validation rows that would have to be of another class for the classes "
            "to have their shares in training, if all are known there"
        ),
        counts=above(0.5),
        source=OURS,
    ),
    "sorted_rows": Definition(
        title="rows in the order of their targets",
        measured=(
            "how much more often than by chance a row has the class of the row before, if rows "
            "are not shuffled: 1 if always; of numbers, their correlation with those one row before"
        ),
        counts=above(0.5),
        source="Bengio 2012, section 2 asks for rows in random order; the share is ours",
    ),
    "label_noise": Definition(
        title="labels contradict their neighbours",
        measured=(
            "share of the rows whose class most of the nearest rows don't have, if near rows have "
            "labels alike all the same; no more than ridge regression gets wrong"
        ),
        counts=above(0.25),
        source="the rule is that of Wilson 1972; the share is ours",
    ),
    "cut_tokens": Definition(
        title="tokens that are no whole numbers",
        measured="share of the tokens, in front of an embedding, with digits behind the point",
        counts=above(0),
        source="Keras: an embedding casts its inputs to whole numbers",
    ),
    "index_range": Definition(
        title="index out of an embedding's range",
        measured="share of the tokens that an embedding has no row for",
        counts=above(0),
        source="Keras: indices run from 0 to input_dim - 1",
    ),
    "unmasked": Definition(
        title="padding is read like data",
        measured="share of the time steps that are padding at the end, if nothing masks them",
        counts=above(0.25),
        source="Keras' guide to masking and padding; the share is ours",
    ),
    "single_steps": Definition(
        title="single steps where the rows before tell the targets",
        measured=(
            "skill that ridge regression gains by up to 9 of the rows before a row, if a recurrent "
            "layer reads one step"
        ),
        counts=above(0.15),
        source=OURS,
    ),
    "nothing_varies": Definition(
        title="inputs that are the same in all rows",
        measured="share of the features that are the same in all rows",
        counts=at_least(1),
        source="definition",
    ),
    "shifted_rows": Definition(
        title="rows of an embedding one place off",
        measured="embeddings whose row 0 is no token's and not empty, and whose last row is empty",
        counts=at_least(1),
        source=OURS,
    ),
    "constant_inputs": Definition(
        title="constant inputs",
        measured="share of the features that are the same in all rows",
        counts=above(0.5),
        source=OURS,
    ),
    "weighted": Definition(
        title="uneven weights of the rows",
        measured="share of the rows that hold nine tenths of the weight, if weights are given",
        counts=below(0.5),
        source=OURS,
    ),
    "leaks": Definition(
        title="a feature tells the targets in training alone",
        measured=(
            f"features whose correlation with a target is over {TELLING:g} in training and less "
            "than half of that in the validation data"
        ),
        counts=at_least(1),
        source="Kaufman et al. 2012 on leakage; the numbers are ours",
    ),
    "weighted_classes": Definition(
        title="uneven weights of the classes",
        measured=(
            "weight of all rows of the class that has most over that of the one that has least, "
            "if weights are given"
        ),
        counts=above(20),
        source=OURS,
    ),
    "missing_inputs": Definition(
        title="inputs that are missing",
        measured="share of the rows with an input that is NaN or infinite",
        counts=above(0),
        source="arithmetic: a sum with NaN in it is NaN",
    ),
    "coarse_inputs": Definition(
        title="inputs of nothing but 0 and 1, nearly all of them 0",
        measured="share of the inputs that are 0, if all others are 1 and rows differ in number",
        counts=above(0.85),
        source=OURS,
    ),
    "on_a_line": Definition(
        title="rows that differ in a single number",
        measured=(
            "share of the variance of the standardized inputs, of three or more, that isn't along "
            "one line"
        ),
        counts=below(1e-6),
        source="rank of a matrix; the share, for rounding, is ours",
    ),
    "outliers": Definition(
        title="values far out",
        measured=(
            "distance of a value from the quartiles, in distances between these, largest feature"
        ),
        counts=above(20),
        source="Tukey 1977 calls 3 far out; the number is ours",
    ),
    "row_scale": Definition(
        title="rows brought to one size",
        measured=(
            "skill that ridge regression or the nearest rows lose once every row is normalized by "
            "itself, as the model's first layer does"
        ),
        counts=above(0.15),
        source=OURS,
    ),
    "unseen_inputs": Definition(
        title="inputs that the output doesn't depend on",
        measured=(
            "skill that ridge regression or the nearest rows lose without the inputs in which the "
            "output has no gradient"
        ),
        counts=above(0.15),
        source=OURS,
    ),
    "sized_rows": Definition(
        title="rows that were scaled one by one",
        measured=(
            "share of the rows of 3 to 50 features with mean 0 and deviation 1, with length 1, or "
            "from 0 to 1, each by itself"
        ),
        counts=above(0.99),
        source="arithmetic; the share, for rounding, is ours",
    ),
    "codes": Definition(
        title="whole numbers that are codes",
        measured=(
            "skill of ridge regression with one column for each of their values, minus that with "
            "the numbers"
        ),
        counts=above(0.15),
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
            "largest value of the largest over that of the smallest feature, if they are measured "
            "in units of their own"
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
    "long_tail": Definition(
        title="targets with a long tail",
        measured="skewness of positive targets of a regression, if their logarithm isn't skewed",
        counts=above(2),
        source="Box & Cox 1964 on the logarithm; the number is ours",
    ),
    "target_outliers": Definition(
        title="targets far out",
        measured="distance of a target from the quartiles, in distances between these",
        counts=above(20),
        source="Tukey 1977 calls 3 far out; the number is ours",
    ),
    "target_scale": Definition(
        title="targets not scaled",
        measured="root mean square of the targets of a regression",
        counts=above(10),
        source=OURS,
    ),
    "target_sizes": Definition(
        title="targets of very different size",
        measured="deviation of a target column, the largest over the smallest",
        counts=above(UNEVEN),
        source=OURS,
    ),
    "target_tiny": Definition(
        title="targets too small",
        measured="root mean square of the targets of a regression",
        counts=below(0.01),
        source=OURS,
    ),
    "validation_differs": Definition(
        title="validation preprocessed differently",
        measured="ratio of the inputs' standard deviations, the larger over the smaller",
        counts=above(3),
        source=OURS,
        certain_above=10,
    ),
    "targets_differ": Definition(
        title="validation targets in other units",
        measured="ratio of the distances between the targets' quartiles, larger over smaller",
        counts=above(3),
        source=OURS,
        certain_above=10,
    ),
    "targets_apart": Definition(
        title="validation targets on another level",
        measured=(
            "distance of the targets' medians, in distances between the quartiles of those of "
            "training, if no feature lies as far from those of training as counts there"
        ),
        counts=above(2),
        source=OURS,
    ),
    "shared_rows": Definition(
        title="validation rows that are training rows",
        measured="share of the validation rows that training has, too, where few rows repeat",
        counts=above(0.1),
        source="Kaufman et al. 2012 on leakage; the share is ours",
    ),
    "columns_reordered": Definition(
        title="validation columns in another order",
        measured=(
            "skill that ridge regression gains on the validation data if their columns change "
            "places, so that values and correlations with the targets are those of training"
        ),
        counts=above(0.3),
        source=OURS,
    ),
    "axes_turned": Definition(
        title="validation inputs turned round",
        measured=(
            "skill that ridge regression or the nearest rows gain on the validation data if steps, "
            "pixels or channels are reversed, or two axes change places"
        ),
        counts=above(0.3),
        source=OURS,
    ),
    "padding_differs": Definition(
        title="validation sequences padded on the other side",
        measured="share of steps that are padding at the end, validation against training",
        counts=above(0.25),
        source=OURS,
    ),
    "validation_shifted": Definition(
        title="validation shifted",
        measured="distance of the inputs' means, in standard deviations",
        counts=above(2),
        source=OURS,
    ),
    "feature_shifted": Definition(
        title="validation from another range",
        measured="distance of the means of a feature, in standard deviations, largest feature",
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
    "softmax_of_one": Definition(
        title="softmax of one number inside the network",
        measured="operations between input and output whose softmax is along an axis of length 1",
        counts=at_least(1),
        source="softmax's definition",
    ),
    "softmax_axis": Definition(
        title="softmax along another axis",
        measured="softmax along another axis than the last, which holds the classes",
        source="softmax's definition",
    ),
    "loss_output": Definition(
        title="loss doesn't fit the output",
        measured=(
            "cross-entropy of what is no probability, or of logits that are probabilities; "
            "a logarithm of what may be negative; shares that don't sum to 1"
        ),
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
    "channels_first": Definition(
        title="channels in front",
        measured=(
            "entries of the last axis over those of the first, if that has 4 at most and a layer "
            "takes the last for channels"
        ),
        counts=above(2),
        source="Keras: channels_last is the default; the factor is ours",
    ),
    "loss_weight": Definition(
        title="an output that hardly counts",
        measured="weight of the output's loss, of several outputs",
        counts=below(0.01),
        source="Keras: loss_weights multiply the losses of the outputs; the factor is ours",
    ),
    "drowned": Definition(
        title="a loss that drowns in another output's",
        measured="share of the output's loss in the sum of all outputs' losses, before training",
        counts=below(DROWNED),
        source="Keras: the losses of the outputs are added; the share is ours",
    ),
    "output_axes": Definition(
        title="an output for every step or pixel, a target for every row",
        measured="outputs that a row has for each of its targets",
        counts=above(1),
        source="Keras' guide to recurrent layers: return_sequences",
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
    "double_activation": Definition(
        title="two activations on the output",
        measured="activations behind the output's own",
        counts=at_least(1),
        source="Keras' documentation of its losses",
    ),
    "output_noise": Definition(
        title="dropout or normalization behind the output",
        measured="layers of dropout, noise or normalization behind the output",
        counts=at_least(1),
        source="arithmetic: a prediction that is dropped is 0",
    ),
    "loss_reversed": Definition(
        title="the loss rewards error",
        measured=(
            "a loss of one's own: mean loss of the best of some wrong predictions minus that of "
            "right ones"
        ),
        counts=below(0),
        source="definition of a loss",
    ),
    "loss_summed": Definition(
        title="the loss is a sum over the rows",
        measured=f"a loss of one's own: that of {SUMMED} rows over the mean of theirs one by one",
        counts=above(SUMMED / 2),
        source="Keras: the loss of a batch is a mean over its rows",
    ),
    "sum_reduction": Definition(
        title="a loss of Keras' as a sum over the rows",
        measured="the loss is made with reduction='sum'",
        source="Keras: the loss of a batch is a mean over its rows unless reduction says otherwise",
    ),
    "loss_pairs": Definition(
        title="the loss compares every row with every other",
        measured=(
            "a loss of one's own: share by which it changes if the same targets are one column, as "
            "the outputs are"
        ),
        counts=above(LEAST_CHANGE),
        source="numpy's rules of broadcasting: (n, 1) - (n,) has shape (n, n)",
    ),
    "unpaired": Definition(
        title="the loss doesn't know whose target is whose",
        measured=(
            "share by which a loss, or the loss of a training step, of one's own changes if the "
            "targets of a batch change places"
        ),
        counts=below(1e-5),
        source="arithmetic: what stays the same asks no row for its own target",
    ),
    "undefined_gradient": Definition(
        title="a loss that is a number with a gradient that isn't",
        measured="share of the rows whose loss is finite and whose gradient is NaN, at the start",
        counts=above(0),
        source="calculus: a root or a norm has no slope at 0",
    ),
    "own_steps": Definition(
        title="a training step of one's own",
        measured="the model overrides train_step, test_step or compute_loss, and fails",
        source=OURS,
    ),
    "half_precision": Definition(
        title="weights of half precision",
        measured="layers whose weights are float16",
        counts=at_least(1),
        source="IEEE 754: half precision ends at 6e-8 and 65,504; Adam's epsilon is 1e-7",
    ),
    "metric_blind": Definition(
        title="a metric that is the same for all predictions",
        measured="functions of one's own with one value for right predictions and for those of "
        "other rows",
        counts=at_least(1),
        source="definition of a metric",
    ),
    "metric_labels": Definition(
        title="an accuracy of another kind of labels",
        measured="the metric reads one column a class and labels are whole numbers, or the reverse",
        source="Keras' documentation of its metrics",
    ),
    "metric_exact": Definition(
        title="a metric of whole numbers asked of probabilities",
        measured="metrics that compare predictions with labels for equality",
        counts=at_least(1),
        source="Keras' documentation of its metrics",
    ),
    "metric_units": Definition(
        title="each unit of a softmax counted by itself",
        measured="units of a softmax under a binary accuracy",
        counts=above(1),
        source="Keras' documentation of its metrics; the wrong one of n named: n - 2 are right",
    ),
    "own_loss": Definition(
        title="a loss of one's own",
        measured="the loss is none of Keras'",
        source=OURS,
    ),
    "gradient_cut": Definition(
        title="no gradient gets there",
        measured="layers whose output the loss has no gradient for",
        counts=at_least(1),
        source="definition of the gradient; TensorFlow has none for rounding, say",
    ),
    "untracked": Definition(
        title="weights that Keras doesn't know",
        measured="variables that predictions depend on and that the model doesn't list as its own",
        counts=at_least(1),
        source="definition of trainable_variables",
    ),
    "unread_input": Definition(
        title="an input that isn't connected",
        measured="inputs of the model from which no path leads to the output",
        counts=at_least(1),
        source="definition of the graph",
    ),
    "crossing": Definition(
        title="rows of a batch mix",
        measured="operations that put out something else for a row if other rows change",
        counts=at_least(1),
        source="A. Karpathy, A Recipe for Training Neural Networks (2019): use backprop to chart "
        "dependencies",
    ),
    "erased": Definition(
        title="all rows are made alike",
        measured="operations without weights of sums that put out the same for every row",
        counts=at_least(1),
        source="arithmetic: what is the same for all rows tells nothing of one",
    ),
    "masked_data": Definition(
        title="steps that are data are masked",
        measured="share of the masked steps that stand between steps that are not masked",
        counts=above(0.25),
        source="Keras' guide to masking: padding stands at an end; the share is ours",
    ),
    "pointwise": Definition(
        title="positions that never meet",
        measured="convolutions in front of global pooling, all of which have windows of one place",
        counts=at_least(1),
        source="definition of a convolution",
    ),
    "backward_steps": Definition(
        title="steps put out in backward order",
        measured="recurrent layers with go_backwards and return_sequences that nothing turns back",
        counts=at_least(1),
        source="Keras' reference on recurrent layers: go_backwards returns the reversed sequence",
    ),
    "unread_steps": Definition(
        title="outputs of a step that don't see other steps",
        measured="sides, of before and after, whose steps an output for a step doesn't depend on",
        counts=at_least(1),
        source="definition of the graph",
    ),
    "many_steps": Definition(
        title="many steps for a recurrent layer",
        measured=(
            "steps that a recurrent layer reads in one direction before it puts out its state, "
            f"over {MEMORY['SimpleRNN']} for a SimpleRNN and {MEMORY['LSTM']} for GRU and LSTM"
        ),
        counts=above(1),
        source="Bengio et al. 1994 on dependencies over many steps; the numbers are ours",
    ),
    "unbounded_state": Definition(
        title="a recurrent state without bounds",
        measured="recurrent layers whose activation has no upper bound",
        counts=at_least(1),
        source="Keras' default is tanh; Pascanu et al. 2013 on states that explode",
    ),
    "squared_classes": Definition(
        title="a loss of numbers on classes",
        measured="the loss is one of numbers, the targets are classes",
        source="Golik et al. 2013",
    ),
    "absolute_loss": Definition(
        title="a loss whose gradient doesn't grow with the error",
        measured="the loss of a regression is an absolute or a logarithmic error",
        source="derivative of the losses",
    ),
    "foreign_loss": Definition(
        title="a loss that doesn't ask for the numbers",
        measured="the loss of a regression is none of squared, absolute or logarithmic errors",
        source="definition of the losses",
    ),
    "hidden_softmax": Definition(
        title="softmax in a hidden layer",
        measured="hidden layers with a softmax",
        counts=at_least(1),
        source="softmax's definition",
    ),
    "curved_stack": Definition(
        title="many layers that saturate",
        measured="hidden layers, if all of them saturate",
        counts=at_least(4),
        source="Glorot & Bengio 2010; the number is ours",
    ),
    "no_hidden": Definition(
        title="no hidden layer",
        measured="skill of the nearest rows minus that of ridge regression, without a hidden layer",
        counts=above(0.15),
        source=OURS,
    ),
    "frozen": Definition(
        title="layers that aren't trained",
        measured="layers with weights whose trainable is False",
        counts=at_least(1),
        source="Keras' guide to transfer learning",
    ),
    "weights_large": Definition(
        title="initial weights too large",
        measured="root mean square of a layer's weights times the root of a unit's inputs",
        counts=above(5),
        source=HE,
    ),
    "weights_small": Definition(
        title="initial weights too small",
        measured="root mean square of a layer's weights over that of Glorot's",
        counts=below(0.1),
        source=GLOROT_SHARE,
    ),
    "weights_one_sign": Definition(
        title="initial weights of one sign",
        measured="mean of a layer's initial weights over their root mean square, without its sign",
        counts=above(0.7),
        source="Glorot & Bengio 2010 draw around 0; the share is ours",
    ),
    "signal_forecast_small": Definition(
        title="initial weights shrink the signal",
        measured=(
            "root mean square of the weights times the root of half of a unit's inputs, multiplied "
            f"over {FEWEST_LAYERS} ReLU layers or more behind the first"
        ),
        counts=below(1e-2),
        source=HE,
    ),
    "signal_forecast_large": Definition(
        title="initial weights blow up the signal",
        measured="the same",
        counts=above(1e2),
        source=HE,
    ),
    "penalty": Definition(
        title="heavy penalty on the weights",
        measured="sum of the penalties on the initial weights",
        counts=above(0.5),
        source=OURS,
    ),
    "added_loss": Definition(
        title="losses that layers add",
        measured="layers that call add_loss",
        counts=at_least(1),
        source="definition of the loss that Keras reports: the sum of all",
    ),
    "weight_decay": Definition(
        title="heavy weight decay",
        measured="the optimizer's weight decay",
        counts=above(0.05),
        source="0.01 is usual (Loshchilov & Hutter 2019); the factor is ours",
    ),
    "activity_penalty": Definition(
        title="heavy penalty on the activations",
        measured="strength of the l1 or l2 penalty on a layer's activations",
        counts=above(1e-2),
        source=OURS,
    ),
    "constraint": Definition(
        title="weights held by a constraint",
        measured="layers whose kernel has a constraint",
        counts=at_least(1),
        source=OURS,
    ),
    "odd_settings": Definition(
        title="optimizer settings far from the default",
        measured="a momentum, decay or epsilon of the optimizer outside of the range in use",
        source="Keras' defaults; the ranges are ours",
    ),
    "odd_loss": Definition(
        title="settings of the loss far from the default",
        measured="a smoothing, delta, gamma or alpha of the loss outside of the range in use",
        source="Keras' defaults; the ranges are ours",
    ),
    "gathered": Definition(
        title="gradients gathered over many batches",
        measured=(
            "updates of the weights in all: steps over the optimizer's gradient_accumulation_steps"
        ),
        counts=below(200),
        source=OURS,
    ),
    "tiny_clip": Definition(
        title="gradients clipped to nothing",
        measured="the length or value that gradients are clipped to",
        counts=below(1e-2),
        source=OURS,
    ),
    "rate_above_usual": Definition(
        title="rate above the usual",
        measured="rate over the largest one that is usual for the optimizer",
        counts=above(1),
        source="ranges in use, from Keras' defaults by powers of ten; ours",
    ),
    "rate_fades": Definition(
        title="rate fades early",
        measured="rate halfway through training over the highest until then",
        counts=below(0.01),
        source=OURS,
    ),
    "rate_warms": Definition(
        title="rate still warming up",
        measured="highest rate of the training over the highest that its schedule comes to",
        counts=below(0.25),
        source=OURS,
    ),
    "rate_below_usual": Definition(
        title="rate below the usual",
        measured="rate over the smallest one that is usual for the optimizer",
        counts=at_most(1),
        source="ranges in use, from Keras' defaults by powers of ten; ours",
    ),
    "few_steps": Definition(
        title="few steps in all",
        measured=(
            "steps of the training, if it fails and the rate is Keras' default for the optimizer "
            "or above"
        ),
        counts=below(200),
        source=OURS,
    ),
    "averages_lag": Definition(
        title="moving averages lag behind",
        measured="share of their first values in batch normalization's averages, momentum^steps",
        counts=above(0.1),
        source="Keras: averages begin at 0 and 1; the share is ours",
        certain_above=0.5,
    ),
    "unadapted": Definition(
        title="a Normalization layer that was never adapted",
        measured="Normalization layers that have neither seen data nor been given a mean",
        counts=at_least(1),
        source="Keras' documentation of Normalization",
    ),
    "batch_norm_alone": Definition(
        title="batch normalization of too few rows",
        measured="rows in a batch, if a layer normalizes over them",
        counts=at_most(2),
        source="Ioffe & Szegedy 2015: the deviation of one row is 0",
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
    "dropped_paths": Definition(
        title="dropout in many layers",
        measured="share of the paths from input to output that dropout cuts in a step",
        counts=above(0.9),
        source="arithmetic of independent draws; the share is ours",
    ),
    "noise": Definition(
        title="heavy noise",
        measured="deviation of the noise that is added to inputs or activations",
        counts=above(0.4),
        source="LeCun et al. 1998 ask for variances near 1; the factor is ours",
    ),
    "augmentation": Definition(
        title="inputs changed at random",
        measured="layers that change inputs at random while training",
        counts=at_least(1),
        source=OURS,
    ),
    "pooled": Definition(
        title="pooling or strides leave one position",
        measured="positions of an image or a sequence that pooling and strides leave",
        counts=at_most(1),
        source=OURS,
    ),
    "skipped": Definition(
        title="strides longer than the window",
        measured="share of the positions that a convolution or a pooling layer never reads",
        counts=above(0),
        source="arithmetic: strides beyond kernel_size or pool_size skip what lies between",
    ),
    "narrow": Definition(
        title="bottleneck",
        measured=(
            "units of the narrowest hidden layer over those needed: 2, log2 of the classes, more "
            "than a third of the classes, principal components with half of the targets' variance"
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
    "few_in_batch": Definition(
        title="small batches",
        measured="rows in a batch, of more than a batch",
        counts=below(FEW_IN_BATCH),
        source="Bengio 2012, section 3.1.1 calls 32 a good default; the number is ours",
    ),
    "accuracy_metric": Definition(
        title="accuracy of numbers",
        measured="accuracy asks for equality, which real numbers never have",
        source="definition of accuracy",
    ),
    # of the layers
    "own_alike": Definition(
        title="weights of one's own layers start alike",
        measured="tables of weights in layers of one's own that are the same for all units",
        counts=at_least(1),
        source="as above; a gate or a correction may well start at 0",
    ),
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
        measured="share of seeds whose loss ends more than 1 % above that before training",
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
    "below_neighbours": Definition(
        title="worse than the nearest rows",
        measured="skill of the mean of the nearest rows minus that of the network",
        counts=above(0.2),
        source=OURS,
    ),
    "other_optimizer": Definition(
        title="an optimizer other than Adam",
        measured="the network fails, and its optimizer is not Adam, AdamW or Nadam",
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
    "below_neighbours",
)
"""Symptoms of a fit that is not fine; the others are only observed."""
