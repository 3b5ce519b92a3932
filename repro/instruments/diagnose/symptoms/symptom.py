"""A symptom that was detected, by the threshold of its definition."""

from collections.abc import Iterator
from dataclasses import dataclass

from repro.instruments.diagnose.symptoms.definition import Definition
from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS


@dataclass(frozen=True)
class Symptom:
    """A symptom: the number measured, a sentence that says so, and the layer, if it is in one."""

    key: str
    value: float
    says: str
    layer: str = ""

    @property
    def definition(self) -> Definition:
        """Its definition, threshold and source."""
        return DEFINITIONS[self.key]


Symptoms = Iterator[Symptom]


def detect(key: str, value: float, says: str, layer: str = "") -> Symptoms:
    """Yield the symptom if the measured number counts by its definition; all are made here."""
    if DEFINITIONS[key].is_met(value):
        yield Symptom(key, value, says, layer)


def percent(share: float) -> str:
    """Return a share in per cent, three digits."""
    return f"{100 * share:.3g} %"
