"""Numbers of things as people say them, the same wherever the product speaks."""

from __future__ import annotations

import math
from datetime import UTC, datetime

ID_LIMIT = 2**31
"""Ids are below: the column of a database holds no more."""


def whole(text: str, below: int = ID_LIMIT) -> int | None:
    """The number that somebody else's text is: ASCII digits alone, no more of them than `below` has, and less than it.

    None for any other text: `int` fails at thousands of digits, and `str.isdigit` takes marks that `int` does not.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(below))):
        return None
    number = int(text)
    return number if number < below else None


def amount(number: float, noun: str, *, approximate: bool = False) -> str:
    """`1 prompt`, `2,500 prompts`, and `about 1,230,000 prompts` where the number is an estimate.

    `noun` is in the singular and takes an s.
    """
    counted = f"{number:,.0f} {noun if number == 1 else noun + 's'}"
    return f"about {counted}" if approximate else counted


def place(at: float, by: str) -> str:
    """`step 5,000`, or `14 Mar 2026, 12:30 UTC` where the line runs over time (seconds since 1970)."""
    if by == "step":
        return f"step {at:,.0f}" if at == round(at) or abs(at) >= 100 else f"step {at:,.4g}"
    try:
        return f"{datetime.fromtimestamp(at, UTC):%d %b %Y, %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return f"second {at:,.0f}"


def significant(value: float | None, digits: int = 3) -> str:
    """The digits that count, with a power of ten where there would be many noughts: 3e-5, 0.12, 1,200."""
    if value is None or not math.isfinite(value):
        return "–"
    sign, size = ("−" if value < 0 else ""), abs(value)
    if size == 0 or 1e-4 <= size < 1e6:
        rounded = float(f"{size:.{digits}g}")
        return sign + (f"{rounded:,.0f}" if rounded >= 10 ** (digits - 1) else f"{rounded:.{digits}g}")
    mantissa, power = f"{size:.{digits - 1}e}".split("e")
    return f"{sign}{float(mantissa):g}e{int(power)}"
