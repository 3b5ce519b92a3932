"""Tables of any content under all commands that read them: a line, never a traceback."""

import re
import shutil
from itertools import cycle, islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.app import regenerate
from repro.app.cli.exits import reported
from repro.app.runs import run as session
from repro.app.runs import verify as verification
from repro.findings import figures
from repro.findings.latex import files
from repro.running.processes import ONE_THREAD
from repro.store import results
from repro.store.runs import FILE
from repro.store.tables import TableFileError, read_table, write_table
from repro.study.models import Report
from repro.study.schema import load_study
from tests.forged import forge_digests

unhurried = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
ODD = ["", "nan", "inf", "-1", "1e999", "True", "1.5", "x", '"', "\x00", "é", "9" * 30, "1,2", "\n"]


def small(study):
    """Two variants of the study with three seeds and few steps, and its claims on these alone."""
    variants = {
        name: variant.model_copy(update={"parameters": variant.parameters | {"epochs": 200}})
        for name, variant in list(study.variants.items())[:2]
    }
    claims = {
        k: c for k, c in study.claims.items() if {c.variant, c.reference} <= {*variants, None}
    }
    changes = {"seeds": 3, "variants": variants, "grids": {}, "claims": claims, "report": Report()}
    return study.model_copy(update=changes)


STUDY = small(load_study("add_numbers"))
TABLES = ("runs.csv", "curves.csv", "claims.csv")


def undo_afterwards(patch):
    """A pool sets these for its processes; numba would mind if they stayed."""
    for name, value in ONE_THREAD.items():
        patch.setenv(name, value)


@pytest.fixture(scope="module")
def trained_study(tmp_path_factory):
    """The results folder of a real run; `figures` draws."""
    with pytest.MonkeyPatch.context() as patch:
        undo_afterwards(patch)
        patch.setattr(figures, "draw_figures", lambda *_: None)
        patch.chdir(tmp_path_factory.mktemp("trained"))
        patch.setattr(session, "load_study", lambda name: STUDY)
        assert session.run("add_numbers", workers=1) == 0
        return Path("results/add_numbers").absolute()


@pytest.fixture
def folder(trained_study, tmp_path, monkeypatch):
    """A copy of it in the current folder, and what `verify` needs to train nothing again."""
    monkeypatch.chdir(tmp_path)
    undo_afterwards(monkeypatch)
    for module in (regenerate, session, verification, results):
        monkeypatch.setattr(module, "load_study", lambda name: STUDY)
    Path("rerun").mkdir()
    shutil.copy(trained_study / FILE, "rerun")
    return Path(shutil.copytree(trained_study, tmp_path / "results" / "add_numbers"))


@st.composite
def damages(draw):
    """A change of one table's text: a cell, a line, or some bytes."""
    name = draw(st.sampled_from(TABLES))
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


JOBS = {
    "verdicts": lambda: regenerate.rejudge(["add_numbers"]),
    "ledger": lambda: regenerate.write_ledgers(["add_numbers"]),
    "report": lambda: regenerate.report(["add_numbers"]),
    "verify": lambda: verification.verify("add_numbers", out=Path("rerun")),
    "figures": lambda: regenerate.redraw(["add_numbers"]),
    "export": lambda: regenerate.export_latex(["add_numbers"], Path("paper")),
}
FAST, DRAWING = ["verdicts", "ledger", "report", "verify"], ["figures", "export"]


def test_a_folder_for_an_article_is_tried_before_its_figures_are_drawn(folder, capsys, monkeypatch):
    monkeypatch.setattr(files, "latex_files", lambda *_, **__: pytest.fail("they were drawn"))
    Path("file").write_text("")
    assert reported(lambda: regenerate.export_latex(["add_numbers"], Path("file/paper"))) == 2
    assert capsys.readouterr().err.startswith("Error: file/paper: Not a directory")


@pytest.mark.long
@pytest.mark.parametrize("job", JOBS)
def test_sound_tables_are_taken(folder, job):
    assert JOBS[job]() == 0


