"""Percentiles and tables, written the same way by every benchmark."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value with at least `share` of the values at or below it."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def summary(values: Sequence[float]) -> str:
    """n, median, p95, p99 and maximum as cells of a table, in the values' own unit."""
    if not values:
        return "0 | – | – | – | –"
    parts = [percentile(values, share) for share in (0.5, 0.95, 0.99)]
    return f"{len(values)} | " + " | ".join(f"{value:.1f}" for value in [*parts, max(values)])


def write_table(name: str, title: str, head: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> Path:
    """Write a Markdown table to benchmarks/results/NAME.md and return its path."""
    lines = [f"# {title}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    if note:
        lines += ["", note]
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def load() -> str:
    """How busy the machine was in the last minute, as a sentence: a busy one makes every wait longer."""
    return f"Load average of the minute before: {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores."
