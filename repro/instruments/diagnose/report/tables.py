"""The tables of a diagnosis: one row a change, one row a symptom."""

from typing import Any

import numpy as np
import pandas as pd

from repro.instruments.diagnose.changes.change import NOTHING
from repro.instruments.diagnose.proof.judge import Judged, Retuned
from repro.instruments.diagnose.report.conclusion import Conclusion

CHANGE_COLUMNS = (
    "change",
    "says",
    "size",
    "skill",
    "gain",
    "ci_low",
    "ci_high",
    "superiority",
    "n",
    "helps",
    "recovers",
    "smallest",
    "retuned_gain",
    "retuned_low",
    "retuned_high",
    "through_rate",
    "fails",
)
SYMPTOM_COLUMNS = ("symptom", "says", "value", "threshold", "definition", "source")


def change_table(conclusion: Conclusion) -> pd.DataFrame:
    """Return one row a change, best first, after the network as it is; see `Diagnosis.table`."""
    proof, seeds = conclusion.proof, len(conclusion.setup.seeds)
    retuned = {r.change.key: r for r in proof.retuned}
    original = {
        "change": NOTHING.key,
        "says": NOTHING.title,
        "size": NOTHING.size,
        "skill": float(proof.original.test.mean()),
        "n": seeds,
        "fails": proof.original.fails,
    }
    rows = [
        _row(judged, retuned.get(judged.change.key))
        | {"n": seeds, "smallest": conclusion.is_smallest(judged)}
        for judged in proof.judged
    ]
    return pd.DataFrame([original, *rows], columns=list(CHANGE_COLUMNS))


def _row(judged: Judged, retuned: Retuned | None) -> dict[str, Any]:
    return {
        "change": judged.change.key,
        "says": judged.change.title,
        "size": judged.change.size,
        "skill": judged.skill,
        "gain": judged.gained.mean,
        "ci_low": judged.gained.low,
        "ci_high": judged.gained.high,
        "superiority": judged.superiority,
        "helps": judged.helps,
        "recovers": judged.recovers,
        "retuned_gain": retuned.gained.mean if retuned else np.nan,
        "retuned_low": retuned.gained.low if retuned else np.nan,
        "retuned_high": retuned.gained.high if retuned else np.nan,
        "through_rate": retuned.through_rate if retuned else None,
        "fails": judged.trained.fails,
    }


def symptom_table(conclusion: Conclusion) -> pd.DataFrame:
    """Return one row a symptom: what was measured, the definition, its threshold and source."""
    rows = [
        {
            "symptom": symptom.key,
            "says": symptom.says,
            "value": symptom.value,
            "threshold": symptom.definition.threshold,
            "definition": symptom.definition.measured,
            "source": symptom.definition.source,
        }
        for symptom in conclusion.symptoms
    ]
    return pd.DataFrame(rows, columns=list(SYMPTOM_COLUMNS))
