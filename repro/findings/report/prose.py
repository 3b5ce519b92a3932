"""The prose of the study files as pieces: text, code and cited claims."""

import re
from typing import NamedTuple

from repro.study.models import CITATION, CITED_VERDICT

TOKEN = re.compile(rf"`([^`]+)`|{CITATION}|{CITED_VERDICT}")


class Piece(NamedTuple):
    """A stretch of prose: plain text, code, or the id of a claim that is cited."""

    kind: str  # text | code | claim
    text: str
    leans_on: str = ""  # the verdict of the claim that the sentence needs


def paragraphs(prose: str) -> list[list[Piece]]:
    """Return the paragraphs of a study file's prose; a line left empty parts them."""
    return [pieces(text) for text in re.split(r"\n\s*\n", prose) if text.strip()]


def pieces(prose: str) -> list[Piece]:
    """Return one paragraph's text, `code` and cited claims, [claim] or [claim holds], in order."""
    prose, stretches, end = " ".join(prose.split()), [], 0
    for match in TOKEN.finditer(prose):
        text = prose[end : match.start()]
        # a mark clings to the word before it
        stretches.append(Piece("text", text if match[1] else text.rstrip()))
        stretches.append(_token(match))
        end = match.end()
    stretches.append(Piece("text", prose[end:]))
    return [piece for piece in stretches if piece.text]


def _token(match: re.Match[str]) -> Piece:
    code, plain, claim, verdict = match.groups()
    return Piece("code", code) if code else Piece("claim", plain or claim, verdict or "")
