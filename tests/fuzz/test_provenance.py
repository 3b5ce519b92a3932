"""provenance.json of any content under `verify` and `report`: a line, never a traceback."""

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.app import regenerate
from repro.app.cite import cite
from repro.app.cli.exits import reported
from repro.app.runs import verify as verification
from repro.store.provenance import command_line
from repro.store.results import EDITED
from repro.store.tables import read_table, write_table
from tests.forged import forge_digests

RESULTS = Path(__file__).parents[2] / "results"
STUDY = "truth_table"
SOUND = json.loads((RESULTS / STUDY / "provenance.json").read_text(encoding="utf-8"))
SOUND["tables"] = {}  # of the whole study's
SOUND["digest"] = ""
unhurried = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
ODD = [None, True, 0, -1, 1e308, int("9" * 400), "", "x", "\n", "[red]", [], [[]], {}, {"x": {}}]
odd = st.sampled_from(ODD) | st.floats() | st.text(max_size=9)
anything = st.recursive(odd, lambda of: st.lists(of) | st.dictionaries(st.text(max_size=9), of))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A study's results with few runs: `verify` says so, before training, if all is sound."""
    folder = tmp_path_factory.mktemp("home") / "results" / STUDY
    shutil.copytree(RESULTS / STUDY, folder, ignore=shutil.ignore_patterns("*g"))
    for name in ("runs.csv", "curves.csv"):
        table = read_table(folder / name)
        first = table.groupby("variant").seed.transform("min")
        write_table(table[table.seed < first + 2], folder / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder.parents[1])
        forge_digests(folder)
        assert regenerate.rejudge([STUDY]) == 0
    return folder.parent


