"""Symptoms that can be read off a model and its compile arguments, before any data."""

import math
from typing import Any, Protocol

import numpy as np

from repro.findings.wording import counted
from repro.instruments.diagnose.changes.edits import skipped_share, softmax_of_one
from repro.instruments.diagnose.setup.anatomy import (
    ACROSS_ROWS,
    CLIPPED,
    NORMALIZATIONS,
    PROBABILITIES,
    REACH,
    SATURATING,
    Site,
    activation_name,
    operation_name,
    own_matrices,
)
from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.compiled import (
    Compiled,
    share_of_rate_left,
    share_of_rate_reached,
)
from repro.instruments.diagnose.setup.preprocessing import is_unadapted
from repro.instruments.diagnose.symptoms.definitions import (
    FEWEST_LAYERS,
    USUAL_LOSSES,
    USUAL_RATES,
    USUAL_SETTINGS,
    WIDEST_USUAL,
)
from repro.instruments.diagnose.symptoms.symptom import Symptoms, detect, percent

NOISES = ("Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", *NORMALIZATIONS)
FIXED = (
    "Normalization",
    "BatchNormalization",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
)
"""Layers that may well be kept from training, or whose numbers are no weights."""
RECURRENT = ("LSTM", "GRU", "SimpleRNN")
REDUCTIONS = ("Mean", "Max", "Sum", "ReduceMean", "ReduceMax", "ReduceSum")
TURNING = ("Flip", "Reverse", "GetItem", "Lambda")
"""Operations that may put backward steps into their order."""
LOGARITHMIC = ("poisson",)
"""Losses that take the logarithm of predictions, and that predictions of 0 or less make NaN."""
FEWEST_WEIGHTS = 25  # of fewer, a mean far from 0 may be chance
FEWEST_DRAWN = 3  # of which hardly ever all are small by chance
HALVES = np.sqrt(2.0)  # by which ReLU makes the root mean square of a layer's sums smaller


class Program(Protocol):
    """A model and its compile arguments, read; the data may be unknown."""

    @property
    def compiled(self) -> Compiled:
        """The arguments of `compile`."""

    @property
    def sites(self) -> tuple[Site, ...]:
        """The layers with weights."""

    @property
    def hidden(self) -> tuple[Site, ...]:
        """All but the output."""

    @property
    def output(self) -> Site | None:
        """The layer that makes the prediction, if it is known."""

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """The shape of the predictions, rows first."""

    @property
    def operations(self) -> list[Any]:
        """The model's operations in the order in which they run."""

    @property
    def shapes(self) -> list[tuple[int | None, ...]]:
        """The shapes that the operations put out, rows first."""

    @property
    def unread_inputs(self) -> tuple[int, ...]:
        """The places of the inputs from which no path leads to the output."""

    @property
    def steps(self) -> int:
        """Steps of one training."""

    @property
    def optimizer(self) -> Any:
        """The optimizer, as the user set it."""


def written_symptoms(program: Program) -> Symptoms:
    """Look at output, loss, layers, initial weights, penalties and rate."""
    if program.output is not None:
        yield from _output_symptoms(program, program.output)
        yield from _metric_symptoms(program, program.output)
    if program.compiled.summed:
        text = f"{program.compiled.loss} is made with reduction='sum'"
        yield from detect("sum_reduction", 1, text)
    yield from _loss_symptoms(program)
    yield from _layer_symptoms(program)
    yield from _weight_symptoms(program)
    yield from _penalty_symptoms(program)
    yield from _average_symptoms(program)
    yield from _unadapted_symptoms(program)
    yield from _rate_symptoms(program)
    yield from _optimizer_symptoms(program)
    yield from _gathering_symptoms(program)


def _metric_symptoms(program: Program, output: Site) -> Symptoms:
    """Look for metrics that read the output in another way than it is meant."""
    exact, units = program.compiled.exact_metrics, int(program.output_shape[-1] or 1)
    if output.activation in PROBABILITIES or program.compiled.from_logits:
        text = f"{', '.join(exact)} compares predictions with labels for equality, and the output "
        yield from detect("metric_exact", len(exact), f"{text}is no whole number")
    if output.activation == "softmax" and "binary_accuracy" in program.compiled.metrics:
        text = f"binary_accuracy counts each of {units} units by itself, of which one is named"
        yield from detect("metric_units", units, text)


