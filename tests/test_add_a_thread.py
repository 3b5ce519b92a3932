"""The page that adds a thread, followed to the letter in a copy of the repository."""

import ast
import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from repro.study.folder import study_names

pytestmark = pytest.mark.long  # a minute of processor time, and the last test five more
ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "add-a-thread.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
NOT_COPIED = shutil.ignore_patterns(".*", "*@*", "__pycache__", "*.egg-info")
NAME = "xor_gate"
LIGHT, DEEP = 0, 1  # the first study of the page, the second


def write(text, copy):
    """Write a block where its first line says: a file, a place in one, or its end."""
    head, _, body = text.partition("\n")
    name, _, place = head.strip("#<>-! ").partition(", ")
    path = copy / name
    if place:
        old = path.read_text(encoding="utf-8")
        before = re.search(r'before the first line that begins with "(.*)"', place)
        at = re.search(rf"^{re.escape(before[1])}", old, re.M).start() if before else len(old)
        text = f"{old[:at]}{body}{old[at:]}"
    elif head.startswith("<"):
        text = body
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def call(line, copy, seconds=600):
    command = shlex.split(line)
    if command[0] == "python":
        command[0] = sys.executable
    return subprocess.run(
        command,
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env=os.environ | {"PYTHONPATH": str(copy), "COLUMNS": "140"},
    )


def follow(language, text, copy, said):
    """Do what a block says; add what its commands printed."""
    if language in ("python", "toml", "markdown"):
        write(text, copy)
        return
    for line in re.findall(r"^\$ (.*)", text, re.M) or text.splitlines():
        done = call(line, copy)
        assert language == "console" or done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        said.append((line, done))


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """Return the copy, what the commands printed, and each study's claims as they were then."""
    copy = tmp_path_factory.mktemp("repository") / "copy"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    said, claims, begin = [], [], time.monotonic()
    for language, text in BLOCKS:
        follow(language, text, copy, said)
        if f"python -m repro run {NAME}\n" in text:
            claims.append(rows(copy / "results" / NAME / "claims.csv"))
    print(f"commands took {time.monotonic() - begin:.0f} s")
    return copy, said, claims


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def printed(said, word):
    return [done for line, done in said if f" {word} " in f"{line} "]


def verdicts(claims):
    return {row["claim"]: row["verdict"] for row in claims}


def test_the_light_version_has_the_verdicts_that_the_page_tells_of(followed):
    _, _, claims = followed
    assert verdicts(claims[LIGHT]) == {
        "two_sigmoids_learn": "refuted",
        "two_relus_fail": "refuted",
        "five_relus_learn": "inconclusive",
        "training_need_not_find": "holds",
        "five_are_more": "holds",
    }


def test_the_deep_version_has_the_verdicts_that_the_page_tells_of(followed):
    _, _, claims = followed
    assert verdicts(claims[DEEP]) == {
        "two_sigmoids_learn": "refuted",
        "relu_is_worse": "holds",
        "loss_stops_at_quoted": "refuted",
        "four_relus_fail": "refuted",
        "five_relus_learn": "refuted",
        "training_need_not_find": "holds",
        "loss_is_of_silent_rows": "inconclusive",
        "more_units_leave_fewer_rows": "holds",
        "five_sigmoids_learn": "holds",
        "leak_helps": "holds",
    }


def test_the_pages_numbers_are_those_of_the_runs(followed):
    copy, _, _ = followed
    runs = rows(copy / "results" / NAME / "runs.csv")
    assert {row["status"] for row in runs} == {"ok"}
    text = " ".join((copy / "docs" / "threads" / f"{NAME}.md").read_text().split())
    for variant, metric, words in (
        ("sigmoid_2", "learned", "{} of the networks with two sigmoid units learn XOR"),
        ("relu_2", "learned", "{} of those with two ReLU units"),
        ("relu_4", "learned", "With four ReLU units it is {}"),
        ("relu_5", "learned", "with five {}"),
        ("widths@units=8", "learned", "with eight {}"),
        ("relu_2", "near_quoted", "{} of the networks with two ReLU units stop so"),
        ("leaky_5", "learned", "{} of the networks with five leaky units learn"),
        ("sigmoid_5", "learned", "{} of those with five sigmoid units"),
    ):
        values = [float(row[metric]) for row in runs if row["variant"] == variant]
        assert words.format(f"{100 * sum(values) / len(values):.3g} %") in text


def test_figures_are_there_and_the_sweep_has_its_own(followed):
    copy, _, _ = followed
    for name in ("runs.png", "runs.svg", "learning_curves.png", "mechanism.png", "mechanism.svg"):
        assert (copy / "results" / NAME / name).stat().st_size > 1000
    (folder,) = (copy / "results").glob(f"{NAME}@sweep*")
    assert (folder / "sweep.png").stat().st_size > 1000


def test_the_rerun_is_equal_to_the_bit(followed):
    _, said, _ = followed
    (done,) = printed(said, "verify")
    assert "200 runs compared, 200 equal to the bit." in done.stdout


def test_lint_says_what_the_page_says_and_nothing_in_the_end(followed):
    _, said, _ = followed
    light, deep = printed(said, "lint")
    ((_, shown),) = [block for block in BLOCKS if block[0] == "console"]
    assert light.stdout == shown.partition("\n")[2]
    assert light.returncode == 1
    assert deep.stdout == ""


def over_studies(path):
    """Yield the ids of a file's tests that go over the studies."""
    text = path.read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            decorators = [ast.get_source_segment(text, part) for part in node.decorator_list]
            code = "\n".join([*decorators, ast.get_source_segment(text, node)])
            if re.search(r"\bstudy_names\(\)|\bSTUDIES\b|\bTHREADS\b", code):
                yield f"{path}::{node.name}"


def test_the_tests_that_go_over_studies_pass(followed):
    """The next test runs the others."""
    copy, _, _ = followed
    files = set((copy / "tests").rglob("test_*.py")) - {copy / "tests" / Path(__file__).name}
    tests = [name for path in sorted(files) for name in over_studies(path)]
    assert len(tests) > 5
    others = " and ".join(f"not {name}" for name in study_names())
    done = call(shlex.join(["python", "-m", "pytest", *tests, "-k", others]), copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_every_other_test_passes(followed):
    copy, _, _ = followed
    done = call(f"python -m pytest tests --ignore tests/{Path(__file__).name}", copy, 3600)
    assert done.returncode == 0, done.stdout
