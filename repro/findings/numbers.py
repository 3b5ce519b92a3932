"""Numbers as readers see them: so many digits, a true minus, a dash where there is none.

Terminal, Markdown, figures and the report share one form; `repro.findings.latex.tex` has the same
rules for TeX.
"""

import math
from collections.abc import Iterable
from typing import SupportsFloat

from repro.findings.statistics import LEVEL, SHORTFALL

DIGITS, P_DIGITS = 4, 2  # significant ones
SETTLED = 12  # significant digits that every processor gives alike; the last four are rounding
LEAST_P = 0.0001  # smaller p-values are not told apart
ABSENT = "–"
ALL_ALIKE = "in all runs"  # in the place of the interval of a number that no run departs from
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def settled(value: SupportsFloat) -> float:
    """Return a number without the digits that are another computer's rounding.

    To be called before a number is rounded to be shown: else 0.12345 is 0.1234 where a sum ended a
    bit lower, and 0.1235 elsewhere.

    Examples:
        >>> settled(0.12345 - 2e-17) == settled(0.12345 + 2e-17)
        True
    """
    return float(f"{float(value):.{SETTLED}g}")


def rounded(value: SupportsFloat, digits: int = DIGITS) -> tuple[str, str]:
    """Return a number's mantissa, with so many significant digits, and its exponent.

    The exponent is empty where the number is written without one.
    """
    mantissa, _, exponent = f"{settled(value) + 0.0:.{digits}g}".partition("e")  # no minus before 0
    return mantissa, str(int(exponent)) if exponent else ""


def number(value: SupportsFloat, digits: int = DIGITS) -> str:
    """Return a number as text: 0.9364, −1.2×10⁻¹⁹, ∞, or a dash for none."""
    if math.isnan(value):
        return ABSENT
    mantissa, exponent = rounded(value, digits)
    power = f"×10{exponent.translate(SUPERSCRIPTS)}" if exponent else ""
    return f"{mantissa}{power}".replace("inf", "∞").replace("-", "−")


def interval(low: SupportsFloat, high: SupportsFloat, digits: int = DIGITS) -> str:
    """Return both limits, or the text in their place.

    A narrow interval has more digits, so that its limits are told apart.

    Example:
        >>> interval(0.9357, 0.9371), interval(0.940041, 0.940059)
        ('0.9357 … 0.9371', '0.94004 … 0.94006')
    """
    if text := interval_placeholder(low, high):
        return text
    digits = digits_between(low, high, digits)
    return f"{number(low, digits)} … {number(high, digits)}"


def interval_placeholder(low: SupportsFloat, high: SupportsFloat) -> str:
    """Return the text in place of an interval: a dash if a limit is missing; "" if it is shown.

    An interval of width 0 is no certainty: the text says that all runs have that number.
    """
    if math.isnan(low) or math.isnan(high):
        return ABSENT
    return ALL_ALIKE if settled(low) == settled(high) else ""


def digits_between(low: SupportsFloat, high: SupportsFloat, digits: int = DIGITS) -> int:
    """Return the significant digits of an interval, and of the number that it is of.

    They are the usual ones, or so many more that the last place is no wider than the interval.
    """
    width = _width(low, high)
    if not width:
        return digits
    before_point = _leading_place(max(abs(settled(low)), abs(settled(high)))) + 1
    return min(max(digits, before_point - _leading_place(width)), SETTLED)


def marked_interval(low: SupportsFloat, high: SupportsFloat, coverage: float) -> str:
    """Return both limits, with a dagger if such an interval holds the mean too seldom."""
    return marked(interval(low, high), coverage)


def marked(limits: str, coverage: float) -> str:
    """Return an interval's text, with a dagger if its like hold the mean too seldom."""
    return f"{limits} †" if coverage < LEVEL - SHORTFALL and limits != ABSENT else limits


def number_list(values: Iterable[SupportsFloat]) -> str:
    """Return numbers with commas between them, or a dash if there are none."""
    return ", ".join(map(number, values)) or ABSENT


