"""Texts, numbers and macro names as TeX takes them, whatever the engine and the font encoding."""

import math
import re
import unicodedata

from repro.findings.numbers import LEAST_P, P_DIGITS, SETTLED, rounded, settled

SPECIAL = {
    **{c: f"\\{c}" for c in "#$%&_{}"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",  # \textquotedbl is not in every encoding
    "`": r"\textasciigrave{}",
    "[": "{[}",  # else an optional argument, at the start of a table's row
    "]": "{]}",
    "*": "{*}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "…": r"\ldots{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "ø": r"\o{}",
    "ı": r"\i{}",
    "ł": r"\l{}",
    "\N{NO-BREAK SPACE}": "~",
}
MATHEMATICS = {
    "×": r"\times",
    "±": r"\pm",
    "·": r"\cdot",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "≈": r"\approx",
    "−": "-",
    "∞": r"\infty",
    "∏": r"\prod",
    "∑": r"\sum",
    "λ": r"\lambda",
}
MATHEMATICS |= {c: "\\" + unicodedata.name(c).split()[-1].lower() for c in "αβγδεζηθικμνξπρστυφχψω"}
ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
    "\u0328": "k",
}
SPELLED = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
# A character that no macro sets: itself where the engine reads Unicode, else its number.
UNICODE = r"""\ifdefined\Umathcode
  \providecommand{\reprounicode}[2]{#2}
\else
  \providecommand{\reprounicode}[2]{[U+#1]}
\fi
"""
LIGATURE_BREAK = r"{\kern0pt}"  # LuaTeX joins characters over an empty group
DIGITS = 3  # significant ones: of an interval, or of a number that has none
PLACES, SMALL = 6, 0.001  # smaller numbers that need more places are written as powers of ten
ABSENT = "--"


def escape(text: str) -> str:
    """Return a text for TeX's text mode; needs `UNICODE` if it has characters beyond Europe's."""
    apart = re.split(r"(?<=[-',])(?=[-',])", " ".join(text.split()))
    return LIGATURE_BREAK.join("".join(map(_character, part)) for part in apart)


def _character(character: str) -> str:
    if character in SPECIAL:
        return SPECIAL[character]
    if character in MATHEMATICS:
        return rf"\ensuremath{{{MATHEMATICS[character]}}}"
    if character.isascii():
        return character if character.isprintable() else ""
    return _composed(character) or rf"\reprounicode{{{ord(character):04X}}}{{{character}}}"


def _composed(character: str) -> str:
    kind, *codes = unicodedata.decomposition(character).split() or [""]
    if kind in ("<super>", "<sub>"):
        base = "".join(map(_character, (chr(int(code, 16)) for code in codes)))
        return rf"\text{kind[1:-1]}script{{{base}}}"
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in ACCENTS:
        return rf"\{ACCENTS[parts[1]]}{{{parts[0]}}}"
    return ""


def macro(*parts: str) -> str:
    r"""Return the name of a macro without its backslash: letters only, in camel case.

    Digits are spelled one by one, `rate_100th` is `RateOneZeroZeroTh`; other characters go by their
    Unicode names. Different parts may give the same name: whoever defines macros must look.
    """
    name = "".join(word[:1].upper() + word[1:] for part in parts for word in _words(part))
    return name[:1].lower() + name[1:]


def _words(part: str) -> list[str]:
    words = re.findall(r"[A-Za-z]+|[^A-Za-z_ ]", part)
    return [word if word.isalpha() and word.isascii() else _spelled(word) for word in words]


def _spelled(character: str) -> str:
    if character in "0123456789":
        return SPELLED[int(character)]
    name = unicodedata.name(character, f"character {ord(character):X}")
    return "".join(_words(name.title().replace("-", " ")))


def places(low: float, high: float) -> int | None:
    """Return the decimal places that give an interval's width `DIGITS` significant digits.

    None where there is no width to go by: no interval, or a point. No more than processors share.
    """
    low, high = settled(low), settled(high)
    width = settled(high - low)
    if not math.isfinite(width) or not width:
        return None
    shared = SETTLED - 1 - math.floor(math.log10(max(abs(low), abs(high))))
    return min(DIGITS - 1 - math.floor(math.log10(width)), shared)


def number(value: float, digits: int | None = None) -> str:
    """Return a number with so many decimal places, by default with `DIGITS` significant digits.

    Less than no places are tens, hundreds, ...; NaN is a dash.
    """
    if math.isnan(value):
        return ABSENT
    if math.isinf(value):
        return rf"\ensuremath{{{'-' if value < 0 else ''}\infty}}"
    mantissa, exponent = rounded(value, DIGITS) if digits is None else _with_places(value, digits)
    if exponent:
        return rf"\ensuremath{{{mantissa}\times10^{{{exponent}}}}}"
    return rf"\ensuremath{{{mantissa}}}" if mantissa.startswith("-") else mantissa


def _with_places(value: float, digits: int) -> tuple[str, str]:
    """Return mantissa and exponent; the exponent is empty where the number needs none."""
    value = settled(value)
    if digits <= PLACES or abs(value) >= SMALL:
        return f"{round(value, digits) + 0.0:.{max(digits, 0)}f}", ""  # no minus before 0
    if value == 0:
        return "0", ""
    after_point = max(0, digits + math.floor(math.log10(abs(value))))
    mantissa, _, exponent = f"{value:.{after_point}e}".partition("e")
    return mantissa, str(int(exponent))


def p_value(value: float, relation: str = "=") -> str:
    """Return what follows "p" in a sentence, `=0.012` or `<0.0001`; a dash if there is none."""
    if math.isnan(value):
        return ABSENT
    if value < LEAST_P:
        return rf"\ensuremath{{<{LEAST_P}}}"
    return rf"\ensuremath{{{relation}{rounded(value, P_DIGITS)[0]}}}"
