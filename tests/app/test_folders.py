"""Partial, quick and swept results: commands work on their folders as on a study's own.

Slow: the commands that take long on both folders.
"""

import shutil

import pandas as pd
import pytest
from click.testing import CliRunner

from repro.app.cli.main import main
from repro.app.runs.partial import PartialTables
from repro.app.runs.writing import write_runs
from repro.findings import figures
from repro.running.workers import Workers
from repro.store.provenance import read_provenance, write_provenance
from repro.store.results import find_results
from repro.store.runs import Store
from repro.study.errors import StudyError
from repro.study.folder import RESULTS
from repro.study.plan import make_plan
from repro.study.schema import load_study
from repro.study.sweep import sweep_study


def call(*args):
    return CliRunner().invoke(main, list(map(str, args)))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a folder where a quick run and a sweep have been made; `figures` draws."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(figures, "draw_figures", lambda *_: None)
        done = call("run", "relu_at_zero", "--quick", "--workers", 1)
        assert done.exit_code == 0
        (folder / "said.txt").write_text(done.output, encoding="utf-8")
        grid = ("hidden_activation=relu,sigmoid", "learning_rate=1/10", "iterations=100")
        done = call("sweep", "truth_table", *grid, "--seeds", 2, "--workers", 1)
        assert done.exit_code == 0
        assert f"Tables and figure are in {SWEEP}/\n" in done.output  # in one line, to be copied
    return folder


@pytest.fixture
def inside(home, monkeypatch, tmp_path):
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    monkeypatch.chdir(copy)
    return copy / "results"


QUICK = "results/relu_at_zero@quick"
SWEEP = (
    "results/truth_table@sweep,hidden_activation=relu+sigmoid,learning_rate=1-10,iterations=100,"
    "seeds=0-1"
)


@pytest.mark.parametrize(
    ("command", "written", "folder"),
    [
        ("report", "index.html", QUICK),
        ("figures", "runs.png", SWEEP),
        ("ledger", "README.md", QUICK),
        ("ledger", "README.md", SWEEP),
        pytest.param("report", "index.html", SWEEP, marks=pytest.mark.slow),
        pytest.param("figures", "runs.png", QUICK, marks=pytest.mark.slow),
    ],
)
def test_commands_work_on_any_results_folder(inside, command, written, folder):
    path = inside.parent / folder / written
    path.unlink(missing_ok=True)
    done = call(command, folder)
    assert done.exit_code == 0, done.output
    assert f"{folder}/{written}" in done.output
    assert path.stat().st_size > 500


@pytest.mark.parametrize("command", ["verdicts", "ledger"])
def test_a_folder_in_results_may_be_named_alone(inside, command):
    done = call(command, QUICK.removeprefix("results/"))
    assert done.exit_code == 0, done.output
    assert done.output.startswith(QUICK)


def test_a_call_that_trains_nothing_leaves_results_as_they_are(inside, monkeypatch):
    monkeypatch.setattr(figures, "draw_figures", lambda *_: None)
    folder = inside / "relu_at_zero@quick"
    record = folder / "provenance.json"
    earlier = read_provenance(folder).model_copy(update={"finished": "2001-02-03T04:05:06+00:00"})
    write_provenance(earlier, folder)
    assert call("ledger", folder).exit_code == 0
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    done = call("run", "relu_at_zero", "--quick", "--workers", 2)
    assert done.exit_code == 0, done.output
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert b"2001-02-03" in before[record]


def test_verdicts_say_what_they_wrote(inside):
    done = call("verdicts", QUICK)
    assert done.exit_code == 0
    assert f"{QUICK}/claims.csv: " in done.output


@pytest.mark.parametrize("command", ["verdicts", "figures", "report", "ledger"])
def test_without_any_results_they_say_so(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    done = call(command)
    assert done.exit_code == 2
    assert "no study has tables in results/ here; run one first" in done.output


def test_a_folder_may_have_any_name(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("runs.csv", "provenance.json"):
        shutil.copy(RESULTS / "four_layers" / name, folder)
    study, found = find_results(str(folder))
    assert (study.name, found) == ("four_layers", folder)


def test_a_folder_without_results_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudyError, match=r"empty holds no results: empty/runs\.csv is not there"):
        find_results("empty")


def test_what_is_done_can_be_looked_at_before_the_end(tmp_path):
    study = load_study("truth_table")
    plan = make_plan(study, seeds=range(6), variants=["relu_posted", "relu_posted_1000"])
    folder = tmp_path / "truth_table"
    with Store(folder) as store, Workers(1) as pool:
        partial = PartialTables(plan, store, folder)
        first = plan.blocks[0]
        [(_, runs)] = pool.train(study.name, None, [first])
        store.add(first, runs)
        finished = {run.identity: run for run in runs}
        partial.write(finished)
        said = partial.described(finished)
    assert "6 of 12 runs are done; their tables are in" in said
    assert f"python -m repro report {tmp_path}/truth_table@partial draws them." in said
    table = pd.read_csv(tmp_path / "truth_table@partial" / "runs.csv")
    assert list(table.variant) == [first.variant] * 6
    assert call("report", tmp_path / "truth_table@partial").exit_code == 0
    (tmp_path / "truth_table@partial" / "index.html").unlink()
    partial.remove()
    assert not (tmp_path / "truth_table@partial").exists()


def test_what_is_done_of_a_sweep_can_be_looked_at_before_the_end(tmp_path):
    study = sweep_study("truth_table", ["hidden_activation=relu,sigmoid", "iterations=100"], 2)
    plan, folder = make_plan(study, seeds=range(2)), tmp_path / "truth_table@sweep"
    with Store(folder) as store, Workers(1) as pool:
        partial = PartialTables(plan, store, folder, write_runs)
        first = plan.blocks[0]
        [(_, runs)] = pool.train(study.name, None, [first])
        store.add(first, runs)
        partial.write({run.identity: run for run in runs})
    assert set(pd.read_csv(partial.folder / "runs.csv").variant) == {first.variant}
    for command, written in (("report", "index.html"), ("figures", "sweep.png")):
        done = call(command, partial.folder)
        assert done.exit_code == 0, done.output
        assert (partial.folder / written).is_file()


def test_quick_answers_in_a_few_lines_and_names_a_picture(home):
    said = (home / "said.txt").read_text(encoding="utf-8")
    *_, question, failing, fixes, picture = said.strip().splitlines()
    assert question == load_study("relu_at_zero").question
    assert "Differs, 8 seeds, mean (least … greatest). integers, 1: 1 (in all runs); " in failing
    assert fixes.startswith("Tried max(0.001, x) in place of max(0, x): ")
    assert picture == f"Picture: {QUICK}/fixes.png"


def test_quick_takes_no_seeds(inside):
    done = call("run", "truth_table", "--quick", "--seeds", 3)
    assert done.exit_code == 2
    assert "--quick chooses seeds and variants" in done.output
