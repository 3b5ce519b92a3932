"""The causes and changes that `diagnose` finds before it trains anything."""

from repro.instruments.diagnose.changes.catalogue import CATALOGUE
from repro.instruments.diagnose.measurements.examination import examine_data
from repro.instruments.diagnose.symptoms.causes import explain
from repro.instruments.diagnose.symptoms.find import find_symptoms


def found_in(setup, *more, examination=None):
    """Return the causes that are pointed at, and the changes on offer; nothing is trained.

    Args:
        setup: the training that is diagnosed.
        more: symptoms that only show in training.
        examination: measurements in place of those of the data.
    """
    examination = examination or examine_data(setup)
    symptoms = find_symptoms(setup, examination, None)
    keys = frozenset({symptom.key for symptom in symptoms} | set(more))
    offers = [change for group in CATALOGUE for change in group(setup, examination, keys)]
    return [finding.key for finding in explain(symptoms)], {c.key: c for c in offers}