def _output_symptoms(program: Program, output: Site) -> Symptoms:
    units, loss, name = int(program.output_shape[-1] or 1), program.compiled.loss, output.activation
    if name == "softmax":
        text = f"{output.label}: softmax over one unit is always 1"
        yield from detect("softmax_one_unit", units, text)
    if "crossentropy" in loss:
        yield from _entropy_symptoms(program, output, units)
    low, _ = REACH.get(name, (-np.inf, np.inf))
    yield from _share_symptoms(program, output, units)
    if loss in LOGARITHMIC and low < 0:
        text = f"{output.label}: {loss} takes the logarithm of predictions, {name} also puts out "
        yield from detect("loss_output", 1, f"{text}negative ones", output.label)
    if name == ACROSS_ROWS:
        text = f"{output.label}: this softmax is taken along another axis than that of the classes"
        yield from detect("softmax_axis", 1, text, output.label)
    if name in CLIPPED and not _names_behind(program, output):
        text = f"{output.label}: the output is a {name}"
        yield from detect("relu_output", 1, text, output.label)
    yield from _behind_output_symptoms(program, output)


def _loss_symptoms(program: Program) -> Symptoms:
    """Compare the settings of a loss of Keras' with those in use."""
    for name, (low, high) in USUAL_LOSSES.items():
        value = program.compiled.settings.get(name, low)
        if not low <= value <= high:
            text = f"{program.compiled.loss} has a {name} of {value:g}; {low:g} to {high:g} are "
            yield from detect("odd_loss", 1, f"{text}in use")


def _entropy_symptoms(program: Program, output: Site, units: int) -> Symptoms:
    """Compare a cross-entropy with the output's activation and number of units."""
    loss, logits = program.compiled.loss, program.compiled.from_logits
    name, label = (output.activation, *_names_behind(program, output))[-1], output.label
    if not logits and name not in (*PROBABILITIES, ACROSS_ROWS):
        text = f"{label}: {loss} takes probabilities, {name} puts out none"
        yield from detect("loss_output", 1, text, label)
    if logits and name != "linear":
        text = f"{label}: {loss} from logits, but the output is a {name}"
        yield from detect("loss_output", 1, text, label)
    if "categorical" in loss and units == 1 and name != "softmax":
        text = f"{label}: {loss} needs a unit for each class, the output has one"
        yield from detect("loss_output", 1, text, label)
    elif loss.startswith("categorical") and name == "sigmoid":
        text = f"{label}: {loss} wants probabilities that sum to 1, not sigmoids"
        yield from detect("loss_output", 1, text, label)


def _share_symptoms(program: Program, output: Site, units: int) -> Symptoms:
    """Look for a loss that compares shares or directions where the output puts out none."""
    loss, name, label = program.compiled.loss, output.activation, output.label
    is_shares = "softmax" in (name, *_names_behind(program, output)) and units > 1
    if loss == "kl_divergence" and not is_shares:
        text = f"{label}: {loss} compares shares that sum to 1, and {name} of "
        text += f"{counted(units, 'unit')} is none"
        yield from detect("loss_output", 1, text, label)
    if loss == "cosine_similarity" and units == 1:
        text = f"{label}: {loss} compares directions, and one number has no more than a sign"
        yield from detect("loss_output", 1, text, label)


def _names_behind(program: Program, output: Site) -> list[str]:
    """Return the names of the activations behind the output's own."""
    rest = program.operations[output.activated_at + 1 :]
    return [name for name in map(operation_name, rest) if name and name != "linear"]


