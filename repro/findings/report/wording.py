"""Numbers and prose as readers of a page expect them."""

import re
from typing import NamedTuple

import pandas as pd

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
TOKEN = re.compile(r"`([^`]+)`|\[([a-z][a-z0-9_.]*)\]")
ACRONYMS = {"mse": "MSE"}
LANGUAGES = {"en": "English", "pt": "Portuguese", "zh": "Chinese"}
ABSENT = "–"


class Piece(NamedTuple):
    """A stretch of prose: plain text, code, or the id of a claim that is cited."""

    kind: str  # text | code | claim
    text: str


def paragraphs(prose: str) -> list[list[Piece]]:
    """Return the paragraphs of a study file's prose; a line left empty parts them."""
    return [pieces(" ".join(part.split())) for part in re.split(r"\n\s*\n", prose) if part.strip()]


def pieces(prose: str) -> list[Piece]:
    """Return one paragraph's text, `code` and cited claims, [claim] or [study.claim], in order."""
    found, end = [], 0
    for match in TOKEN.finditer(prose):
        before = prose[end : match.start()]
        # a mark clings to the word before it
        found.append(Piece("text", before if match[1] else before.rstrip()))
        found.append(Piece("code", match[1]) if match[1] else Piece("claim", match[2]))
        end = match.end()
    found.append(Piece("text", prose[end:]))
    return [piece for piece in found if piece.text]


def number(value: float, digits: int = 4) -> str:
    """Return a number with so many significant digits: 0.9364, −1.2×10⁻¹⁹, or a dash for none."""
    if pd.isna(value):
        return ABSENT
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    scaled = f"{mantissa}×10{str(int(exponent)).translate(SUPERSCRIPTS)}" if exponent else mantissa
    return scaled.replace("inf", "∞").replace("-", "−")


def interval(low: float, high: float, digits: int = 4) -> str:
    """Return both limits, or a dash for none."""
    if pd.isna(low) or pd.isna(high):
        return ABSENT
    return f"{number(low, digits)} … {number(high, digits)}"


def p_value(value: float) -> str:
    """Return a p-value with two digits; none below 0.0001 is told from another."""
    return "< 0.0001" if value < 1e-4 else number(value, 2)


def percent(share: float, decimals: int = 0) -> str:
    """Return a share in percent."""
    if pd.isna(share):
        return ABSENT
    rounded = round(100 * share, decimals) + 0.0  # no −0
    return f"{rounded:.{decimals}f} %".replace("-", "−")


def power_of_ten(exponent: int) -> str:
    """Return a tick's label, plain where that is short."""
    if -3 <= exponent <= 5:
        return f"{10.0**exponent:,.{max(0, -exponent)}f}"
    return f"10{str(exponent).translate(SUPERSCRIPTS)}"


def words(name: str) -> str:
    """Return a column's name as words."""
    return ACRONYMS.get(name, name.replace("_", " "))


def sentence(text: str) -> str:
    """Return a text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def language(code: str) -> str:
    """Return a language's English name, or its code where it is not known."""
    return LANGUAGES.get(code, code)
