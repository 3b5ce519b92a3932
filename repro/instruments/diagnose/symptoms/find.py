"""Which symptoms a network has, of all that `definitions` lists."""

from collections.abc import Callable, Iterator

import pandas as pd

from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.symptoms.data import of_inputs, of_labels
from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS, Symptom
from repro.instruments.diagnose.symptoms.layers import of_depth, of_layers
from repro.instruments.diagnose.symptoms.network import of_network, of_output
from repro.instruments.diagnose.symptoms.training import of_training


def find_symptoms(case: Case, seen: Examination, curve: pd.DataFrame | None) -> list[Symptom]:
    """Return the symptoms, in the order of `DEFINITIONS`.

    Args:
        case: what is diagnosed.
        seen: the measurements, those of the trained models among them.
        curve: `fit_seeds`' frame of the network as it is; None if it can't be trained.
    """
    looks: tuple[Callable[..., Iterator[Symptom]], ...] = (
        of_labels,
        of_inputs,
        of_output,
        of_network,
    )
    found = [symptom for look in looks for symptom in look(case, seen)]
    if seen.fails:
        found.append(Symptom("crash", 1, f"Keras can't train it: {seen.fails}"))
    if not seen.layers.empty:
        found += [*of_layers(case, seen), *of_depth(case, seen)]
    if curve is not None:
        found += of_training(case, seen, curve)
    order = list(DEFINITIONS)
    return sorted(found, key=lambda symptom: order.index(symptom.key))
