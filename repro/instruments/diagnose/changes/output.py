"""Changes of the output: units, activation and loss that fit the targets."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from repro.findings.wording import counted
from repro.instruments.diagnose.changes import edits
from repro.instruments.diagnose.changes.axes import axis_changes
from repro.instruments.diagnose.changes.change import Change, Changes
from repro.instruments.diagnose.changes.code import changed_layers, compile_code
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.anatomy import CLIPPED, REACH, Site
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.symptoms.network import READS_NO_NEGATIVES
from repro.instruments.diagnose.symptoms.written import LOGARITHMIC

REMOVES = (
    "output_loss",
    "output_width",
    "unreachable",
    "relu_output",
    "labels_encoding",
)
NEW_LOSS_REMOVES = (
    "loss_choice",
    "loss_reversed",
    "own_loss",
    "loss_summed",
    "loss_pairs",
)
TREATS = ("saturated", "dead", "loss_choice", "rate_low")
MOST_UNUSED = 4  # times as many units as classes: labels that ask for more are no count


@dataclass(frozen=True)
class Output:
    """An output that fits the targets."""

    activation: str
    loss: str
    units: int


def output_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Make output and loss fit the targets."""
    if "output_axes" in symptoms:
        yield from axis_changes(setup)
    site = setup.output
    if (
        site is None
        or site.kind != "Dense"
        or (len(setup.output_shape) != 2 and not setup.task.per_step)
    ):
        return
    cut = examination.cut
    is_loss_flat = cut is not None and cut.position >= len(setup.operations)
    for output in _fitting_outputs(setup, site):
        change = _change(setup, site, output)
        if is_loss_flat and change.loss:
            change = replace(change, removes=(*change.removes, "gradient_cut"))
        if change.size:
            yield change


def _change(setup: Setup, site: Site, output: Output) -> Change:
    """Make what differs of units, activation and loss as the output has it."""
    edit, titles, lines = [], [], []
    if output.units != site.units:
        edit.append(edits.widen({site.position: output.units}))
        titles.append(counted(output.units, "output unit"))
    if output.activation != site.activation:
        edit.append(edits.activate([site], output.activation))
        titles.append(f"{output.activation} output")
    if edit:
        arguments = {"units": output.units, "activation": output.activation}
        lines.append(changed_layers(setup, [site], **arguments))
    changes_loss = not _is_loss(setup, output.loss)
    own = [c for c in REMOVES if c != "relu_output" or site.activation in CLIPPED]
    if changes_loss:
        titles.append(f"loss {output.loss}")
        lines.append(compile_code(loss=f'"{output.loss}"'))
    return Change(
        key=f"{output.activation}_output",
        title=", ".join(titles),
        size=len(titles),
        code="\n".join(lines),
        removes=(*own, *(NEW_LOSS_REMOVES if changes_loss else ())),
        treats=TREATS,
        group="output",
        edit=edits.chain(*edit) if edit else None,
        loss=output.loss if changes_loss else None,
    )


def _fitting_outputs(setup: Setup, site: Site) -> Iterator[Output]:
    y, task, loss = setup.targets, setup.task, setup.compiled.loss
    columns, is_entropy = y.shape[1], "crossentropy" in loss
    if task.kind == "regression":
        if is_entropy or setup.compiled.own_loss or (loss in READS_NO_NEGATIVES and y.min() < 0):
            loss = "mean_squared_error"
        if loss in LOGARITHMIC and y.min() >= 0:
            yield Output("exponential", loss, columns)
        yield Output("linear", "mean_squared_error" if loss in LOGARITHMIC else loss, columns)
        for name in ("sigmoid", "tanh"):
            low, high = REACH[name]
            if low <= y.min() and y.max() <= high and site.activation in CLIPPED:
                yield Output(name, loss, columns)
    elif task.several:
        yield Output("sigmoid", "binary_crossentropy", columns)
    elif columns > 1:
        yield Output("softmax", "categorical_crossentropy", columns)
        if site.activation in CLIPPED and not is_entropy and not setup.compiled.own_loss:
            yield Output("linear", loss, columns)
    elif task.classes == 2:
        yield Output("sigmoid", "binary_crossentropy", 1)
        if site.units > 1:
            yield Output("softmax", "sparse_categorical_crossentropy", 2)
    else:
        units = max(task.classes, int(y.max()) + 1) if y.min() >= 0 else task.classes
        units = task.classes if units > MOST_UNUSED * task.classes else units
        yield Output("softmax", "sparse_categorical_crossentropy", units)


def _is_loss(setup: Setup, loss: str) -> bool:
    """Compare with the user's loss: by name, and not from logits under a new activation."""
    return setup.compiled.loss == loss and not setup.compiled.from_logits
