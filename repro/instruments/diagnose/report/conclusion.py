"""The conclusion from measurements and trials: verdict, cause, smallest change that recovers."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.proof.judge import Judged, Proof
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.symptoms.causes import Finding
from repro.instruments.diagnose.symptoms.definitions import FAILURES
from repro.instruments.diagnose.symptoms.symptom import Symptom

GOOD_FIT = 0.75  # ours: from this skill on, what gains more is an improvement, not a repair

Verdict = Literal["fine", "proven", "not proven"]


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """The conclusion from all that was measured and tried.

    Attributes:
        setup: the training that was diagnosed, and how much of the data was used.
        examination: all measurements.
        symptoms: those that were detected.
        findings: the causes that they point at, upstream first.
        proof: the changes that were tried.
        seconds: the time that it took.
    """

    setup: Setup
    examination: Examination
    symptoms: list[Symptom]
    findings: list[Finding]
    proof: Proof
    seconds: float = 0.0

    @cached_property
    def smallest(self) -> Judged | None:
        """The smallest change that recovers; one that treats a present cause if any does."""
        return self.proof.smallest([finding.key for finding in self.findings])

    @property
    def change(self) -> Judged | None:
        """The smallest change that recovers; None if nothing needs to."""
        return None if self.verdict == "fine" else self.smallest

    @cached_property
    def cause(self) -> str:
        """The cause that the smallest recovering change removes; a key of `CAUSES`, or ""."""
        if self.change is None:
            untreatable = [f.key for f in self.findings if f.key == "labels_unrelated"]
            return untreatable[0] if untreatable and self.failures else ""
        treats = self.change.change.treats
        present = [finding.key for finding in self.findings if finding.key in treats]
        return present[0] if present else treats[0]

    @property
    def failures(self) -> list[Symptom]:
        """The symptoms of a fit that is not fine."""
        return [symptom for symptom in self.symptoms if symptom.key in FAILURES]

    @property
    def verdict(self) -> Verdict:
        """The verdict: fine, proven or not proven.

        It is fine if nothing fails and the fit is good or no change helps; proven if a change
        recovers.
        """
        is_good = float(self.proof.original.test.mean()) >= GOOD_FIT
        if not self.failures and (is_good or self.smallest is None):
            return "fine"
        return "proven" if self.smallest else "not proven"

    @property
    def code(self) -> str:
        """The smallest recovering (of a fine fit: improving) change to paste; "" if none."""
        return self.smallest.change.code if self.smallest else ""
