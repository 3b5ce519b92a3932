"""Changes of the output: units, activation and loss that fit the targets."""

from collections.abc import Iterator

from repro.instruments.diagnose.changes import edits
from repro.instruments.diagnose.changes.change import Change
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.anatomy import CLIPPED, REACH, Site
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.setup.task import table
from repro.instruments.diagnose.symptoms.definitions import Symptom

Changes = Iterator[Change]


def of_output(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    """Make output and loss fit the targets."""
    output = case.output
    if output is None or output.kind != "Dense" or len(case.output_shape) != 2:
        return
    for key, name, loss, units in _outputs_that_fit(case, output):
        edit, lines = [], []
        if units != output.units:
            edit.append(edits.widen([output], {output.position: units}))
        if name != output.activation:
            edit.append(edits.activate([output], name))
        if edit:
            lines.append(f'keras.layers.Dense({units}, activation="{name}")  # {output.label}')
        new_loss = None if _same_loss(loss, case) else loss
        if new_loss:
            lines.append(f'model.compile(..., loss="{loss}")')
        size = len(edit) + (new_loss is not None)
        if size:
            title = ", ".join(
                [f"{units} output unit{'s' * (units > 1)}"] * (units != output.units)
                + [f"{name} output"] * (name != output.activation)
                + [f"loss {loss}"] * (new_loss is not None)
            )
            treats = (
                "output_loss", "output_width", "unreachable", "relu_output", "labels_encoding",
                "saturated", "dead",
            )  # fmt: skip
            change = edits.chain(*edit) if edit else None
            yield Change(
                key, title, size, "\n".join(lines), treats, "output", edit=change, loss=new_loss
            )


def _outputs_that_fit(case: Case, output: Site) -> Iterator[tuple[str, str, str, int]]:
    """Key, activation, loss and units of outputs that fit the targets."""
    y, task = table(case.train[1]), case.task
    if task.kind == "regression":
        mse = "mean_squared_error"
        kept = mse if "crossentropy" in case.compiled.loss else case.compiled.loss
        low, high = float(y.min()), float(y.max())
        yield "linear_output", "linear", kept, y.shape[1]
        for name in ("sigmoid", "tanh"):
            if REACH[name][0] <= low and high <= REACH[name][1] and output.activation in CLIPPED:
                yield f"{name}_output", name, kept, y.shape[1]
    elif task.several:
        yield "sigmoid_output", "sigmoid", "binary_crossentropy", y.shape[1]
    elif y.shape[1] > 1:
        yield "softmax_output", "softmax", "categorical_crossentropy", y.shape[1]
        if output.activation in CLIPPED and "crossentropy" not in case.compiled.loss:
            yield "linear_output", "linear", case.compiled.loss, y.shape[1]
    elif task.classes == 2:
        yield "sigmoid_output", "sigmoid", "binary_crossentropy", 1
        if output.units > 1:
            yield "softmax_output", "softmax", "sparse_categorical_crossentropy", 2
    else:
        units = max(task.classes, int(y.max()) + 1) if y.min() >= 0 else task.classes
        units = task.classes if units > 4 * task.classes else units
        sparse = "sparse_categorical_crossentropy"
        yield "softmax_output", "softmax", sparse, units


def _same_loss(loss: str, case: Case) -> bool:
    """Whether the user's loss is that one: by name, and not from logits under a new activation."""
    return case.compiled.loss == loss and not case.compiled.from_logits
