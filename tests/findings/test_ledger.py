"""The ledger of a results folder: what it links, what it shows, and what it leaves out."""

from pathlib import Path

import pytest

from repro.findings.ledger import ledger
from repro.store.provenance import read_provenance
from repro.store.tables import read_table
from repro.study.schema import load_study

ROOT = Path(__file__).parents[2]


def made(study, figures=(), **provenance):
    folder = ROOT / "results" / study.name
    return ledger(
        study,
        runs=read_table(folder / "runs.csv"),
        claims=read_table(folder / "claims.csv"),
        provenance=read_provenance(folder).model_copy(update=provenance),
        figures=figures,
    )


@pytest.fixture(scope="module")
def study():
    return load_study("mnist_relu")


def test_it_has_every_variant_claim_and_open_question(study):
    text = made(study)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == len(study.variants) + len(study.claims) + 4  # two headings
    assert text.count("Assumed: ") == len(study.open_questions)
    for verdict in ("holds", "refuted"):
        assert f"**{verdict}**" in text


def test_a_threads_address_is_a_link(study):
    alone = study.thread.model_copy(update={"link": ""})
    assert "](<" not in made(study.model_copy(update={"thread": alone}))
    address = "https://example.org/questions/4?a=1&b=(2)"
    thread = study.thread.model_copy(update={"link": address})
    text = made(study.model_copy(update={"thread": thread}))
    assert f"“{study.thread.title}”](<{address}>)" in text


def test_only_figures_that_are_there_are_shown(study):
    assert "](runs.png)" not in made(study)
    assert "](runs.png)" in made(study, figures=["runs"])


def test_a_command_stays_code(study):
    text = made(study, command="python -m repro.mnist_relu --out `<b>`")
    assert "`python -m repro.mnist_relu --out '<b>'`" in text


def test_a_study_without_open_questions_has_no_such_heading(study):
    assert "Open questions" not in made(study.model_copy(update={"open_questions": ()}))


def row_of(text, key):
    (row,) = [line for line in text.splitlines() if line.startswith(f"| `{key}` |")]
    return row


def test_a_claim_tells_its_differences_and_how_many_of_its_runs_diverged(study):
    text = made(study)
    assert "| hidden activation, optimizer, learning rate |" in row_of(text, "adam_recovers")
    assert "| 110 | 100 diverged | – |" in row_of(text, "output_relu_is_a_guess")
    assert "| – | optimizer, learning rate |" in row_of(text, "sgd_is_worse_than_rmsprop")
    assert "crashed" not in text.split("## The claims")[1].split("\n\n", 2)[2]
    assert "| 0 | 30 crashed |" in made(load_study("relu_at_zero"))


def test_a_number_that_all_runs_share_has_no_interval(study):
    text = made(study)
    assert "| 0 | in all runs |" in row_of(text, "scaled_units_live")
    assert "0 … 0 |" not in text


def test_the_settings_that_no_variant_chooses_have_their_values(study):
    assert "cross entropy epsilon 1e-07" in made(study)
    assert "All variants have" not in made(study.model_copy(update={"fixed": {}}))
