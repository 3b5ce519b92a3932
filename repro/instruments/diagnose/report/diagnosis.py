"""`repro.diagnose`: from a build function and its data to a diagnosis that was tried."""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from repro.instruments.diagnose.setup.setup import Case, make_case
from repro.instruments.diagnose.symptoms.causes import CAUSES, Finding, explain
from repro.instruments.diagnose.symptoms.definitions import FAILURES, Symptom
from repro.instruments.diagnose.symptoms.find import find_symptoms

if TYPE_CHECKING:
    from repro.instruments.diagnose.changes.change import Change
    from repro.instruments.diagnose.measurements.examination import Examination
    from repro.instruments.diagnose.proof.judge import Judged, Proof

SEEDS = 10
BUDGET = 110.0
GOOD_FIT = 0.75  # ours: from this skill on, what gains more is an improvement, not a repair

Verdict = Literal["fine", "proven", "not proven"]


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    Attributes:
        case: what was diagnosed, and how much of it was used.
        examination: all measurements.
        symptoms: those that were found.
        findings: the causes that they point at, upstream first.
        proof: the changes that were tried.
        seconds: how long it took.
    """

    case: Case
    examination: "Examination"
    symptoms: list[Symptom]
    findings: list[Finding]
    proof: "Proof"
    seconds: float

    @cached_property
    def smallest(self) -> "Judged | None":
        """The smallest change that recovers; one that treats a present cause if any does."""
        return self.proof.smallest([finding.key for finding in self.findings])

    @property
    def change(self) -> "Judged | None":
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
        """fine: nothing fails, and no change helps a good fit or any; proven: one recovers."""
        good = float(self.proof.original.test.mean()) >= GOOD_FIT
        if not self.failures and (good or self.smallest is None):
            return "fine"
        return "proven" if self.smallest else "not proven"

    @property
    def code(self) -> str:
        """The smallest recovering (of a fine fit: improving) change to paste; "" if none."""
        return self.smallest.change.code if self.smallest else ""

    @property
    def table(self) -> pd.DataFrame:
        """One row a change, best first, after a row for the network as it is.

        Columns: `change, says, size, skill, gain, ci_low, ci_high, superiority, n, helps, recovers,
        smallest, retuned_gain, retuned_low, retuned_high, through_rate, fails`; skills are means
        over the `n` seeds, the interval is that of the paired gain.
        """
        from repro.instruments.diagnose.report.text import table

        return table(self)

    def __str__(self) -> str:
        from repro.instruments.diagnose.report.text import as_text

        return as_text(self)

    def __rich_console__(self, console: Any, options: Any) -> Any:
        from repro.instruments.diagnose.report.text import render

        yield from render(self)

    def save(self, folder: Any) -> None:
        """Write `diagnosis.txt`, `changes.csv`, `symptoms.csv` and the figures into a folder."""
        from repro.instruments.diagnose.report.text import save

        save(self, folder)


def diagnose(
    build: Callable[[], Any],
    x: Any,
    y: Any,
    *,
    validation_data: tuple[Any, Any] | None = None,
    epochs: int | None = None,
    batch_size: int = 32,
    seeds: Sequence[int] = range(SEEDS),
    budget: float = BUDGET,
    retune: bool = True,
    say: Callable[[str, int, int], None] | None = None,
) -> Diagnosis:
    """Examine a network over seeds, explain what fails, and try every change that applies.

    Args:
        build: returns a compiled Keras model; called without arguments, as by `fit_seeds`.
        x: inputs, an array of shape (n, …), or a list or dict of them.
        y: targets of shape (n,) or (n, columns).
        validation_data: (x, y) to take the score on; a fifth of the rows is held out if None.
        epochs: passes over the data, as the network is trained; enough for 600 steps if None.
        batch_size: samples a step.
        seeds: non-negative integers, no two alike.
        budget: seconds, of two cores; it decides beforehand how many rows and epochs are trained,
            and while running which trials are left out.
        retune: compare the best changes with the original at the best rate of each, too.
        say: called with what is being done, its number and how many there are.

    Returns:
        A `Diagnosis`; print it, or read `.verdict`, `.cause`, `.change`, `.code`, `.table`.

    Raises:
        DiagnoseError: for what can't be diagnosed, before any training.
    """
    from repro.instruments.diagnose.setup.arrays import DiagnoseError

    start = time.monotonic()
    if not budget > 0:
        raise DiagnoseError(f"budget must be positive seconds, got {budget!r}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Keras warns of is examined, and built ever again
        case = make_case(
            build, x, y, validation_data, epochs=epochs, batch_size=batch_size, seeds=seeds,
            budget=budget,
        )  # fmt: skip
        return _diagnosed(case, start, budget, retune, say or (lambda what, i, n: None))


def _diagnosed(case: Case, start: float, budget: float, retune: bool, say: Any) -> Diagnosis:
    from repro.instruments.diagnose.changes.catalogue import applicable
    from repro.instruments.diagnose.changes.change import NOTHING
    from repro.instruments.diagnose.measurements.examination import examine, last_step
    from repro.instruments.diagnose.proof.prove import prove
    from repro.instruments.diagnose.proof.retune import retune as retune_rates
    from repro.instruments.diagnose.proof.train import Trainer

    say("first steps", 0, 2)
    seen = examine(case)
    trainer = Trainer(case, start + budget)
    say("the network as it is", 1, 2)
    original = trainer.train(NOTHING)
    if original.model is not None and not seen.fails:
        late = last_step(case, original.model)
        pairs = zip((seen.layers, seen.outputs), late, strict=True)
        layers, outputs = (pd.concat(pair, ignore_index=True) for pair in pairs)
        seen = replace(seen, layers=layers, outputs=outputs)
    elif original.fails and not seen.fails:
        seen = replace(seen, fails=original.fails)
    symptoms = find_symptoms(case, seen, original.curve)
    findings = explain(symptoms)
    changes = applicable(case, seen, symptoms)
    present = [finding.key for finding in findings]
    changes.sort(key=lambda change: not set(change.treats) & set(present))
    proof = prove(case, original, changes, present, trainer, say)
    draft = Diagnosis(case, seen, symptoms, findings, proof, 0.0)
    if retune:
        retune_rates(case, proof, _to_retune(draft), trainer, say)
    return replace(draft, seconds=time.monotonic() - start)


def _to_retune(draft: Diagnosis) -> "list[Change]":
    """The smallest recovering change, unless it is the rate itself that it changes."""
    few = [] if draft.change is None else [draft.change.change]
    return [change for change in few if not change.is_of_rate]


__all__ = ["CAUSES", "Diagnosis", "diagnose"]
