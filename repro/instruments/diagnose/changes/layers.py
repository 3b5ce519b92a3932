"""Changes of the hidden layers: activations, initial weights, normalization, bias, units."""

from collections.abc import Sequence

from repro.instruments.diagnose.changes import edits
from repro.instruments.diagnose.changes.change import Change, Changes
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.anatomy import CLIPPED, SATURATING, Site
from repro.instruments.diagnose.setup.setup import Setup

LIKE_RELU = (*CLIPPED, "leaky_relu", "elu", "gelu", "silu", "swish")
DROPOUTS = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout", "GaussianDropout")
FEW_UNITS = 16  # of no more, a layer is widened
WIDER = 8  # times as many units, and FEW_UNITS at least


def layer_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Change hidden layers."""
    hidden = [site for site in setup.hidden if site.is_plain]
    if not hidden:
        return
    yield from _activation_changes(hidden)
    yield _initializer(hidden)
    if "BatchNormalization" not in {type(v).__name__ for v in setup.build().layers}:
        yield _normalization(hidden)
    if "no_bias" in symptoms:
        yield _bias(setup.sites)
    dense = [site for site in hidden if site.kind == "Dense"]
    if "narrow" in symptoms and dense:
        yield _units(dense)
    if "dropout" in symptoms:
        yield Change(
            key="no_dropout",
            title="no dropout",
            size=1,
            code="# remove the Dropout layers",
            treats=("dropout",),
            group="dropout",
            edit=edits.remove(DROPOUTS),
        )


def _activation_changes(hidden: Sequence[Site]) -> Changes:
    clipped = [site for site in hidden if site.activation in CLIPPED]
    if clipped:
        treats: tuple[str, ...] = ("dead", "initial_weights", "relu_output")
        yield _activation("hidden_leaky_relu", "leaky_relu", clipped, treats)
    curved = [site for site in hidden if site.activation in SATURATING]
    if curved:
        treats = ("vanishing", "saturated", "initial_weights", "rate_low")
        yield _activation("hidden_relu", "relu", curved, treats)
    straight = [site for site in hidden if site.activation == "linear"]
    if straight:
        yield _activation("relu_on_linear", "relu", straight, ("linear_stack",))


def _activation(key: str, name: str, sites: Sequence[Site], treats: tuple[str, ...]) -> Change:
    words = name.replace("_", " ").replace("relu", "ReLU")
    return Change(
        key=key,
        title=f"{words} in the hidden layers",
        size=len(sites),
        code=_lines(sites, f'activation="{name}"'),
        treats=treats,
        group="activation",
        edit=edits.activate(sites, name),
    )


def _initializer(hidden: Sequence[Site]) -> Change:
    """He's draws in front of ReLU and its like, Glorot's in front of all else."""
    chosen = [(s, "he_normal" if s.activation in LIKE_RELU else "glorot_uniform") for s in hidden]
    names = " and ".join(sorted({name for _, name in chosen}))
    return Change(
        key="initializer",
        title=f"initial weights by {names}",
        size=len(chosen),
        code="\n".join(f'kernel_initializer="{name}"  # {site.label}' for site, name in chosen),
        treats=("initial_weights", "alike", "vanishing", "dead", "saturated"),
        group="initializer",
        edit=edits.draw_anew(chosen),
    )


def _normalization(hidden: Sequence[Site]) -> Change:
    return Change(
        key="batch_normalization",
        title="batch normalization in front of the activations",
        size=2 * len(hidden),
        code=_lines(hidden, "BatchNormalization() between sums and activation"),
        treats=("vanishing", "initial_weights", "saturated", "dead", "input_scale", "rate_low"),
        group="normalization",
        edit=edits.normalize(hidden),
        inserts=True,
    )


def _bias(sites: Sequence[Site]) -> Change:
    return Change(
        key="bias",
        title="biases on all layers",
        size=len(sites),
        code=_lines(sites, "use_bias=True"),
        treats=("no_bias", "relu_output", "dead"),
        group="bias",
        edit=edits.set_arguments(sites, use_bias=True),
    )


def _units(dense: Sequence[Site]) -> Change:
    thin = [site for site in dense if site.units <= FEW_UNITS]
    units = {site.position: max(WIDER * site.units, FEW_UNITS) for site in thin}
    return Change(
        key="more_units",
        title="more units in the hidden layers",
        size=len(thin),
        code="\n".join(f"units={units[site.position]}  # {site.label}" for site in thin),
        treats=("narrow", "dead"),
        group="units",
        edit=edits.widen(units),
    )


def _lines(sites: Sequence[Site], argument: str) -> str:
    return "\n".join(f"{argument}  # {site.label}" for site in sites)
