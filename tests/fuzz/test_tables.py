"""Tables of any content under `figures`, `verdicts` and `ledger`: a line, never a traceback."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro import session
from repro.cli import reported
from repro.findings.verdicts import judge
from repro.study.experiments import find_experiment
from repro.study.schema import load_study
from repro.study.tables import write_table

unhurried = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ODD = ["", "nan", "inf", "-1", "1e999", "True", "1.5", "x", '"', "\x00", "é", "9" * 30, "1,2", "\n"]


def small(study):
    """Two variants of the study, and its claims on these alone."""
    variants = dict(list(study.variants.items())[:2])
    claims = {
        k: c for k, c in study.claims.items() if {c.variant, c.reference} <= {*variants, None}
    }
    return study.model_copy(update={"variants": variants, "grids": {}, "claims": claims})


STUDY = small(load_study("add_numbers"))
METRICS = find_experiment("add_numbers").metrics


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The results of two variants and three seeds, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session, "load_study", lambda name: STUDY)
    folder = tmp_path / "results" / "add_numbers"
    folder.mkdir(parents=True)
    return folder


def sound():
    rows = [
        {"experiment": "add_numbers", "variant": variant, "seed": seed}
        | {metric: float(seed) / 2 for metric in METRICS}
        | {"status": "ok"}
        for variant in STUDY.variants
        for seed in range(3)
    ]
    runs = pd.DataFrame(rows)
    curves = runs[["variant", "seed", "mse"]].assign(epoch=1)
    return {
        "runs.csv": runs,
        "curves.csv": curves,
        "claims.csv": judge(runs, STUDY.claims, better=STUDY.better),
    }


SOUND = sound()


@st.composite
def damages(draw):
    """A change of one table's text: a cell, a line, or some bytes."""
    name = draw(st.sampled_from(list(SOUND)))
    line, cell = draw(st.integers(0, 6)), draw(st.integers(0, 19))
    odd = draw(st.sampled_from(ODD) | st.text(max_size=6))
    kind = draw(st.sampled_from(["cell", "drop", "double", "cut", "insert", "empty"]))
    return name, line, cell, odd, kind


def damage(text, line, cell, odd, kind):
    lines = text.split("\n")
    line %= len(lines)
    cells = lines[line].split(",")
    cells[cell % len(cells)] = odd
    return {
        "cell": "\n".join([*lines[:line], ",".join(cells), *lines[line + 1 :]]),
        "drop": "\n".join([*lines[:line], *lines[line + 1 :]]),
        "double": "\n".join([*lines[:line], lines[line], *lines[line:]]),
        "cut": text[: len(text) * cell // 20],
        "insert": text[: len(text) * cell // 20] + odd + text[len(text) * cell // 20 :],
        "empty": "",
    }[kind].encode("utf-8", "surrogatepass")


def put(folder, name=None, content=b""):
    for table, frame in SOUND.items():
        write_table(frame, folder / table)
    if name:
        (folder / name).write_bytes(content)


JOBS = {
    "verdicts": lambda: session.rejudge(["add_numbers"]),
    "ledger": lambda: session.write_ledgers(["add_numbers"], None),
    "figures": lambda: session.redraw(["add_numbers"]),
}


@pytest.mark.parametrize("job", JOBS)
def test_sound_tables_are_taken(folder, job):
    put(folder)
    assert JOBS[job]() == 0


def check(folder, change, jobs, capsys):
    name, *how = change
    put(folder)
    content = damage((folder / name).read_text(encoding="utf-8"), *how)
    for job in jobs:
        put(folder, name, content)
        code = reported(JOBS[job])
        said = capsys.readouterr().err
        assert code == 0 or (code == 2 and said.startswith("Error: ") and name in said), said


@given(change=damages())
@unhurried
def test_no_table_gives_a_traceback(folder, capsys, change):
    check(folder, change, ["verdicts", "ledger"], capsys)


@pytest.mark.slow
@given(change=damages())
@unhurried
def test_no_table_gives_a_traceback_when_drawn(folder, capsys, change):
    check(folder, change, ["figures"], capsys)


def test_a_file_without_the_ledgers_marks_is_refused(folder, capsys):
    put(folder)
    (folder / "page.md").write_text("no marks")
    code = reported(lambda: session.write_ledgers(["add_numbers"], folder / "page.md"))
    assert code == 2
    assert "page.md: no <!-- ledger add_numbers -->" in capsys.readouterr().err
