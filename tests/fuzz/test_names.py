"""Names and paths: what can't be one is refused in a line, and no name leads out of `results/`."""

import os
import stat
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from repro.app.cli.main import main
from repro.app.cli.options import OutFolder
from repro.commands.diagnose import command as diagnose_command
from repro.store.database import StoreError
from repro.store.files import read_regular, write_note, write_whole
from repro.store.runs import Store
from repro.study.errors import StudyError
from repro.study.naming import LONGEST_FOLDER, results_name, results_path, wrong_names
from repro.study.text import controls, printable

REFUSED = [
    "",
    " ",
    ".",
    "..",
    "../../../x",
    "/etc/passwd",
    "a/b",
    "a,b",
    "a b",
    "A",
    "Relu",
    "1a",
    "_a",
    "ａ",
    "é",
    "a\n",
    "a\x00",
    "a\u202eb",
    "a\u200b",
    "\x1b[2J",
    "a" * 61,
    "grid@a=1",
    "-rf",
    "~",
]


@pytest.mark.parametrize("name", REFUSED, ids=ascii)
def test_what_is_no_name_is_refused_and_shown_without_its_controls(name):
    (line,) = wrong_names("variants", [name])
    assert "is no name" in line
    assert not list(controls(line))


def test_the_names_of_the_studies_are_names():
    assert wrong_names("variants", ["relu_raw", "a", "a1_" * 20]) == []


@given(differs=st.lists(st.text(max_size=300), min_size=1, max_size=4))
def test_a_folders_name_is_one_name_whatever_the_settings_are(differs):
    name = results_name("mnist_relu", differs, differs)
    assert name.startswith("mnist_relu@")
    assert os.path.basename(name) == name  # noqa: PTH119
    assert len(f".{name}@partial.12345678".encode()) <= LONGEST_FOLDER + 30
    assert name.isascii()
    assert name.isprintable()


def test_settings_that_are_too_long_differ_in_their_digest():
    long = ["variants=" + "+".join(f"v{i}" for i in range(200))]
    assert results_name("a", long, 1) != results_name("a", long, 2)


@pytest.mark.parametrize("out", ["", "  ", "/", "x" * 241, f"a/{'é' * 130}"], ids=repr)
def test_an_out_that_is_no_folder_is_refused(out):
    with pytest.raises(click.BadParameter):
        OutFolder().convert(out, None, None)


def test_the_current_folder_has_a_name_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert OutFolder().convert(".", None, None) == tmp_path


@given(text=st.text())
def test_what_is_shown_has_no_controls_and_what_has_none_is_shown_as_it_is(text):
    shown = printable(text)
    assert not list(controls(shown))
    assert shown == text or list(controls(text))


MAKE = {
    "link": lambda path, other: path.symlink_to(other),
    "named pipe": lambda path, _: os.mkfifo(path),
    "folder": lambda path, _: path.mkdir(),
}


@pytest.fixture(params=MAKE)
def no_file(request, tmp_path):
    """Something that is no file, what it is, and a file that it may lead to."""
    other, path = tmp_path / "other", tmp_path / "it"
    other.write_text("untouched")
    MAKE[request.param](path, other)
    yield path, request.param
    assert other.read_text() == "untouched"


def test_what_is_no_file_is_named_and_neither_read_nor_written_to(no_file):
    path, kind = no_file
    for job in (lambda: read_regular(path), lambda: write_note(path, "x")):
        with pytest.raises(OSError, match=f"is a {kind}, not a file") as refusal:
            job()
        assert refusal.value.filename == str(path)


@pytest.mark.parametrize("name", [".running", ".store.sqlite", ".store.sqlite-journal"])
@pytest.mark.parametrize("kind", MAKE)
def test_a_store_of_something_else_is_refused(tmp_path, name, kind):
    (tmp_path / "other").write_text("untouched")
    MAKE[kind](tmp_path / name, tmp_path / "other")
    with pytest.raises(StoreError, match=f"is a {kind}, not a file"):
        Store(tmp_path)
    assert (tmp_path / "other").read_text() == "untouched"


def test_a_file_has_the_rights_that_the_umask_leaves(tmp_path):
    before = os.umask(0o077)
    try:
        write_whole(tmp_path / "runs.csv", b"x")
        with Store(tmp_path):
            modes = [path.stat().st_mode for path in tmp_path.iterdir()]
    finally:
        os.umask(before)
    assert {stat.S_IMODE(mode) for mode in modes} == {0o600}


@pytest.mark.parametrize("command", ["report", "ledger", "verdicts", "figures", "export --latex x"])
def test_a_link_that_leads_back_to_itself_holds_no_results(tmp_path, monkeypatch, command):
    """Such a path has no end; until Python 3.13 to look for it raised RuntimeError."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "truth_table").symlink_to("truth_table")
    done = CliRunner().invoke(main, [*command.split(), "truth_table"])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("Error: results/truth_table/runs.csv is not there")


@pytest.mark.parametrize("out", ["file/report", "/proc/report", "/sys"])
def test_a_folder_for_a_report_is_tried_before_anything_is_trained(tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    for name in ("file", "data.npz"):
        (tmp_path / name).write_text("")
    (tmp_path / "model.py").write_text("def build(): ...\nraise SystemExit('it was run')")
    args = ["model.py:build", "--data", "data.npz", "--out", out]
    done = CliRunner().invoke(diagnose_command, args)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: {out}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("place", ["nowhere/runs.csv", "file/runs.csv"])
def test_what_cannot_be_written_is_named_by_its_own_name(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError) as refusal:
        write_whole(tmp_path / place, b"x")
    assert refusal.value.filename == str(tmp_path / place)


def test_more_than_the_limit_is_not_read(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(OSError, match="has more than 1,000 bytes"):
        read_regular(tmp_path / "large", 1000)
    with pytest.raises(OSError, match="is a device"):
        read_regular(Path("/dev/zero"), 1000)


def test_a_path_with_a_nul_is_refused():
    with pytest.raises(StudyError, match="names no folder"):
        results_path("a\0b")
