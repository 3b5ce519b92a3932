"""The page that adds a thread, followed to the letter in a copy of the repository."""

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "add-a-thread.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
NOT_COPIED = shutil.ignore_patterns(".*", "results", "__pycache__", "*.egg-info")


def write(text, copy):
    """Write a block into the file that its first line names."""
    (copy / text.partition("\n")[0].removeprefix("# ")).write_text(text, encoding="utf-8")


def call(line, copy):
    command = shlex.split(line)
    assert command[0] == "python", line
    done = subprocess.run(
        [sys.executable, *command[1:]], cwd=copy, capture_output=True, text=True, timeout=300,
        check=False, env=os.environ | {"PYTHONPATH": str(copy), "COLUMNS": "140"},
    )  # fmt: skip
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    copy = tmp_path_factory.mktemp("repository") / "copy"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    said = {}
    for language, text in BLOCKS:
        if language in ("python", "toml"):
            write(text, copy)
        elif language == "markdown":
            with (copy / "README.md").open("a", encoding="utf-8") as readme:
                readme.write(text)
        else:
            said |= {line: call(line, copy) for line in text.splitlines()}
    return copy, said


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_page_has_a_block_of_each_kind():
    assert [language for language, _ in BLOCKS] == [
        "python", "toml", "sh", "sh", "markdown", "sh"
    ]  # fmt: skip


def test_every_claim_has_the_verdict_that_the_page_tells_of(followed):
    copy, _ = followed
    claims = rows(copy / "results" / "absolute_value" / "claims.csv")
    assert {row["claim"]: row["verdict"] for row in claims} == {
        "two_are_enough": "refuted",
        "more_units_help": "holds",
        "low_rate_helps": "refuted",
        "signs_decide": "holds",
    }


def test_every_run_is_there_and_the_figures_too(followed):
    copy, _ = followed
    folder = copy / "results" / "absolute_value"
    runs = rows(folder / "runs.csv")
    assert len(runs) == 9 * 200
    assert {row["status"] for row in runs} == {"ok"}
    for name in ("runs.png", "runs.svg", "learning_curves.png", "learning_curves.svg"):
        assert (folder / name).stat().st_size > 1000


def test_the_sweep_has_a_figure_of_its_own(followed):
    copy, _ = followed
    (folder,) = (copy / "results").glob("absolute_value@sweep=*")
    assert len(rows(folder / "runs.csv")) == 8 * 50
    assert (folder / "sweep.png").stat().st_size > 1000


def test_the_rerun_is_equal_to_the_bit(followed):
    _, said = followed
    (shown,) = (text for line, text in said.items() if " verify " in line)
    assert "runs: 1,800 runs compared, 1,800 equal to the bit." in shown
    assert "All 4 verdicts stand" in shown


def test_readme_and_tests_know_the_study(followed):
    copy, said = followed
    assert "Two ReLU units are enough. |" in (copy / "README.md").read_text(encoding="utf-8")
    (shown,) = (text for line, text in said.items() if " pytest " in line)
    assert re.search(r"\b[5-9] passed", shown)