def _behind_output_symptoms(program: Program, output: Site) -> Symptoms:
    """Look at what stands behind the output's activation: nothing should."""
    rest = program.operations[output.activated_at + 1 :]
    names = _names_behind(program, output)
    if names and output.activation != "linear":
        text = f"{output.label}: a {names[0]} of a {output.activation}"
        yield from detect("double_activation", len(names), text, output.label)
    noises = [operation for operation in rest if type(operation).__name__ in NOISES]
    if noises:
        text = f"{type(noises[0]).__name__} stands behind the output and changes predictions"
        yield from detect("output_noise", len(noises), text, output.label)


def _layer_symptoms(program: Program) -> Symptoms:
    hidden = program.hidden
    linear = [site.label for site in hidden if site.activation == "linear"]
    if len(linear) == len(hidden):
        text = f"no activation on {', '.join(linear)}"
        yield from detect("linear_stack", len(linear), text)
    output = program.output.activated_at if program.output else -1
    ones = [o for i, o in enumerate(program.operations) if i != output and softmax_of_one(o)]
    text = f"{counted(len(ones), 'softmax')} inside the network is over a single number, and so 1"
    yield from detect("softmax_of_one", len(ones), text)
    soft = [site.label for site in hidden if site.activation == "softmax"]
    text = f"softmax on {', '.join(soft)}, a hidden layer: its units share an output of 1"
    yield from detect("hidden_softmax", len(soft), text)
    curved = [site for site in hidden if site.is_plain and site.activation in SATURATING]
    if len(curved) == len(hidden):
        text = f"{len(curved)} hidden layers of {' and '.join({s.activation for s in curved})}"
        yield from detect("curved_stack", len(curved), text)
    rates = [rate for o in program.operations for rate in dropped_shares(o)]
    if rates:
        yield from detect("dropout", max(rates), f"dropout of {percent(max(rates))}")
        cut = 1 - float(np.prod(1 - np.array(rates)))
        places = counted(sum(rate > 0 for rate in rates), "place")
        text = (
            f"dropout in {places} cuts {percent(cut)} of the paths from input to output in a step"
        )
        yield from detect("dropped_paths", cut, text)
    yield from _unread_symptoms(program)
    yield from _state_symptoms(program)
    backward = backward_places(program.operations)
    text = f"{counted(len(backward), 'layer')} with go_backwards puts out the last step first"
    yield from detect("backward_steps", len(backward), text)
    yield from _precision_symptoms(program)
    yield from _frozen_symptoms(program)
    yield from _random_symptoms(program)
    yield from _pooling_symptoms(program)


def _unread_symptoms(program: Program) -> Symptoms:
    unread = program.unread_inputs
    numbers = ", ".join(str(1 + place) for place in unread)
    text = f"no path leads from input {numbers} (counted from 1) to the output"
    yield from detect("unread_input", len(unread), text)


def _precision_symptoms(program: Program) -> Symptoms:
    half = [o for o in program.operations if any(v.dtype == "float16" for v in _weights(o))]
    text = f"the weights of {counted(len(half), 'layer')} are float16"
    yield from detect("half_precision", len(half), text)


def _weights(operation: Any) -> list[Any]:
    return list(getattr(operation, "trainable_variables", ()))


def _state_symptoms(program: Program) -> Symptoms:
    """Look for recurrent layers whose state may grow with every step."""
    recurrent = [site for site in program.sites if site.kind in RECURRENT]
    names = {
        site.label: activation_name(program.operations[site.position].activation)
        for site in recurrent
    }
    growing = {
        label: name for label, name in names.items() if REACH.get(name, (0, np.inf))[1] == np.inf
    }
    text = ", ".join(f"{label} has {name} for tanh" for label, name in growing.items())
    yield from detect("unbounded_state", len(growing), text)


def backward_places(operations: list[Any]) -> list[int]:
    """Return the recurrent layers that put out all steps backwards, where nothing turns them."""
    if any(type(o).__name__ in TURNING for o in operations):
        return []
    return [
        place
        for place, o in enumerate(operations)
        if getattr(o, "go_backwards", False) and getattr(o, "return_sequences", False)
    ]


