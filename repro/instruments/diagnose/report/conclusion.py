"""The conclusion from measurements and trials: verdict, cause, change."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from repro.instruments.diagnose.changes.code import weighed_code
from repro.instruments.diagnose.changes.merging import merged_code
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.proof.attribution import Attribution, attribute
from repro.instruments.diagnose.proof.judge import Judged, Proof
from repro.instruments.diagnose.proof.prove import Suspects
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.symptoms.causes import CAUSES, UNPROVABLE, Finding
from repro.instruments.diagnose.symptoms.definitions import FAILURES
from repro.instruments.diagnose.symptoms.symptom import Symptom

GOOD_FIT = 0.75  # ours: from this skill on, what gains a little more is an improvement, no repair
LARGE_GAIN = 0.2  # ours: what gains more than this is a repair, however good the fit
REFUTED = 5  # the doubt about a cause whose remedy was tried and doesn't help
UNLEARNABLE = 0.1  # skill of the baselines, below which the labels may have nothing to tell
OF_FAILURE = {*FAILURES, "slow", "overfits", "other_optimizer", "own_steps"}

Verdict = Literal["fine", "proven", "likely", "not proven"]


def make_suspects(findings: Sequence[Finding], symptoms: Sequence[Symptom]) -> Suspects:
    """Return the causes that are present, and those among them that are facts."""
    causes = [finding.key for finding in findings]
    return Suspects(
        causes=causes,
        certain=frozenset(finding.key for finding in findings if finding.is_certain),
        vague=frozenset(f.key for f in findings if {s.key for s in f.signs} <= OF_FAILURE),
        fails=any(symptom.key in FAILURES for symptom in symptoms),
    )


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
    def suspects(self) -> Suspects:
        """The causes that are present."""
        return make_suspects(self.findings, self.symptoms)

    @cached_property
    def attribution(self) -> Attribution | None:
        """The cause that the trials speak for; None if no change recovers."""
        return attribute(self.proof, self.suspects)

    @property
    def smallest(self) -> Judged | None:
        """The change that recovers and is recommended, or gains though nothing is wrong."""
        return self.attribution.judged if self.attribution and not self.drowned else None

    def is_smallest(self, judged: Judged) -> bool:
        """Tell whether this trial is that of the change that is recommended.

        Examples:
            >>> sum(diagnosis.is_smallest(trial) for trial in diagnosis.proof.judged)
            1
        """
        return self.smallest is not None and judged.change is self.smallest.change

    @property
    def change(self) -> Judged | None:
        """The change that recovers and is recommended; None if nothing needs to."""
        return None if self.verdict == "fine" or self.drowned else self.smallest

    @cached_property
    def drowned(self) -> bool:
        """True if the output is fine alone, and fails beside others whose losses are larger."""
        joint = self.setup.joint
        is_harmed = joint is not None and joint.gained > LARGE_GAIN
        return is_harmed and not self.failures and self._is_fine()

    @cached_property
    def cause(self) -> str:
        """The cause, or the first suspect; a key of `CAUSES`, or "" if nothing is wrong.

        Of a fine fit it is what is written wrong all the same, and costs no skill here.
        """
        if self.drowned:
            return "drowned"
        if self.verdict == "fine":
            harmless = ["metric", "metric_labels", "shared_rows", *self.suspects.certain]
            return next((cause for cause in self.suspects.causes if cause in harmless), "")
        if self.attribution:
            return self.attribution.cause
        ranked = [c for c in self._ranked_suspects() if not self._is_refuted(c)]
        return next(iter([*ranked, *self._helped_unseen()]), "")

    def _helped_unseen(self) -> list[str]:
        """Return the causes that no symptom points at and that a change which helps removes."""
        helping = [judged.change for judged in self.proof.judged if judged.helps]
        removed = [c for change in helping for one in change.singles for c in one.removes]
        return [c for c in removed if c not in self.suspects.causes and not CAUSES[c].certain]

    def _is_refuted(self, cause: str) -> bool:
        """Tell whether nothing but the failure points at a cause, whose remedy doesn't help."""
        return cause in self.suspects.vague and self._doubt(cause) == REFUTED

    def _ranked_suspects(self) -> list[str]:
        """Return the causes: facts, those whose remedy helps, untested ones, then refuted ones."""
        return sorted(self.suspects.causes, key=self._doubt)

    def _doubt(self, cause: str) -> int:
        if cause in self.suspects.certain:
            return 0
        tried = [judged for judged in self.proof.judged if cause in judged.change.removes]
        # beside others, what does nothing alone is not what helps
        tried = [judged for judged in tried if judged.change.parts == 1] or tried
        if any(judged.helps for judged in tried):
            return 1
        if cause in ("labels_unrelated", "cut_rows", "rows_sized"):
            return REFUTED if self.examination.baseline > UNLEARNABLE else 2
        if cause in UNPROVABLE:
            return 3
        return REFUTED if tried else REFUTED - 1

    @property
    def failures(self) -> list[Symptom]:
        """The symptoms of a fit that is not fine."""
        return [symptom for symptom in self.symptoms if symptom.key in FAILURES]

    @cached_property
    def verdict(self) -> Verdict:
        """The verdict: fine, proven, likely or not proven.

        It is proven if a cause's own remedy recovers, and the cause is a fact or nothing that has
        to do with other causes recovers as well; likely if something else does; not proven if no
        change recovers.
        """
        if self.drowned:
            return "likely"
        if not self.failures and self._is_fine():
            return "fine"
        if self.attribution is None:
            return "not proven"
        return "proven" if self.attribution.proven else "likely"

    def _is_fine(self) -> bool:
        """Tell whether a fit that doesn't fail is as good as it gets, or nearly."""
        attribution, skill = self.attribution, float(self.proof.original.test.mean())
        if "rules_apart" in self.suspects.causes and skill < GOOD_FIT:
            return False
        if attribution is None:
            return True
        is_large = attribution.judged.gained.mean > LARGE_GAIN
        if attribution.cause not in self.suspects.causes:  # nothing points at it, and nothing fails
            return not is_large
        is_good = skill >= GOOD_FIT
        return is_good and not (attribution.certain or is_large)

    @property
    def code(self) -> str:
        """The recommended (of a fine fit: improving) change to paste; "" if there is none."""
        if self.drowned and self.setup.joint is not None:
            return weighed_code(self.setup.joint)
        return merged_code(self.setup, self.smallest.change.code) if self.smallest else ""
