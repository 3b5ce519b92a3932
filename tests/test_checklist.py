"""The checklist answers every item."""

from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "checklist.md"
ITEMS = 5 + 16 + 5  # of the three checklists


def test_every_item_has_an_answer_and_a_reason():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| ")]
    assert [len(row) for row in rows] == [3] * len(rows)
    items = [row for row in rows if row[1] not in ("answer", "---")]
    assert len(items) == ITEMS
    for item, answer, where in items:
        assert item.strip("| ")
        assert answer.strip()
        assert len(where.strip("| ")) > 8
