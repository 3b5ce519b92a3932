"""Symptoms of the network as it is written: output, loss, layers, settings."""

import math

import numpy as np

from repro.findings.wording import counted
from repro.instruments.diagnose.measurements.columns import are_pixels, are_shares_otherwise
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.measurements.loss import LEAST_CHANGE, SUMMED, OwnLoss
from repro.instruments.diagnose.measurements.tails import EVEN, long_tail
from repro.instruments.diagnose.setup.anatomy import REACH, Site, own_matrices
from repro.instruments.diagnose.setup.arrays import Array, leaves
from repro.instruments.diagnose.setup.sequences import embedding_sites
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.task import is_class_loss
from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS, FEW_ROWS
from repro.instruments.diagnose.symptoms.symptom import Symptoms, detect, percent

BINARY = {0.0, 1.0}
ABSOLUTE_LOSSES = (
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "huber",
    "huber_loss",
    "log_cosh",
    "mean_squared_logarithmic_error",
)
GRADIENTS = {
    "mean_absolute_percentage_error": (
        "each error is divided by its target, so that rows with targets near 0 decide"
    ),
    "mean_squared_logarithmic_error": "its gradient fades as predictions grow",
    "huber": "its gradient stops growing with errors beyond its delta",
    "huber_loss": "its gradient stops growing with errors beyond its delta",
    "log_cosh": "its gradient stops growing with errors beyond 1",
}
"""What becomes of the gradient of these losses; that of others of numbers is a sign alone."""
FOREIGN_LOSSES = (
    "cosine_similarity",
    "hinge",
    "squared_hinge",
    "categorical_hinge",
    "kl_divergence",
)
"""Losses of directions, classes and shares."""
READS_NO_NEGATIVES = ("mean_squared_logarithmic_error", "poisson")
NUMBER_LOSSES = ("mean_squared_error", *ABSOLUTE_LOSSES)
READERS = {3: ("Conv1D", "LSTM", "GRU", "SimpleRNN"), 4: ("Conv2D", "SeparableConv2D")}
"""Layers that take the last axis for channels, by the axes of their inputs."""
MOST_CHANNELS = 4
HALF_OF_VARIANCE = 0.5
MOST_ROWS, MOST_COLUMNS = 1024, 512  # of the targets, whose components are counted
UNSUMMED = 0.01  # so far from 1, the sum of a row's targets is no rounding


def pairing_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Look for a loss that takes a batch's targets in any order, and rows without a gradient."""
    own = examination.own_loss
    if own is None and setup.compiled.own_loss:
        yield from detect("own_loss", 1, "the loss is a function of your own")
    if own is None or not own.by_shape > LEAST_CHANGE:
        text = "the loss stays the same if the targets of a batch change places among its rows"
        yield from detect("unpaired", examination.by_pairing, text)
    if examination.undefined is not None:
        count, rows = len(examination.undefined.rows), len(setup.train[1])
        text = f"the loss of {count:,} of {rows:,} rows is a number, and its gradient is NaN"
        yield from detect("undefined_gradient", count / rows, text)


