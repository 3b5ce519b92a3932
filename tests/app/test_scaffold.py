"""`python -m repro new` writes a study that runs at once, in a copy of the repository.

Slow: the study that is written without `--posted`, a part of the other.
"""

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from repro.app import scaffold
from repro.app.lint.problem import Repository
from repro.app.scaffold import TEMPLATES, new_files
from repro.study.errors import StudyError
from tests.undrawn import UNDRAWN

ROOT = Path(__file__).parents[2]
LIGHT = pytest.param("light", marks=pytest.mark.slow)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a copy of the repository without its results."""
    folder = tmp_path_factory.mktemp("repository") / "copy"
    ignore = shutil.ignore_patterns(".*", "results", "__pycache__", "*.egg-info", "bench")
    shutil.copytree(ROOT, folder, ignore=ignore)
    return folder


def call(copy, *command):
    return subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module", params=[LIGHT, "posted"])
def begun(request, copy):
    """Return the copy, a new study's name, and what `new` said of it."""
    name = f"tiny_{request.param}"
    options = ["--posted"] if request.param == "posted" else []
    done = call(copy, "-m", "repro", "new", name, *options)
    assert done.returncode == 0, done.stderr
    return copy, name, done.stdout


def test_it_says_what_it_wrote_and_what_is_next(begun):
    copy, name, shown = begun
    written = re.findall(r"^wrote (.*)", shown, flags=re.M)
    assert f"experiments/{name}.toml" in written
    assert f"docs/threads/{name}.md" in written
    assert all((copy / path).is_file() for path in written)
    assert f"python -m repro lint {name}" in shown


def test_it_runs_at_once(begun):
    copy, name, _ = begun
    asked = ("--seeds=2", "--workers=1", "--out", f"results/{name}")
    done = call(copy, "-c", UNDRAWN, "run", name, *asked)
    assert done.returncode == 0, done.stdout + done.stderr
    with (copy / "results" / name / "runs.csv").open(newline="", encoding="utf-8") as file:
        runs = list(csv.DictReader(file))
    assert {row["status"] for row in runs} == {"ok"}
    assert {row["variant"] for row in runs} == {"sigmoid", "relu"}


@pytest.mark.long
def test_lint_names_the_marks_and_what_the_shared_pages_lack(begun):
    """And nothing else: ruff, style, walls and tests are in order."""
    copy, name, _ = begun
    done = call(copy, "-m", "repro", "lint", name)
    assert done.returncode == 1, done.stderr
    problems = done.stdout.splitlines()
    marks = [line for line in problems if "has the mark TODO" in line]
    assert {line.split(":")[0] for line in marks} >= {f"experiments/{name}.toml"}
    others = [line for line in problems if line not in marks and not line.startswith("results/")]
    shared = ("README.md: ", "docs/supply-chain.md: ", "repro/findings/references.toml: ")
    assert [line for line in others if not line.startswith(shared)] == []


@pytest.mark.long
def test_the_test_that_it_wrote_passes(begun):
    copy, name, _ = begun
    if name == "tiny_light":
        pytest.skip("the same test, and TensorFlow once more")
    done = call(copy, "-m", "pytest", f"tests/{name}")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("truth_table", "a study is named 'truth_table' already"),
        ("store", "repro.store is a module"),
        ("repro", "repro is a module"),
        ("keras", "keras is a module"),
        ("json", "json is a module"),
        ("tiny_folder", "tests/tiny_folder is there already"),
        ("class", "'class' is no name for a study"),
        ("match", "'match' is no name for a study"),
        ("type", "'type' is no name for a study"),
        ("XOR", "'XOR' is no name for a study"),
        ("2x", "'2x' is no name for a study"),
        ("../x", "'../x' is no name for a study"),
        ("with_page", "docs/threads/with_page.md is there already"),
    ],
)
def test_other_names_are_refused_and_nothing_is_written(tmp_path, monkeypatch, name, reason):
    monkeypatch.setattr(scaffold, "this_repository", lambda: Repository(tmp_path))
    page = tmp_path / "docs" / "threads" / "with_page.md"
    page.parent.mkdir(parents=True)
    page.write_text("# A page\n")
    (tmp_path / "tests" / "tiny_folder").mkdir(parents=True)
    with pytest.raises(StudyError, match=re.escape(reason)):
        scaffold.new(name, posted=False)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [page]


def test_what_can_not_be_written_whole_is_not_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(scaffold, "this_repository", lambda: Repository(tmp_path))
    (tmp_path / "experiments").write_text("no folder")
    with pytest.raises(OSError, match="File exists"):
        scaffold.new("name_of_no_study", posted=False)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["experiments"]


def test_it_needs_a_clone(monkeypatch):
    monkeypatch.setattr(scaffold, "this_repository", lambda: None)
    with pytest.raises(StudyError, match="needs a clone"):
        scaffold.new("name", posted=False)


def test_every_template_is_part_of_a_study():
    written = [*new_files("name", posted=False), *new_files("name", posted=True)]
    files = [path for path in TEMPLATES.rglob("*") if path.is_file()]
    both = [path for path in files if path.is_relative_to(TEMPLATES / "every")]
    assert len(written) == len(files) + len(both)