def check(folder, trained_study, change, jobs, capsys):
    name, *how = change
    sound = {table: (trained_study / table).read_bytes() for table in TABLES}
    damaged = sound | {name: damage(sound[name].decode(), *how)}
    for job in jobs:
        for table, content in damaged.items():
            (folder / table).write_bytes(content)
        forge_digests(folder)  # or all would be refused for these
        code = reported(JOBS[job])
        said = capsys.readouterr().err
        if code == 2:
            assert said.startswith("Error: ")
            # or a table that does not belong to what is left of it
            assert any(table in said for table in TABLES)
        else:  # verify: it differs
            assert (code, said) in ((0, ""), (int(job == "verify"), "")), (job, said)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("job", [*FAST, *DRAWING])
def test_an_edited_table_is_refused_in_one_line_and_shown_if_asked(folder, capsys, job, table):
    """Whatever was edited: one digit in the last row."""
    path = folder / table
    *rows, last = path.read_text(encoding="utf-8").splitlines(keepends=True)
    edited = re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), last, count=1)
    path.write_text("".join([*rows, edited]), encoding="utf-8")
    if job == "verdicts" and table == "claims.csv":  # which it writes anew
        assert reported(JOBS[job]) == 0
        return
    assert reported(JOBS[job]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"Error: results/add_numbers: edited since they were made: {table}")
    assert said.count("\n") == 1


@pytest.mark.parametrize("heading", [",z" * 1000, ("," + "z" * 10**5) * 11])
@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_is_too_wide_is_not_parsed(folder, table, heading):
    first, rest = (folder / table).read_text(encoding="utf-8").split("\n", 1)
    (folder / table).write_text(f"{first}{heading}\n{rest}", encoding="utf-8")
    with pytest.raises(TableFileError, match=rf"{table}: has more than 1,000 columns"):
        read_table(folder / table)


@pytest.mark.slow
@pytest.mark.parametrize("cells", [["True"], ["True", ""]])
@pytest.mark.parametrize("job", ["report", "figures"])
def test_curves_of_truth_values_are_drawn(folder, job, cells):
    curves = read_table(folder / "curves.csv")
    drawn = curves.astype({"mse": object}).assign(mse=[*islice(cycle(cells), len(curves))])
    write_table(drawn, folder / "curves.csv")
    forge_digests(folder)
    assert JOBS[job]() == 0


def test_the_explorable_page_believes_no_claims_either(folder, capsys):
    """Forged with their digests: a claim that the runs do not give."""
    claims = read_table(folder / "claims.csv")
    write_table(claims.assign(n=claims["n"] + 1), folder / "claims.csv")
    forge_digests(folder)
    assert reported(regenerate.explore) == 2
    assert "edited since they were made: claims.csv: n of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("job", "file", "mark"),
    [
        (lambda: regenerate.report(["add_numbers"], anyway=True), "index.html", "were edited"),
        (lambda: regenerate.write_ledgers(["add_numbers"], anyway=True), "README.md", "edited"),
        (lambda: regenerate.redraw(["add_numbers"], anyway=True), "runs.svg", "edited"),
    ],
)
def test_what_is_made_of_edited_tables_is_marked(folder, capsys, job, file, mark):
    with (folder / "claims.csv").open("a", encoding="utf-8") as table:
        table.write("\n")
    (folder / file).unlink(missing_ok=True)
    assert job() == 0
    assert "edited since they were made, and shown anyway: claims.csv" in capsys.readouterr().err
    assert mark in (folder / file).read_text(encoding="utf-8")


@pytest.mark.long
@given(change=damages())
@unhurried
def test_no_table_gives_a_traceback(folder, trained_study, capsys, change):
    check(folder, trained_study, change, FAST, capsys)


@pytest.mark.slow
@given(change=damages())
@unhurried
def test_no_table_gives_a_traceback_when_drawn(folder, trained_study, capsys, change):
    check(folder, trained_study, change, DRAWING, capsys)
