"""What a results folder holds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from repro.study.schema import StudyError
from repro.study.tables import read_table


@dataclass(frozen=True)
class Results:
    """The tables in a results folder, and what they say about how they were made."""

    folder: Path
    runs: pd.DataFrame
    curves: pd.DataFrame
    claims: pd.DataFrame
    provenance: Mapping[str, Any]


def read_results(folder: Path) -> Results:
    """Read a results folder.

    Raises:
        StudyError: if a file is not there, or not what it should be.
    """
    try:
        results = Results(
            folder,
            runs=read_table(folder / "runs.csv"),
            curves=read_table(folder / "curves.csv"),
            claims=read_table(folder / "claims.csv"),
            provenance=json.loads((folder / "provenance.json").read_text(encoding="utf-8")),
        )
    except FileNotFoundError as error:
        raise StudyError(f"{error.filename} is not there: nothing to compare with") from None
    except ValueError as error:
        raise StudyError(f"{folder}: not the results of a study: {error}") from None
    if lacking := {"code", "data", "fingerprint", "runs"} - set(results.provenance):
        raise StudyError(f"{folder}/provenance.json lacks {', '.join(sorted(lacking))}")
    return results
