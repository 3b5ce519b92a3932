"""Numbers as terminal, Markdown and figures show them."""

import math
from typing import SupportsFloat


def number(value: SupportsFloat) -> str:
    """Return a number with four significant digits, or a dash where there is none."""
    return f"{float(value):.4g}" if math.isfinite(value) else "–"


def interval(low: SupportsFloat, high: SupportsFloat) -> str:
    """Return both limits."""
    return f"{number(low)} … {number(high)}"
