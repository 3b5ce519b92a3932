"""The README says what the committed tables say."""

import re
from pathlib import Path

import pytest

from repro.findings.ledger import ledger, splice
from repro.study.folder import study_names
from repro.study.schema import load_study
from repro.study.tables import read_table

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", study_names())
def test_the_ledger_is_that_of_the_committed_tables(name):
    tables = [read_table(ROOT / "results" / name / f"{kind}.csv") for kind in ("runs", "claims")]
    assert splice(README, name, ledger(load_study(name), *tables)) == README


def test_every_local_link_resolves():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link
