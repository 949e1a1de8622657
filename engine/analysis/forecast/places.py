"""How places of a line are said: a step as a number, a moment by date and time."""

from __future__ import annotations

from datetime import UTC, datetime


def place(at: float, by: str) -> str:
    """`step 5,000`, or `14 Mar 2026, 12:30 UTC` where the line runs over time (seconds since 1970)."""
    if by == "step":
        return f"step {at:,.0f}" if at == round(at) or abs(at) >= 100 else f"step {at:,.4g}"
    try:
        return f"{datetime.fromtimestamp(at, UTC):%d %b %Y, %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return f"second {at:,.0f}"