def dropped_shares(operation: Any) -> list[float]:
    """Return the rates at which a layer drops inputs, activations or its own state."""
    names = ["rate"] if "Dropout" in type(operation).__name__ else ["dropout", "recurrent_dropout"]
    rates = [getattr(operation, name, None) for name in names]
    return [float(rate) for rate in rates if isinstance(rate, int | float)]


def _frozen_symptoms(program: Program) -> Symptoms:
    labels = {site.position: site.label for site in program.sites}
    frozen = [
        labels.get(i, type(operation).__name__)
        for i, operation in enumerate(program.operations)
        if getattr(operation, "weights", ()) and _is_frozen(operation)
    ]
    text = f"{', '.join(frozen)}: trainable is False, so the first weights stay"
    yield from detect("frozen", len(frozen), text)


def _is_frozen(operation: Any) -> bool:
    """Tell whether a layer, or a model in its place, keeps weights from training that it could."""
    kind = type(operation).__name__
    return kind not in FIXED and not getattr(operation, "trainable_variables", ())


def _random_symptoms(program: Program) -> Symptoms:
    """Look at what is drawn anew in every step: dropout is looked at elsewhere."""
    noises = [o.stddev for o in program.operations if type(o).__name__ == "GaussianNoise"]
    if noises:
        text = f"noise of a deviation of {max(noises):g} is added"
        yield from detect("noise", max(noises), text)
    kinds = [type(o).__name__ for o in _all_layers(program.operations)]
    augments = [kind for kind in kinds if kind.startswith("Random")]
    text = f"{', '.join(augments)}: training sees no input as it is"
    yield from detect("augmentation", len(augments), text)


def _all_layers(operations: list[Any]) -> list[Any]:
    nested = [getattr(o, "_flatten_layers", lambda o=o: [o])() for o in operations]
    return [layer for layers in nested for layer in layers]


def _skips_positions(operation: Any) -> bool:
    strides = np.ravel(getattr(operation, "strides", 1) or 1)
    kind = type(operation).__name__
    is_convolution = kind.startswith("Conv") and "Transpose" not in kind
    return "Pooling" in kind or (is_convolution and bool((strides > 1).any()))


def pointwise_sites(program: Program) -> list[Site]:
    """Return the convolutions of a network that lets no two positions meet before it pools them."""
    kinds = [type(o).__name__ for o in program.operations]
    readers = [site for site in program.sites if site.kind.startswith("Conv")]
    sizes = [np.ravel(program.operations[site.position].kernel_size) for site in readers]
    is_pooled = any(kind.startswith("Global") or kind in REDUCTIONS for kind in kinds)
    meets = {*RECURRENT, "Bidirectional", "MultiHeadAttention", "Attention", "Flatten", "Reshape"}
    is_pointwise = all((size == 1).all() for size in sizes)
    return readers if is_pooled and is_pointwise and not meets & set(kinds) else []


def _pooling_symptoms(program: Program) -> Symptoms:
    """Look at how many positions of an image or a sequence pooling and strides leave."""
    pointwise = [site.label for site in pointwise_sites(program)]
    text = f"{', '.join(pointwise)}: windows of a single position, in front of pooling over all"
    yield from detect("pointwise", len(pointwise), text)
    skipped = max(map(skipped_share, program.operations), default=0.0)
    text = f"strides longer than the window leave {percent(skipped)} of the positions unread"
    yield from detect("skipped", skipped, text)
    pooled = [i for i, operation in enumerate(program.operations) if _skips_positions(operation)]
    if not pooled:
        return
    first, last = pooled[0], program.operations[pooled[-1]]
    inputs = program.shapes[first - 1] if first else tuple(program.operations[0].input.shape)
    outputs = program.shapes[pooled[-1]]
    if None in (*inputs[1:], *outputs[1:]):
        return
    positions, left = (math.prod(int(side or 1) for side in s[1:-1]) for s in (inputs, outputs))
    if "Global" in type(last).__name__:
        left = 1
    text = f"pooling and strides leave {left} of {positions:,} positions"
    if positions > 1:
        yield from detect("pooled", left, text)