def target_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Compare loss and metrics with the targets of a regression."""
    yield from _metric_symptoms(setup, examination)
    if setup.task.kind != "regression":
        return
    y, loss = setup.targets, setup.compiled.loss
    if setup.compiled.wants_accuracy:
        text = "accuracy is asked for, the targets are numbers"
        yield from detect("accuracy_metric", 1, text)
    if "crossentropy" in loss and (y.min() < 0 or y.max() > 1):
        text = f"y runs from {y.min():.3g} to {y.max():.3g}"
        if are_shares_otherwise(y):
            yield from detect("labels_encoding", 1, f"{loss} wants 0 to 1, {text}")
        else:
            yield from detect("loss_task", 1, f"loss {loss} is for classes, {text}")
    negative = float((y < 0).mean())
    if loss in READS_NO_NEGATIVES and negative > 0:
        text = f"{loss} takes numbers below 0 for 0, and {percent(negative)} of the targets are"
        yield from detect("loss_task", negative, text)
    tail = long_tail(y)
    text = f"the skewness of the targets is {tail:.2g}, and that of their logarithm below {EVEN:g}"
    yield from detect("long_tail", tail, text)
    yield from _far_targets(y)
    yield from _unit_symptoms(setup, examination)
    if spreads := setup.task.spreads:
        text = f"target columns deviate by {min(spreads):.3g} to {max(spreads):.3g}"
        yield from detect("target_sizes", max(spreads) / min(spreads), text)
        return
    rms = float(np.sqrt((y**2).mean()))
    text = f"the targets' root mean square is {rms:.3g}"
    yield from list(detect("target_scale", rms, text)) or detect("target_tiny", rms, text)


def _far_targets(y: Array) -> Symptoms:
    """Look for targets far from most others: typing errors, codes of what is missing."""
    if y.shape[1] > 1 and are_pixels(y):
        return
    low, high = np.quantile(y, (0.25, 0.75), axis=0)
    spread = np.where(high > low, high - low, np.inf)
    distance = float((np.maximum(y - high, low - y) / spread).max())
    text = f"a target lies {distance:,.0f} times as far from the quartiles as these from one "
    yield from detect("target_outliers", distance, f"{text}another")


def _unit_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Compare the quartiles of the targets in training and validation."""
    pair = setup.targets, setup.test_targets
    spread, spread_test = (np.subtract(*np.quantile(y, (0.75, 0.25), axis=0)) for y in pair)
    known = (spread > 0) & (spread_test > 0)
    if setup.tested_on != "validation data" or not known.any():
        return
    ratios = spread_test[known] / spread[known]
    ratio = float(ratios[np.abs(np.log(ratios)).argmax()])
    text = (
        f"the quartiles of the validation targets lie {ratio:.3g} times as far apart as those of "
    )
    differ = list(detect("targets_differ", max(ratio, 1 / ratio), f"{text}the training targets"))
    medians = np.median(pair[1], axis=0) - np.median(pair[0], axis=0)
    apart = float((np.abs(medians[known]) / spread[known]).max())
    text = f"the median of the validation targets lies {apart:.2g} times as far from that of the "
    text += "training targets as their quartiles from one another"
    # where inputs lie elsewhere, too, targets may well follow them
    inputs = examination.inputs
    follows = inputs and DEFINITIONS["feature_shifted"].is_met(inputs.shifted_feature)
    yield from differ or detect("targets_apart", np.nan if follows else apart, text)


def _metric_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Compare the accuracies that are asked for with how the labels are written."""
    if (blind := examination.blind_metric) is not None:
        text = (
            f"{blind.name} is {blind.value:.3g} for right predictions and for those of other rows"
        )
        yield from detect("metric_blind", 1, text)
    columns = setup.targets.shape[1]
    wrong = "categorical_accuracy" if columns == 1 else "sparse_categorical_accuracy"
    if setup.task.classes and wrong in setup.compiled.metrics:
        text = f"{wrong} is asked for, and the labels have {counted(columns, 'column')}"
        yield from detect("metric_labels", 1, text)


def output_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Compare the output's activation with the targets."""
    output = setup.output
    if output is None:
        return
    yield from _joint_symptoms(setup)
    count = setup.outputs_a_target
    text = f"the output has shape {setup.output_shape[1:]}, so {count:,} outputs for each target"
    yield from detect("output_axes", count, text)
    if "crossentropy" in setup.compiled.loss:
        yield from _entropy_symptoms(setup, output)
    yield from _class_symptoms(setup, output)
    yield from _loss_symptoms(setup)
    if examination is not None and examination.own_loss is not None:
        yield from _own_loss_symptoms(examination.own_loss)
    if examination is not None:
        yield from _flow_symptoms(examination)
    yield from _reach_symptoms(setup, output, int(setup.output_shape[-1] or 1))


def _joint_symptoms(setup: Setup) -> Symptoms:
    """Look at what this output's loss counts for beside those of the others."""
    weight, joint = setup.compiled.loss_weight, setup.joint
    text = f"the weight of this output's loss among the outputs' is {weight:g}"
    yield from detect("loss_weight", weight, text)
    if joint is not None:
        text = f"{percent(joint.share)} of the sum of all outputs' losses is that of {joint.name}"
        yield from detect("drowned", joint.share, text)


def _flow_symptoms(examination: Examination) -> Symptoms:
    """Look for what lets no input through to the output, or no gradient back."""
    erased, cut, untracked = examination.erased, examination.cut, examination.untracked
    if untracked is not None:
        text = (
            f"{counted(untracked.numbers, 'number')} in {', '.join(untracked.names)} take part in "
        )
        text += "predictions and aren't among the model's weights"
        yield from detect("untracked", len(untracked.names), text)
    if (crossing := examination.crossing) is not None:
        text = f"{crossing.kind} puts out something else for a row if the other rows change"
        yield from detect("crossing", 1, text)
    if erased is not None:
        yield from detect("erased", 1, f"{erased.kind} puts out the same for every row")
    if cut is not None:
        text = f"no gradient gets through {cut.kind}, and none reaches "
        text += ", ".join(cut.layers)
        yield from detect("gradient_cut", len(cut.layers), text)


