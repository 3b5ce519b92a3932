"""The numbers that a sentence says, as digits or in words."""

import re
from collections.abc import Iterator
from typing import NamedTuple

COUNTS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "nineteen": 19,
    "twenty": 20,
    "fifty": 50,
    "hundred": 100,
    "thousand": 1000,
}
PARTS = {
    "half": 1 / 2,
    "third": 1 / 3,
    "quarter": 1 / 4,
    "fifth": 1 / 5,
    "tenth": 1 / 10,
    "hundredth": 1e-2,
    "ten-thousandth": 1e-4,
    "thousandth": 1e-3,
}
# Words that stand for one share in all studies.
QUANTIFIERS = {"most": 0.5, "mostly": 0.5, "nearly every": 0.95}

COUNT = rf"({'|'.join(COUNTS)}|[1-9]\d*)"
SHARE = rf"\b{COUNT} (?:[\w ]+? )??(?:in|of) (?:a )?{COUNT}\b"
PART = rf"(?<![\w-])(?:{COUNT} |every |a )?({'|'.join(PARTS)})s?( a point)?\b"
NUMBER = r"(\d[\d,]*(?:\.\d+)?(?:e-?\d+)?)(/\d+)?( %| points?\b)?"
DIGITS = rf"(?<![\w.,/@=–-])[−-]?{NUMBER}(?![\w/=]|-[a-z])"
A_POINT = r"(?<!half )\b(?:a|one) point\b"
RELATIVE = 1e-3  # how far from a share in words is still that share


class Spoken(NamedTuple):
    """A number as a sentence says it, and how far a true number may be from it."""

    text: str
    value: float
    slack: float

    def is_said_of(self, number: float) -> bool:
        """Return whether a number, of either sign, would be said so."""
        return abs(abs(number) - self.value) <= self.slack


def said_in_digits(sentence: str) -> Iterator[Spoken]:
    """Yield the numbers that are written as digits: 0.05, 5 %, 5 points, 1/6, 1e-9, 65,025."""
    for match in re.finditer(DIGITS, sentence):
        digits, divisor, unit = match.groups()
        scale = 100 if unit else 1
        value = float(digits.replace(",", "")) / scale
        if divisor:
            yield _share(match[0], value / max(int(divisor[1:]), 1))
            continue
        mantissa, _, exponent = digits.partition("e")
        decimals = len(mantissa.partition(".")[2])
        half = 10.0 ** (int(exponent or 0) - decimals) / scale / 2
        yield Spoken(match[0].strip(), value, half * (1 + 1e-9))


def said_in_words(sentence: str) -> Iterator[Spoken]:
    """Yield the numbers that are written as words: one in twenty, a tenth, half a point, most."""
    for match in re.finditer(SHARE, sentence):
        yield _share(match[0], _count(match[1]) / _count(match[2]))
    for match in re.finditer(PART, sentence):
        share = (_count(match[1]) if match[1] else 1) * PARTS[match[2]]
        yield _share(match[0], share / 100 if match[3] else share)
    for match in re.finditer(A_POINT, sentence):
        yield _share(match[0], 0.01)
    for word, share in QUANTIFIERS.items():
        if re.search(rf"\b{word}\b", sentence):
            yield _share(word, share)


def _share(text: str, value: float) -> Spoken:
    return Spoken(text, value, value * RELATIVE)


def _count(word: str) -> int:
    return COUNTS.get(word) or int(word)