def _weight_symptoms(program: Program) -> Symptoms:
    """Compare initial weights with those that pass a signal on at its size."""
    kernels = {site.label: _kernel(program.operations[site.position]) for site in program.sites}
    kernels |= _own_kernels(program)
    for label, kernel in kernels.items():
        gain, share = _gain(kernel), _share_of_glorot(kernel)
        text = f"{label}: initial weights make sums {gain:.3g} times as large as the inputs"
        large = list(detect("weights_large", gain, text, label))
        text = f"{label}: initial weights are {share:.2g} times as large as Glorot's"
        yield from large or detect("weights_small", share, text, label)
        offset = _offset(kernel)
        text = f"{label}: the mean of the initial weights is {percent(offset)} of their root "
        text += "mean square, so that nearly all have one sign"
        yield from detect("weights_one_sign", offset, text, label)
    for name, table in _own_kernels(program).items():
        is_alike = float((np.ptp(table, axis=-1) == 0).all())
        yield from detect("own_alike", is_alike, f"{name}: all units start alike", name)
    # the first layer may have few inputs, and so small sums, by its nature
    deeper = [site for site in program.hidden[1:] if site.activation in CLIPPED]
    factors = [_gain(kernels[site.label]) / HALVES for site in deeper]
    if len(factors) >= FEWEST_LAYERS and all(factor > 0 for factor in factors):
        forecast = float(np.prod(factors))
        text = f"initial weights multiply a signal by {forecast:.2g} on its way through "
        text += f"{len(factors)} ReLU layers"
        small = list(detect("signal_forecast_small", forecast, text))
        yield from small or detect("signal_forecast_large", forecast, text)


def _own_kernels(program: Program) -> dict[str, Array]:
    """Return the tables of weights of layers of the user's own by name, as `_kernel` does."""
    known = {id(v) for s in program.sites for v in _weights(program.operations[s.position])}
    tables = [v for v in own_matrices(program.operations) if id(v) not in known]
    values = {v.path: np.asarray(v, float).reshape(-1, v.shape[-1]) for v in tables}
    return {name: table for name, table in values.items() if min(table.shape) > 1}


def _kernel(layer: Any) -> Array:
    """Return a layer's kernel as (inputs of a unit, units); empty if it has none."""
    kernels = [v for v in layer.weights if v.name == "kernel"]
    if not kernels:
        return np.empty((0, 0))
    return np.asarray(kernels[0], float).reshape(-1, kernels[0].shape[-1])


def _gain(kernel: Array) -> float:
    """Return the root mean square of the weights times the root of a unit's inputs."""
    return float(np.sqrt((kernel**2).mean() * len(kernel))) if kernel.size else np.nan


def _offset(kernel: Array) -> float:
    """Return the mean of the weights over their root mean square, without its sign."""
    if kernel.size < FEWEST_WEIGHTS or not kernel.any():
        return np.nan
    return float(abs(kernel.mean()) / np.sqrt((kernel**2).mean()))


def _share_of_glorot(kernel: Array) -> float:
    """Return the root mean square of the weights over that of Glorot's for such a layer.

    One or two weights may be small by the draw: then it is NaN, unless all are 0.
    """
    if kernel.size < FEWEST_DRAWN and kernel.any():
        return np.nan
    return float(np.sqrt((kernel**2).mean() * sum(kernel.shape) / 2)) if kernel.size else np.nan


def penalized_variables(operations: list[Any]) -> list[Any]:
    """Return the weights that a penalty is put on."""
    variables = [v for o in operations for v in getattr(o, "trainable_variables", ())]
    return [v for v in variables if getattr(v, "regularizer", None) is not None]