def _entropy_symptoms(setup: Setup, output: Site) -> Symptoms:
    """Compare a cross-entropy with how the labels are written."""
    loss, labels = setup.compiled.loss, setup.task.labels
    if loss.startswith("binary") and len(labels) > len(BINARY):
        text = f"{loss} tells two classes, y has {len(labels)}"
        yield from detect("loss_task", len(labels), text, output.label)
    elif "binary" in loss and labels and not set(labels) <= BINARY:
        text = f"{loss} wants labels 0 and 1, y has {', '.join(f'{v:g}' for v in labels)}"
        yield from detect("labels_encoding", 1, text)


def _loss_symptoms(setup: Setup) -> Symptoms:
    """Name a loss that learns more slowly than the usual one for such targets."""
    loss, kind = setup.compiled.loss, setup.task.kind
    if kind == "classification" and not is_class_loss(loss) and loss in NUMBER_LOSSES:
        text = f"{loss} on classes: its gradient is flat where the network is wrong and sure"
        yield from detect("squared_classes", 1, text)
    elif kind == "regression" and loss in ABSOLUTE_LOSSES:
        text = f"{loss}: {GRADIENTS.get(loss, 'its gradient says which way, but not how far')}"
        yield from detect("absolute_loss", 1, text)
    elif kind == "regression" and loss in FOREIGN_LOSSES:
        text = f"{loss} on numbers: it is least for other predictions than the numbers themselves"
        yield from detect("foreign_loss", 1, text)


def _own_loss_symptoms(own: OwnLoss) -> Symptoms:
    """Look at what a loss of the user's own says of right and of wrong predictions."""
    text = f"the loss of wrong predictions is {-own.excess:.2g} below that of right ones"
    reversed_loss = list(detect("loss_reversed", own.excess, text))
    text = f"the loss of {SUMMED} rows is {own.growth:.3g} times the mean of theirs"
    yield from reversed_loss or detect("loss_summed", own.growth, text)
    text = (
        f"the loss changes by {percent(own.by_shape)} if the same targets are one column, as the "
    )
    yield from detect("loss_pairs", own.by_shape, f"{text}outputs are")
    if not reversed_loss:
        yield from detect("own_loss", 1, "the loss is a function of your own")


def _class_symptoms(setup: Setup, output: Site) -> Symptoms:
    """Compare an output or a loss for one class a row with labels and output."""
    loss, name = setup.compiled.loss, output.activation
    one_class = name == "softmax" or loss.startswith("categorical")
    if one_class and setup.task.several and len(setup.output_shape) == 2:
        share = float(np.mean(setup.targets.sum(axis=1) != 1))
        text = f"{output.label}: {name} with {loss} is for one class a row, {percent(share)} "
        yield from detect(
            "loss_output", share, f"{text}of the rows have none or several", output.label
        )


def _reach_symptoms(setup: Setup, output: Site, units: int) -> Symptoms:
    y, name = setup.targets, output.activation
    if "sparse" in setup.compiled.loss or y.shape[1] != units:
        return
    low, high = REACH.get(name, (-np.inf, np.inf))
    outside, targets = float(np.mean((y < low) | (y > high))), "targets"
    if not outside and setup.tested_on == "validation data":  # later ones of a trend, say
        y, targets = setup.test_targets, "validation targets"
        outside = float(np.mean((y < low) | (y > high)))
    text = f"{output.label}: {percent(outside)} of the {targets} ({y.min():.3g} to {y.max():.3g}) "
    text += f"lie outside of what {name} can put out ({low:g} to {high:g})"
    if name == "softmax" and not outside and units > 1 and setup.task.kind == "regression":
        outside = float(np.mean(np.abs(y.sum(axis=1) - 1) > UNSUMMED))
        text = f"{output.label}: the targets of {percent(outside)} of the rows don't sum to 1, as "
        text += "what softmax puts out does"
    yield from detect("unreachable", outside, text, output.label)


