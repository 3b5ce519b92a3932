"""The text that most rows of a table share, so that its caption can say it once."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Usual:
    """A column's usual text, empty if there is none, and whether all rows have it."""

    text: str
    always: bool = False

    def differs(self, text: str) -> bool:
        """Return True if a row has to say its own."""
        return text != self.text


def usual(texts: Iterable[str]) -> Usual:
    """Return the text that more than half of a column's rows have."""
    counts = Counter(texts)
    text, rows = counts.most_common(1)[0] if counts else ("", 0)
    return Usual(text, rows == counts.total()) if 2 * rows > counts.total() else Usual("")
