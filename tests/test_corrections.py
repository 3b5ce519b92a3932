"""The page of corrections says what the committed tables say now."""

import re
from pathlib import Path

import pandas as pd
import pytest

from repro.study.folder import study_names

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "corrections.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, flags=re.M | re.S))
VERDICTS = re.compile(r"`(\w+)` (holds|refuted|inconclusive)")


@pytest.mark.parametrize("name", study_names())
def test_todays_verdicts_are_those_of_the_table(name):
    claims = pd.read_csv(ROOT / "results" / name / "claims.csv").set_index("claim").verdict
    rows = [line.split(" | ") for line in SECTIONS[name].splitlines() if line.startswith("| ")]
    for _, now, *_ in rows:
        for claim, verdict in VERDICTS.findall(now):
            assert claims[claim] == verdict, claim
    assert rows
