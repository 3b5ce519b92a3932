"""Find the symptoms that a network has, of all that `definitions` lists."""

import pandas as pd

from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.symptoms.data import input_symptoms, label_symptoms
from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS
from repro.instruments.diagnose.symptoms.layers import (
    depth_symptoms,
    layer_symptoms,
    step_symptoms,
)
from repro.instruments.diagnose.symptoms.network import (
    axis_symptoms,
    call_symptoms,
    hidden_symptoms,
    output_symptoms,
    pairing_symptoms,
    settings_symptoms,
    target_symptoms,
)
from repro.instruments.diagnose.symptoms.rows import row_symptoms, token_symptoms
from repro.instruments.diagnose.symptoms.symptom import Symptom, detect
from repro.instruments.diagnose.symptoms.training import training_symptoms
from repro.instruments.diagnose.symptoms.written import written_symptoms

AS_WRITTEN = (
    label_symptoms,
    row_symptoms,
    token_symptoms,
    input_symptoms,
    axis_symptoms,
    target_symptoms,
    output_symptoms,
    pairing_symptoms,
    hidden_symptoms,
    settings_symptoms,
    call_symptoms,
)
IN_LAYERS = (layer_symptoms, depth_symptoms, step_symptoms)


def find_symptoms(
    setup: Setup, examination: Examination, curve: pd.DataFrame | None
) -> list[Symptom]:
    """Return the symptoms, in the order of `DEFINITIONS`.

    Args:
        setup: the training that is diagnosed.
        examination: the measurements, those of the trained models among them.
        curve: `fit_seeds`' frame of the network as it is; None if it can't be trained.
    """
    groups = AS_WRITTEN if examination.layers.empty else AS_WRITTEN + IN_LAYERS
    symptoms = list(written_symptoms(setup))
    symptoms += [symptom for group in groups for symptom in group(setup, examination)]
    if examination.fails:
        symptoms += detect("crash", 1, f"Keras can't train it: {examination.fails}")
    if curve is not None:
        symptoms += training_symptoms(setup, examination, curve)
    order = list(DEFINITIONS)
    return sorted(symptoms, key=lambda symptom: order.index(symptom.key))
