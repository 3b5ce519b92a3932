"""Changes of the hidden layers: activations, initial weights, normalization."""

from collections.abc import Sequence
from typing import Any

from repro.instruments.diagnose.changes import edits
from repro.instruments.diagnose.changes.capacity import SOME_UNITS, capacity_changes
from repro.instruments.diagnose.changes.change import Change, Changes
from repro.instruments.diagnose.changes.code import changed_layers, layer_code
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.anatomy import CLIPPED, SATURATING, Site, own_matrices
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.symptoms.definitions import FAILURES
from repro.instruments.diagnose.symptoms.written import RECURRENT

LIKE_RELU = (*CLIPPED, "leaky_relu", "elu", "gelu", "silu", "swish")
DEAD_TREAT = ("initial_weights", "relu_output", "rate_high", "narrow")
NORMALIZING_TREATS = (
    "vanishing",
    "initial_weights",
    "saturated",
    "dead",
    "input_scale",
    "rate_low",
    "rate_high",
)
BEARABLE = {"weights_large", "rate_above_usual"}  # by sigmoids, and not by ReLU
ADDED_UNITS = 64  # of a hidden layer, where there is none


def layer_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Change hidden layers."""
    hidden = [site for site in setup.hidden if site.is_plain]
    if setup.output is not None and ("no_hidden" in symptoms or _may_be_shallow(setup, symptoms)):
        yield _hidden_layer(setup, setup.output)
    yield from capacity_changes(setup, examination, symptoms)
    if "unbounded_state" in symptoms:
        yield _bounded(setup)
    yield from _own_initializer(setup, symptoms)
    if not hidden:
        return
    straight = _sigmoid_changes(setup, hidden) if "linear_stack" in symptoms else iter(())
    if symptoms & BEARABLE:
        yield from straight
    yield from _activation_changes(setup, hidden)
    yield from straight
    yield _initializer(setup, hidden)
    if "BatchNormalization" not in {type(v).__name__ for v in setup.operations}:
        yield _normalization(setup, hidden)


def _may_be_shallow(setup: Setup, symptoms: frozenset[str]) -> bool:
    """Tell whether a network that fails has a single hidden layer, of few units, and curved."""
    is_one = len(setup.hidden) == 1 and setup.hidden[0].kind == "Dense"
    fails = bool(symptoms & set(FAILURES)) and "overfits" not in symptoms
    return is_one and fails and _is_few(setup.hidden[0])


def _is_few(site: Site) -> bool:
    return site.units <= SOME_UNITS and site.activation != "linear"


def _bounded(setup: Setup) -> Change:
    recurrent = [site for site in setup.sites if site.kind in RECURRENT]
    return Change(
        key="bounded_state",
        title="tanh in the recurrent layers",
        size=len(recurrent),
        code=changed_layers(setup, recurrent, activation="tanh"),
        removes=("unbounded_state",),
        treats=("rate_high", "dead"),
        group="activation",
        edit=edits.replace_in_kinds(RECURRENT, activation="tanh"),
    )


def _activation_changes(setup: Setup, hidden: Sequence[Site]) -> Changes:
    clipped = [site for site in hidden if site.activation in CLIPPED]
    if clipped:
        yield _activation(
            setup,
            clipped,
            key="hidden_leaky_relu",
            name="leaky_relu",
            removes=("dead",),
            treats=DEAD_TREAT,
        )
    curved = [site for site in hidden if site.activation in (*SATURATING, "softmax")]
    if curved:
        yield _activation(
            setup,
            curved,
            key="hidden_relu",
            name="relu",
            removes=("vanishing", "saturated", "hidden_softmax"),
            treats=("initial_weights", "rate_low", "epochs"),
        )
    straight = [site for site in hidden if site.activation == "linear"]
    if straight:
        removes = ("linear_stack",)
        yield _activation(setup, straight, key="relu_on_linear", name="relu", removes=removes)


def _sigmoid_changes(setup: Setup, hidden: Sequence[Site]) -> Changes:
    """Put sigmoids where no layer has an activation: they bear larger weights and rates than ReLU.

    The output gets one, too, if its loss is a squared error and all targets lie within its reach.
    """
    output, y = setup.output, setup.targets
    is_squared = setup.compiled.loss == "mean_squared_error"
    is_linear = output is not None and output.activation == "linear"
    fits = is_squared and is_linear and y.min() >= 0 and y.max() <= 1
    yield _activation(
        setup,
        [*hidden, output] if fits and output is not None else hidden,
        key="sigmoid_on_linear",
        name="sigmoid",
        removes=("linear_stack",),
    )


def _activation(
    setup: Setup,
    sites: Sequence[Site],
    *,
    key: str,
    name: str,
    removes: tuple[str, ...],
    treats: tuple[str, ...] = (),
) -> Change:
    words = name.replace("_", " ").replace("relu", "ReLU")
    own = [site for site in sites if site.activated_at == site.position]
    lines = [changed_layers(setup, own, activation=name)] if own else []
    layers = "all layers" if any(site.is_output for site in sites) else "the hidden layers"
    if len(own) < len(sites):
        apart = ", ".join(site.label for site in sites if site not in own)
        lines.append(f'keras.layers.Activation("{name}")  # behind {apart}')
    return Change(
        key=key,
        title=f"{words} in {layers}",
        size=len(sites),
        code="\n".join(lines),
        removes=removes,
        treats=treats,
        group="activation",
        edit=edits.activate(sites, name),
    )


def _initializer(setup: Setup, hidden: Sequence[Site]) -> Change:
    """He's draws in front of ReLU and its like, Glorot's in front of all else."""
    chosen = [(s, "he_normal" if s.activation in LIKE_RELU else "glorot_uniform") for s in hidden]
    names = sorted({name for _, name in chosen})
    lines = []
    for name in names:
        sites = [site for site, own in chosen if own == name]
        zero: dict[str, Any] = {"bias_initializer": "zeros"}
        biased = [s for s in sites if getattr(setup.operations[s.position], "use_bias", False)]
        rest = [site for site in sites if site not in biased]
        lines += [changed_layers(setup, biased, kernel_initializer=name, **zero)] if biased else []
        lines += [changed_layers(setup, rest, kernel_initializer=name)] if rest else []
    return Change(
        key="initializer",
        title=f"initial weights by {' and '.join(names)}",
        size=len(chosen),
        code="\n".join(lines),
        removes=("initial_weights", "alike"),
        treats=("vanishing", "dead", "saturated"),
        group="initializer",
        edit=edits.draw_anew(chosen),
    )


def _own_initializer(setup: Setup, symptoms: frozenset[str]) -> Changes:
    """Draw the weights of layers of the user's own, where something is wrong with some weights."""
    tables = own_matrices(setup.operations)
    if tables and symptoms & {"own_alike", "weights_small", "weights_large", "weights_one_sign"}:
        yield Change(
            key="own_initializer",
            title="weights of your own layers by glorot_uniform",
            size=len(tables),
            code='initializer = "glorot_uniform"  # to give to each self.add_weight',
            removes=("initial_weights", "alike"),
            treats=("vanishing", "dead", "saturated"),
            group="initializer",
            edit=edits.draw_own_anew,
        )


def _normalization(setup: Setup, hidden: Sequence[Site]) -> Change:
    lines = [changed_layers(setup, hidden, activation="linear")]
    lines.append("keras.layers.BatchNormalization()  # behind each of them, in front of")
    lines += [
        f'keras.layers.Activation("{name}")' for name in sorted({s.activation for s in hidden})
    ]
    return Change(
        key="batch_normalization",
        title="batch normalization in front of the activations",
        size=2 * len(hidden),
        code="\n".join(lines),
        treats=NORMALIZING_TREATS,
        group="normalization",
        edit=edits.normalize(hidden),
        inserts=True,
    )


def _hidden_layer(setup: Setup, output: Site) -> Change:
    hidden = f'keras.layers.Dense({ADDED_UNITS}, activation="relu")'
    lines = f"{hidden}  # in front of\n{layer_code(setup.operations[output.position])}"
    return Change(
        key="hidden_layer",
        title=f"{'another' if setup.hidden else 'a'} hidden layer of {ADDED_UNITS} ReLU units",
        size=1,
        code=lines,
        removes=("narrow",) if setup.hidden else ("no_hidden",),
        group="hidden",
        edit=edits.insert_hidden(output, ADDED_UNITS),
        inserts=True,
    )
