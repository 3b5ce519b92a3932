"""Check a model and its compile arguments by the rules that need no data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from repro.instruments.diagnose.setup.program import Program, read_program
from repro.instruments.diagnose.symptoms.causes import CAUSES, Finding, capital, explain
from repro.instruments.diagnose.symptoms.written import written_symptoms


@dataclass(frozen=True)
class Check:
    """The mistakes that can be told from the code; print it, or read `.findings`.

    Attributes:
        findings: the causes that the code alone points at, with their symptoms.
        notes: what could not be looked at.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        lines = [line for finding in self.findings for line in _lines(finding)]
        if not lines:
            lines = ["Nothing is written wrong that can be told without data."]
        return "\n".join([*lines, *self.notes])


def check(build: Callable[[], Any]) -> Check:
    """Look for mistakes in what `build` returns; nothing is trained, and no data are needed.

    Args:
        build: returns a compiled Keras model; called without arguments.

    Raises:
        DiagnoseError: if it returns none.
    """
    program = read_program(build)
    findings = explain(list(written_symptoms(program)))
    # facts first, then what may be meant so
    findings.sort(key=lambda finding: not CAUSES[finding.key].certain)
    return Check(tuple(findings), tuple(_notes(program)))


def _lines(finding: Finding) -> list[str]:
    cause = CAUSES[finding.key]
    word = capital(cause.title) if cause.certain else f"Perhaps: {cause.title}"
    measured = "; ".join(symptom.says for symptom in finding.signs)
    return [f"{word}.", f"  {capital(measured)}. {cause.says}.", f"  Remedy: {cause.remedy}."]


def _notes(program: Program) -> list[str]:
    if not program.model.layers:
        return ["The model has no layers."]
    if not program.sites:
        return ["The layers can't be looked at: give the model a keras.Input, and one output."]
    if program.shape is not None:
        return [f"The model names no input shape; {program.shape[1:]} was assumed."]
    return []
