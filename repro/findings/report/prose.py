"""The prose of the study files as pieces: text, code and cited claims."""

import re
from typing import NamedTuple

from repro.study.schema import CITATION

TOKEN = re.compile(rf"`([^`]+)`|{CITATION}")


class Piece(NamedTuple):
    """A stretch of prose: plain text, code, or the id of a claim that is cited."""

    kind: str  # text | code | claim
    text: str


def paragraphs(prose: str) -> list[list[Piece]]:
    """Return the paragraphs of a study file's prose; a line left empty parts them."""
    return [pieces(text) for text in re.split(r"\n\s*\n", prose) if text.strip()]


def pieces(prose: str) -> list[Piece]:
    """Return one paragraph's text, `code` and cited claims, [claim], in order."""
    prose, stretches, end = " ".join(prose.split()), [], 0
    for match in TOKEN.finditer(prose):
        text = prose[end : match.start()]
        # a mark clings to the word before it
        stretches.append(Piece("text", text if match[1] else text.rstrip()))
        stretches.append(Piece("code", match[1]) if match[1] else Piece("claim", match[2]))
        end = match.end()
    stretches.append(Piece("text", prose[end:]))
    return [piece for piece in stretches if piece.text]