def p_value(value: SupportsFloat, relation: str = "=") -> str:
    """Return a p-value, with ≤ if it is a test's smallest; below `LEAST_P` none is told apart."""
    if float(value) < LEAST_P:
        return f"< {LEAST_P}"
    return f"{'≤ ' if relation == '<=' else ''}{number(value, P_DIGITS)}"


def percent(share: float, decimals: int = 0, most_decimals: int = SETTLED) -> str:
    """Return a share in percent, whole ones by default.

    None is said to be 0 or 100 % that is not: then it gets as many decimals as that takes, and the
    least ones a power of ten.

    Args:
        share: 1 is 100 %.
        decimals: that it has otherwise.
        most_decimals: that it carries, as its interval has; one that is 0 to these is 0.

    Example:
        >>> percent(0.25), percent(1.0), percent(0.996), percent(1.2e-9)
        ('25 %', '100 %', '99.6 %', '1.2×10⁻⁷ %')
    """
    if math.isnan(share):
        return ABSENT
    hundredths = settled(100 * share)
    apart = (d for d in range(decimals, most_decimals + 1) if round(hundredths, d) not in (0, 100))
    decimals = next(apart, decimals)
    if decimals > DIGITS and abs(hundredths) < 1:
        return f"{number(hundredths, P_DIGITS)} %"
    return f"{_hundredths(share, decimals)} %"


def percent_interval(low: float, high: float) -> str:
    """Return both limits in percent, or the text in their place.

    One decimal is enough, unless the interval is narrower than that.

    Example:
        >>> percent_interval(0.562, 0.591), percent_interval(0.9398, 0.9404)
        ('56.2 … 59.1 %', '93.98 … 94.04 %')
        >>> percent_interval(-2.3e-10, 7e-11)
        '(−2.3 … 0.7)×10⁻⁸ %'
    """
    if text := interval_placeholder(low, high):
        return text
    decimals = decimals_between(100 * low, 100 * high)
    if decimals > DIGITS:
        return f"{_common_power(100 * low, 100 * high)} %"
    return f"{_hundredths(low, decimals)} … {_hundredths(high, decimals)} %"


def decimals_between(low: float, high: float, decimals: int = 1) -> int:
    """Return the decimals of an interval, and of the number that it is of.

    They are the usual ones, or so many more that the last place is no wider than the interval.
    """
    width = _width(low, high)
    return max(decimals, -_leading_place(width)) if width else decimals


def signed(value: float, decimals: int) -> str:
    """Return a number with its sign, and so many decimals.

    Example:
        >>> signed(0.254, 2), signed(-0.001, 2)
        ('+0.25', '+0.00')
    """
    return f"{round(settled(value), decimals) + 0.0:+.{decimals}f}"


def power_of_ten(exponent: int) -> str:
    """Return 10 to this power as the label of a tick, without an exponent where that is short."""
    if -3 <= exponent <= 5:
        return f"{10.0**exponent:,.{max(0, -exponent)}f}"
    return f"10{str(exponent).translate(SUPERSCRIPTS)}"


def _common_power(low: float, high: float) -> str:
    """Return a narrow interval near 0 as a multiple of a power of ten; elsewhere, as any other."""
    exponent = _leading_place(max(abs(low), abs(high)))
    if exponent >= -DIGITS:
        return interval(low, high, P_DIGITS)
    low, high = (limit * 10.0**-exponent / 100 for limit in (low, high))
    decimals = decimals_between(100 * low, 100 * high)
    limits = f"{_hundredths(low, decimals)} … {_hundredths(high, decimals)}"
    return f"({limits})×10{str(exponent).translate(SUPERSCRIPTS)}"


def _hundredths(share: float, decimals: int) -> str:
    text = f"{round(settled(100 * share), decimals) + 0.0:.{decimals}f}"
    return text.replace("inf", "∞").replace("-", "−")


def _width(low: SupportsFloat, high: SupportsFloat) -> float:
    """Return an interval's width; 0 where there is none to go by."""
    width = settled(settled(high) - settled(low))
    return width if math.isfinite(width) else 0.0


def _leading_place(value: float) -> int:
    """Return the power of ten of a positive number's first digit."""
    return math.floor(math.log10(value))
