"""Markdown: tables, and text that stays text in them."""

import re
from collections.abc import Iterable, Sequence


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; cells are Markdown already."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def escaped(text: str) -> str:
    """Return text that stays in one line and one cell; of Markdown only `code` in it is code."""
    visible = re.sub(r"[\\*|]|(?<=\])\(", r"\\\g<0>", " ".join(text.split()))
    return visible.replace("<", "&lt;")
