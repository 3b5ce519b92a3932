"""The page of corrections says what the committed tables say now."""

import re
from pathlib import Path

import pandas as pd
import pytest

from repro.app.lint.spoken import said_in_digits
from repro.findings.statistics import LEVEL, SHORTFALL
from repro.study.folder import study_names

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "corrections.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, flags=re.M | re.S))
every_corrected_study = pytest.mark.parametrize(
    "name", [name for name in study_names() if name in SECTIONS]
)
VERDICTS = re.compile(r"`(\w+)` (holds|refuted|inconclusive)(?: \(([^);]*))?")


@every_corrected_study
def test_todays_verdicts_and_numbers_are_those_of_the_table(name):
    claims = pd.read_csv(ROOT / "results" / name / "claims.csv").set_index("claim")
    rows = [line.split(" | ") for line in SECTIONS[name].splitlines() if line.startswith("| ")]
    for _, now, *_ in rows[2:]:
        for claim, verdict, note in VERDICTS.findall(now):
            assert claims.verdict[claim] == verdict, claim
            for number in said_in_digits(note):
                assert number.is_said_of(claims.estimate[claim]), (claim, number.text)
        unnamed = VERDICTS.sub("", now)
        assert not re.search(r"(holds|refuted) \(", unnamed), now
    assert rows[2:]


@pytest.mark.parametrize(
    "heading", ["Bounds that were set after a look", "What sentences still say too much"]
)
def test_what_is_owed_is_about_claims_that_are_there(heading):
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, flags=re.M | re.S)[1]
    rows = re.findall(r"^\| ([\w, ]+): (.*?) \|", section, flags=re.M)
    assert rows
    for studies, claims in rows:
        named = set(re.findall(r"`(\w+)`", claims))
        assert named <= claims_of(studies.split(", ")), studies


def claims_of(studies):
    """Return the claims of these studies, none for what is said of all."""
    folders = [ROOT / "results" / name for name in studies if name in study_names()]
    return {claim for folder in folders for claim in pd.read_csv(folder / "claims.csv").claim}


@every_corrected_study
def test_claims_whose_interval_falls_short_are_told_on_the_page_of_statistics(name):
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    section = re.search(r"^### The claims\n(.*?)(?=^#|\Z)", page, flags=re.M | re.S)[1]
    claims = pd.read_csv(ROOT / "results" / name / "claims.csv")
    short = claims.claim[claims.coverage < LEVEL - SHORTFALL]
    assert set(short) <= set(re.findall(r"`(\w+)`", section))
