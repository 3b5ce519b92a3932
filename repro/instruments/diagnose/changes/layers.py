"""Changes of the hidden layers: activations, initial weights, normalization, bias, units."""

from collections.abc import Iterator, Sequence

from repro.instruments.diagnose.changes import edits
from repro.instruments.diagnose.changes.change import Change
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.anatomy import CLIPPED, SATURATING, Site
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.symptoms.definitions import Symptom

Changes = Iterator[Change]
WIDER = 8
DROPOUTS = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout", "GaussianDropout")


def of_layers(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    """Change hidden layers."""
    hidden = [site for site in case.hidden if site.is_plain]
    if not hidden:
        return
    clipped = [site for site in hidden if site.activation in CLIPPED]
    if clipped:
        yield _activation("leaky_relu", clipped, ("dead", "initial_weights", "relu_output"))
    curved = [site for site in hidden if site.activation in SATURATING]
    if curved:
        treats: tuple[str, ...] = ("vanishing", "saturated", "initial_weights", "rate_low")
        yield _activation("relu", curved, treats)
    straight = [site for site in hidden if site.activation == "linear"]
    if straight:
        yield _activation("relu", straight, ("linear_stack",), key="relu_on_linear")
    yield _initializer(hidden)
    if "BatchNormalization" not in {type(v).__name__ for v in case.build().layers}:
        treats = ("vanishing", "initial_weights", "saturated", "dead", "input_scale", "rate_low")
        yield Change(
            "batch_normalization", "batch normalization in front of the activations",
            2 * len(hidden), _lines(hidden, "BatchNormalization() between sums and activation"),
            treats, "normalization", edit=edits.normalize(hidden), inserts=True,
        )  # fmt: skip
    yield from _of_settings(case, hidden, keys)


def _of_settings(case: Case, hidden: Sequence[Site], keys: dict[str, Symptom]) -> Changes:
    if "no_bias" in keys:
        treats = ("no_bias", "relu_output", "dead")
        yield Change(
            "bias", "biases on all layers", len(case.sites), _lines(case.sites, "use_bias=True"),
            treats, "bias", edit=edits.set_arguments(case.sites, use_bias=True),
        )  # fmt: skip
    dense = [site for site in hidden if site.kind == "Dense"]
    if "narrow" in keys and dense:
        units = {s.position: max(WIDER * s.units, 16) for s in dense if s.units <= 16}
        thin = [site for site in dense if site.position in units]
        yield Change(
            "more_units", "more units in the hidden layers", len(thin),
            "\n".join(f"units={units[s.position]}  # {s.label}" for s in thin),
            ("narrow", "dead"), "units", edit=edits.widen(dense, units),
        )  # fmt: skip
    if "dropout" in keys:
        yield Change(
            "no_dropout", "no dropout", 1, "# remove the Dropout layers", ("dropout",), "dropout",
            edit=edits.without(DROPOUTS),
        )  # fmt: skip


def _activation(name: str, sites: Sequence[Site], treats: tuple[str, ...], key: str = "") -> Change:
    words = name.replace("_", " ").replace("relu", "ReLU")
    return Change(
        key or f"hidden_{name}", f"{words} in the hidden layers", len(sites),
        _lines(sites, f'activation="{name}"'), treats, "activation",
        edit=edits.activate(sites, name),
    )  # fmt: skip


def _initializer(hidden: Sequence[Site]) -> Change:
    """He's draws in front of ReLU and its like, Glorot's in front of all else."""
    like_relu: tuple[str, ...] = (*CLIPPED, "leaky_relu", "elu", "gelu", "silu", "swish")
    chosen = [(s, "he_normal" if s.activation in like_relu else "glorot_uniform") for s in hidden]
    lines = "\n".join(f'kernel_initializer="{name}"  # {site.label}' for site, name in chosen)
    names = " and ".join(sorted({name for _, name in chosen}))
    return Change(
        "initializer", f"initial weights by {names}", len(chosen), lines,
        ("initial_weights", "alike", "vanishing", "dead", "saturated"), "initializer",
        edit=edits.draw_anew(chosen),
    )  # fmt: skip


def _lines(sites: Sequence[Site], argument: str) -> str:
    return "\n".join(f"{argument}  # {site.label}" for site in sites)