def _penalty_symptoms(program: Program) -> Symptoms:
    penalized = penalized_variables(program.operations)
    if penalized:
        penalty = sum(float(np.asarray(v.regularizer(v))) for v in penalized)
        text = f"the penalty on the first weights is {penalty:.3g}, beside the loss itself"
        yield from detect("penalty", penalty, text)
    held = [
        operation
        for operation in program.operations
        if getattr(operation, "kernel_constraint", None) is not None
    ]
    text = f"{', '.join(type(o.kernel_constraint).__name__ for o in held)} holds the weights"
    yield from detect("constraint", len(held), text)
    strengths = [_activity_strength(operation) for operation in program.operations]
    strongest = max(strengths, default=0.0)
    text = f"a penalty of {strongest:g} on the activations"
    yield from detect("activity_penalty", strongest, text)
    decay = float(getattr(program.optimizer, "weight_decay", None) or 0)
    yield from detect("weight_decay", decay, f"weight decay of {decay:g}")
    shortest = shortest_clip(program.optimizer)
    yield from detect("tiny_clip", shortest, f"gradients are clipped to {shortest:g}")


def _gathering_symptoms(program: Program) -> Symptoms:
    """Look at how often weights are changed, where gradients of several batches are gathered."""
    batches = int(getattr(program.optimizer, "gradient_accumulation_steps", None) or 1)
    if batches > 1:
        updates = program.steps / batches
        text = f"gradients of {batches} batches are gathered for one update of the weights, so that"
        yield from detect("gathered", updates, f"{text} {program.steps:,} steps make {updates:.0f}")


def shortest_clip(optimizer: Any) -> float:
    """Return the least length or value that gradients are clipped to; NaN if they aren't."""
    names = ("clipnorm", "clipvalue", "global_clipnorm")
    clips = [getattr(optimizer, name, None) for name in names]
    return min((float(clip) for clip in clips if clip is not None), default=np.nan)


def _activity_strength(operation: Any) -> float:
    penalty = getattr(operation, "activity_regularizer", None)
    return max((float(np.asarray(getattr(penalty, name, 0.0))) for name in ("l1", "l2")), default=0)


def _optimizer_symptoms(program: Program) -> Symptoms:
    """Compare the optimizer's other settings with Keras' defaults."""
    usual = type(program.optimizer)().get_config()
    config = program.optimizer.get_config()
    for name, (low, high) in USUAL_SETTINGS.items():
        value = config.get(name)
        if isinstance(value, int | float) and value != usual.get(name) and not low <= value <= high:
            text = f"{program.compiled.optimizer}'s {name} of {value:g}, where {usual[name]:g} is "
            yield from detect("odd_settings", 1, f"{text}the default")


def _unadapted_symptoms(program: Program) -> Symptoms:
    count = sum(is_unadapted(layer) for layer in program.operations)
    yield from detect("unadapted", count, "a Normalization layer has not seen any data")


def _average_symptoms(program: Program) -> Symptoms:
    """Look at how much of their first values the averages of batch normalization keep."""
    layers = [o for o in program.operations if type(o).__name__ == "BatchNormalization"]
    if layers:
        momentum = max(float(layer.momentum) for layer in layers)
        left = momentum**program.steps
        text = f"after {program.steps:,} steps batch normalization's averages, at a momentum of "
        text += f"{momentum:g}, are still made of their first values by {percent(left)}"
        yield from detect("averages_lag", left, text)


def _rate_symptoms(program: Program) -> Symptoms:
    """Compare the rate with the range that is usual for the optimizer."""
    name, rate = program.compiled.optimizer, program.compiled.rate
    low, high = USUAL_RATES.get(name, WIDEST_USUAL)
    text = f"{name}'s rate {rate:g} is above the largest that is usual for it, {high:g}"
    yield from detect("rate_above_usual", rate / high, text)
    place = "below" if rate < low else "at"
    text = f"{name}'s rate {rate:g} is {place} the smallest that is usual for it, {low:g}"
    yield from detect("rate_below_usual", rate / low, text)
    left = share_of_rate_left(program.optimizer, program.steps)
    text = f"halfway through {program.steps:,} steps the schedule has brought the rate to "
    yield from detect("rate_fades", left, f"{text}less than a hundredth of what it was")
    if own := getattr(program, "own_steps", 0):  # before any data, it isn't known
        reached = share_of_rate_reached(program.optimizer, own)
        text = (
            f"within {own:,} steps the rate comes to {percent(reached)} of its schedule's highest"
        )
        yield from detect("rate_warms", reached, text)
