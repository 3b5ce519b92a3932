"""The committed results are those of the studies as they are written."""

import shutil
from pathlib import Path

import pytest

from repro.findings.ledger import FILE, write_ledger
from repro.store.tables import read_table
from repro.study.folder import study_names
from repro.study.plan import make_plan
from repro.study.schema import load_study

RESULTS = Path(__file__).parent.parent / "results"


@pytest.mark.parametrize("name", study_names())
def test_every_run_of_the_study_is_there_and_no_other(name):
    plan = make_plan(load_study(name))
    expected = [(variant, seed) for variant, seeds in plan.seeds.items() for seed in seeds]
    runs = read_table(RESULTS / name / "runs.csv")
    assert list(zip(runs.variant, runs.seed, strict=True)) == expected


@pytest.mark.parametrize("name", study_names())
def test_every_claim_of_the_study_has_its_verdict(name):
    claims = read_table(RESULTS / name / "claims.csv")
    study = load_study(name)
    assert dict(zip(claims.claim, claims.says, strict=True)) == {
        key: claim.says for key, claim in study.claims.items()
    }
    assert set(claims.verdict) <= {"holds", "refuted", "inconclusive"}


@pytest.mark.parametrize("name", study_names())
def test_the_ledger_is_that_of_the_committed_tables(name, tmp_path):
    folder = shutil.copytree(
        RESULTS / name, tmp_path / name, ignore=shutil.ignore_patterns(".*", FILE)
    )
    write_ledger(load_study(name), folder)
    assert (folder / FILE).read_bytes() == (RESULTS / name / FILE).read_bytes()