def axis_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Look for channels where rows of pixels, or steps, are expected."""
    x = leaves(setup.train[0])[0]
    reading = [o for o in setup.operations if type(o).__name__ in READERS.get(x.ndim, ())]
    is_moved = any(type(o).__name__ in ("Permute", "Reshape") for o in setup.operations)
    if (
        is_moved
        or not reading
        or getattr(reading[0], "data_format", "channels_last") != "channels_last"
    ):
        return
    first, last = x.shape[1], x.shape[-1]
    text = f"a row has shape {x.shape[1:]}, and {type(reading[0]).__name__} takes the {last} for "
    text += f"channels and the {first} for positions"
    if first <= MOST_CHANNELS:
        yield from detect("channels_first", last / first, text)


def hidden_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Look for a missing hidden layer, and for a bottleneck."""
    is_alone = setup.sites and not setup.hidden and setup.output is not None
    if is_alone and not own_matrices(setup.operations):
        gap = examination.neighbours - examination.linear
        text = f"no hidden layer; the nearest rows tell more than ridge regression ({gap:+.2f})"
        yield from detect("no_hidden", gap, text)
    passed = [site for site in setup.hidden if site.position not in setup.bypassed]
    hidden = [site for site in passed if site.has_units] + narrow_embeddings(setup)
    if hidden:
        passing = {site.label: _passing(setup, site) for site in hidden}
        thin, classes = min(passing, key=lambda label: passing[label]), setup.task.classes
        units = passing[thin]
        text = f"{thin} passes on {counted(units, 'number')} for "
        text += f"{classes} classes" if classes else _regression(setup)
        yield from detect("narrow", units / _units_needed(setup), text, thin)


def narrow_embeddings(setup: Setup) -> list[Site]:
    """Return the embeddings that pass on fewer numbers of a row than are needed."""
    needed = _units_needed(setup)
    sites = [site for site in embedding_sites(setup) if site.position not in setup.bypassed]
    return [site for site in sites if _passing(setup, site) < needed]


def _passing(setup: Setup, site: Site) -> int:
    """Return how many numbers of a row a layer passes on, after pooling where that follows it."""
    if not setup.operations or site.kind == "Dense":
        return site.units
    following = [s.position for s in setup.sites if s.position > site.position]
    stop = min(following, default=len(setup.operations))
    places = set(range(site.position, stop)) - setup.bypassed
    shapes = [setup.shapes[place][1:] for place in sorted(places)]
    # of a layer that puts out states, too, no shape is known: its units count then
    known = [shape for shape in shapes if shape and None not in shape]
    sizes = [math.prod(map(int, shape)) for shape in known]  # type: ignore[arg-type]
    return min(sizes, default=site.units)


def _regression(setup: Setup) -> str:
    columns = setup.targets.shape[1]
    if columns == 1:
        return "a regression"
    return f"{columns} targets, half of whose variance takes {_components(setup.targets)}"


def _units_needed(setup: Setup) -> int:
    """Return how few numbers tell the classes apart, or half of the variance of many targets."""
    classes = setup.task.classes
    if not classes and setup.targets.shape[1] > 1:
        return max(2, _components(setup.targets))
    return max(2, math.ceil(math.log2(max(classes, 1))), classes // 3 + 1)


def _components(y: Array) -> int:
    """Return how many principal components hold half of the variance of the targets."""
    y = np.asarray(y[:MOST_ROWS, :MOST_COLUMNS], float)
    variances = np.linalg.svd(y - y.mean(axis=0), compute_uv=False) ** 2
    shares = variances.cumsum() / max(float(variances.sum()), 1e-12)
    return int((shares < HALF_OF_VARIANCE).sum()) + 1


def call_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Look at which steps outputs are made of, and at losses that layers add."""
    if examination.sides is not None:
        unread = examination.sides.unread
        text = f"what is put out for a step doesn't depend on the steps {' and '.join(unread)} it"
        yield from detect("unread_steps", len(unread), text)
    adding = examination.adding
    text = f"{', '.join(adding)} adds a loss to that of the targets"
    yield from detect("added_loss", len(adding), text)


def settings_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Look at batch size and biases."""
    import keras

    rows = len(setup.train[1])
    if rows > FEW_ROWS:
        text = f"batches of {setup.batch_size} of {rows} rows: {setup.steps} steps in "
        text += f"{setup.epochs} epochs"
        yield from detect("large_batch", setup.batch_size / rows, text)
        text = f"batches of {counted(setup.batch_size, 'row')}"
        yield from detect("few_in_batch", setup.batch_size, text)
    layers = list(setup.build()._flatten_layers(include_self=False))
    if any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers):
        text = f"batch normalization over {counted(setup.batch_size, 'row')}"
        yield from detect("batch_norm_alone", setup.batch_size, text)
    with_choice = [layer for layer in layers if hasattr(layer, "use_bias")]
    if with_choice and not any(layer.use_bias for layer in with_choice):
        empty = float((setup.inputs == 0).all(axis=1).mean())
        text = f"no layer has a bias; {percent(empty)} of the rows are all zero"
        yield from detect("no_bias", empty, text)
