"""The changes that apply to a network and its data."""

from collections.abc import Callable, Sequence

from repro.instruments.diagnose.changes.change import Change, changed_build
from repro.instruments.diagnose.changes.inputs import Changes, of_inputs
from repro.instruments.diagnose.changes.layers import of_layers
from repro.instruments.diagnose.changes.output import of_output
from repro.instruments.diagnose.changes.steps import of_length, of_optimizer
from repro.instruments.diagnose.changes.targets import of_labels, of_targets
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.arrays import DiagnoseError
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.symptoms.definitions import Symptom


def applicable(case: Case, seen: Examination, symptoms: Sequence[Symptom]) -> list[Change]:
    """Return the changes that can be made; those that treat a symptom's cause are not marked."""
    keys = {symptom.key: symptom for symptom in symptoms}
    makers: tuple[Callable[..., Changes], ...] = (
        of_inputs, of_labels, of_targets, of_output, of_layers, of_optimizer, of_length,
    )  # fmt: skip
    found = [change for maker in makers for change in maker(case, seen, keys)]
    return [change for change in found if _can_be_built(case, change)]


def _can_be_built(case: Case, change: Change) -> bool:
    if change.edit is None:
        return True
    try:
        changed_build(case, change)()
    except DiagnoseError:
        raise
    except Exception:  # a graph that this edit can't be made in; then it is no change to offer
        return False
    return True
