"""Numbers of things as people say them, the same wherever the product speaks."""

from __future__ import annotations


def amount(number: float, noun: str, *, approximate: bool = False) -> str:
    """`1 prompt`, `2,500 prompts`, and `about 1,230,000 prompts` where the number is an estimate.

    `noun` is in the singular and takes an s.
    """
    counted = f"{number:,.0f} {noun if number == 1 else noun + 's'}"
    return f"about {counted}" if approximate else counted
