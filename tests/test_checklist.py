"""The checklist points at things that are there."""

import re
from pathlib import Path

import pytest

from repro.app.cli import main

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "checklist.md").read_text(encoding="utf-8")
LINKS = sorted(set(re.findall(r"\]\(([^)#]+)\)", PAGE)))
COMMANDS = sorted(set(re.findall(r"`python -m repro (\w+)", PAGE)))
ROWS = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize("link", LINKS)
def test_what_is_linked_exists(link):
    assert (ROOT / "docs" / link).resolve().is_relative_to(ROOT.resolve())
    assert (ROOT / "docs" / link).exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_to_be_run_exists(command):
    assert command in main.list_commands(None)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make (\w+)`", PAGE))))
def test_what_is_to_be_made_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.M)


def test_every_item_has_an_answer_and_a_reason():
    items = [row for row in ROWS if row[1] not in ("answer", "---")]
    assert [len(row) for row in ROWS] == [3] * len(ROWS)
    assert len(items) == 5 + 16 + 5
    for item, answer, where in items:
        assert item.strip("| ")
        assert answer.strip()
        assert len(where.strip("| ")) > 8
