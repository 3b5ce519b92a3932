"""The changes that apply to a network and its data."""

from collections.abc import Callable, Sequence

from repro.instruments.diagnose.changes.change import Change, Changes, changed_build
from repro.instruments.diagnose.changes.inputs import input_changes
from repro.instruments.diagnose.changes.layers import layer_changes
from repro.instruments.diagnose.changes.loss import loss_changes
from repro.instruments.diagnose.changes.output import output_changes
from repro.instruments.diagnose.changes.past import past_changes
from repro.instruments.diagnose.changes.rows import row_changes, step_changes, token_changes
from repro.instruments.diagnose.changes.steps import length_changes, optimizer_changes
from repro.instruments.diagnose.changes.targets import label_changes, target_changes
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.errors import DiagnoseError
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.symptoms.symptom import Symptom

CATALOGUE: tuple[Callable[[Setup, Examination, frozenset[str]], Changes], ...] = (
    row_changes,
    token_changes,
    step_changes,
    past_changes,
    input_changes,
    label_changes,
    target_changes,
    output_changes,
    loss_changes,
    layer_changes,
    optimizer_changes,
    length_changes,
)
"""Each takes the setup, the measurements and the keys of the symptoms that were detected."""


def applicable(setup: Setup, examination: Examination, symptoms: Sequence[Symptom]) -> list[Change]:
    """Return the changes that can be made to this network, in the order of `CATALOGUE`."""
    keys = frozenset(symptom.key for symptom in symptoms)
    changes = [change for group in CATALOGUE for change in group(setup, examination, keys)]
    return [change for change in changes if can_be_built(setup, change)]


def can_be_built(setup: Setup, change: Change) -> bool:
    """Tell whether the network can be built with this change in it."""
    if change.edit is None:
        return True
    try:
        changed_build(setup, change)()
    except DiagnoseError:
        raise
    except Exception:  # a graph that this edit can't be made in; then it is no change to offer
        return False
    return True