@pytest.fixture
def file(results, tmp_path, monkeypatch):
    """The file, in the current folder's results."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(results, "results")
    return tmp_path / "results" / STUDY / "provenance.json"


def check(file, capsys, *, refused=False):
    said = []
    for job in (
        lambda: verification.verify(STUDY),
        lambda: regenerate.report([STUDY]),
    ):
        code = reported(job)
        lines = capsys.readouterr().err.splitlines(keepends=True)
        error = "".join(line for line in lines if "has no digests of its tables" not in line)
        assert code == 2 or not error, error
        assert code == 0 or error.startswith(f"Error: results/{STUDY}"), error
        assert error.count("\n") == (code == 2)
        said.append(error)
    verify, report = said
    assert "provenance.json" in verify or (
        not refused and ("has no run of" in verify or EDITED in verify)
    ), verify
    assert f"python -m repro.{STUDY}" in verify
    assert bool(report) or not refused
    assert not report or report == verify


def test_a_sound_file_is_taken(file, capsys):
    check(file, capsys)
    assert (file.parent / "index.html").stat().st_size > 10_000


@given(content=anything)
@unhurried
def test_any_json_is_refused(file, capsys, content):
    file.write_text(json.dumps(content), encoding="utf-8")
    check(file, capsys, refused=True)


@st.composite
def changed(draw):
    """The sound content with a value of any depth replaced, or left out."""
    content = parent = json.loads(json.dumps(SOUND))
    key = draw(st.sampled_from(sorted(parent)))
    while isinstance(parent[key], dict) and parent[key] and draw(st.booleans()):
        parent = parent[key]
        key = draw(st.sampled_from(sorted(parent)))
    parent[key] = draw(anything)
    if draw(st.booleans()):
        del parent[key]
    return content


@pytest.mark.slow
@given(content=changed())
@unhurried
def test_any_change_of_a_value_is_refused_or_harmless(file, capsys, content):
    file.write_text(json.dumps(content), encoding="utf-8")
    check(file, capsys)


@given(data=st.data())
@unhurried
def test_any_change_of_bytes_is_refused_or_harmless(file, capsys, data):
    sound = json.dumps(SOUND).encode()
    start = data.draw(st.integers(0, len(sound)))
    end = data.draw(st.just(len(sound)) | st.integers(start, min(len(sound), start + 8)))
    file.write_bytes(sound[:start] + data.draw(st.binary(max_size=8)) + sound[end:])
    check(file, capsys)


FIELDS = ("command", "package", "code", "runs", "data_digest", "finished")
NESTED = {
    "another setting": lambda told: told["settings"]["common"].update(bias=True),
    "another variant": lambda told: told["settings"]["variants"]["relu_posted"].update(bias=True),
    "another machine": lambda told: told["fingerprint"].update(machine="abacus"),
    "another library": lambda told: told["fingerprint"]["libraries"].update(keras="1.0"),
    "other blocks": lambda told: told.update(block=told["block"] + 1),
}
SHOWN = {  # by each, `provenance.json` is read
    "report": lambda: regenerate.report([STUDY]),
    "ledger": lambda: regenerate.write_ledgers([STUDY]),
    "explore": regenerate.explore,
    "figures": lambda: regenerate.redraw([STUDY]),
    "verdicts": lambda: regenerate.rejudge([STUDY]),
    "cite": lambda: cite([STUDY, "relu_posted"], None),
    "verify": lambda: verification.verify(STUDY),
}


def refused_as_edited(job, capsys):
    assert reported(job) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"Error: results/{STUDY}: {EDITED}: provenance.json"), said
    assert said.count("\n") == 1


@pytest.mark.parametrize("key", [*FIELDS, *NESTED])
def test_a_value_that_was_edited_is_told(file, capsys, key):
    told = json.loads(file.read_text(encoding="utf-8"))
    NESTED.get(key, lambda told: told.update({key: "1999-01-01T"}))(told)
    file.write_text(json.dumps(told), encoding="utf-8")
    for job in SHOWN.values():
        refused_as_edited(job, capsys)


@pytest.mark.parametrize("key", [key for key in NESTED if "blocks" not in key])
def test_of_a_file_of_before_the_runs_say_whether_it_is_theirs(file, capsys, key):
    """It has no digest of its own; whoever edits one can take that away, too."""
    told = json.loads(file.read_text(encoding="utf-8")) | {"digest": ""}
    file.write_text(json.dumps(told), encoding="utf-8")
    assert reported(SHOWN["ledger"]) == 0
    NESTED[key](told)
    file.write_text(json.dumps(told), encoding="utf-8")
    refused_as_edited(SHOWN["report"], capsys)


def test_a_files_spaces_and_lines_are_free(file):
    told = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(told), encoding="utf-8")
    assert reported(SHOWN["ledger"]) == 0


BREAKING = [
    b"",
    b"\xff\xfe",
    b"[" * 10**5,
    b'{"a":' * 10**5,
    b"9" * 10**4,
    b'"\\ud800"',
    b"NaN",
    b"{}{}",
]


@pytest.mark.parametrize("content", BREAKING, ids=lambda content: repr(content[:6]))
def test_what_breaks_parsers_is_refused(file, capsys, content):
    for text in (content, json.dumps(SOUND | {"code": 0}).encode().replace(b" 0,", content + b",")):
        file.write_bytes(text)
        check(file, capsys, refused=True)


@pytest.mark.parametrize("wrong", [{"block": 0}, {"block": -1}, {"seconds": -1.0}])
def test_numbers_that_mean_nothing_are_refused_by_their_key(file, capsys, wrong):
    file.write_text(json.dumps(SOUND | wrong), encoding="utf-8")
    assert reported(lambda: regenerate.rejudge([STUDY])) == 2
    assert f"provenance.json: {next(iter(wrong))}: " in capsys.readouterr().err


def test_a_path_that_is_no_text_is_written_as_text(monkeypatch):
    monkeypatch.setattr("sys.argv", ["repro/__main__.py", "run", os.fsdecode(b"o\xff")])
    assert command_line() == r"python -m repro run 'o\udcff'"


@pytest.mark.parametrize("text", ["x\n@misc{y,}", "a\tb", "x\n\n# A heading"])
def test_a_text_of_several_lines_is_refused(file, capsys, text):
    """It would be a heading of a page, or a work among the cited ones."""
    file.write_text(json.dumps(SOUND | {"package": text}), encoding="utf-8")
    check(file, capsys, refused=True)


def test_a_command_is_written_in_a_line(monkeypatch):
    monkeypatch.setattr("sys.argv", ["repro/__main__.py", "run", "--out", "a\nb"])
    assert command_line() == r"python -m repro run --out 'a\nb'"


OTHERS = {
    "nothing": lambda path: None,
    "folder": lambda path: path.mkdir(),
    "link to nothing": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path),
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
    "pipe": os.mkfifo,
}


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_no_file_is_refused(file, capsys, other):
    file.unlink()
    OTHERS[other](file)
    check(file, capsys, refused=True)


@pytest.mark.parametrize("data", ["", "mnist", "cifar"])
def test_another_data_set_is_refused_by_verify(file, capsys, data):
    file.write_text(json.dumps(SOUND | {"data": data}), encoding="utf-8")
    assert reported(lambda: verification.verify(STUDY)) == 2
    assert f"provenance.json: {data!r} is no data set of {STUDY}" in capsys.readouterr().err
