"""What the measurements of a person's waits share: a row of their table with its limit, and waiting for a dataset."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import percentile, summary

SETTLED = 1500
"""Milliseconds a person looks at a page before going on: the page before has finished drawing."""


def row(name: str, values: Sequence[float], limit: float, *, complete: bool = True) -> list[str]:
    """A row whose p95 has a limit; it also fails where not everything that was awaited came."""
    holds = bool(values) and percentile(values, 0.95) <= limit and complete
    return [name, *summary(values).split(" | "), f"{limit:g}", "yes" if holds else "no"]


def mean_row(name: str, values: Sequence[float], limit: float) -> list[str]:
    """A row whose mean has a limit."""
    mean = sum(values) / len(values)
    return [f"{name}: {mean:.1f}", *summary(values).split(" | "), f"{limit:g}", "yes" if mean <= limit else "no"]


def wait_for_dataset(home: Path, name: str, seconds: float = 120) -> int:
    """The dataset whose name begins so, once it has a version."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with sqlite3.connect(home / "plumbline.db") as store:
            found = store.execute("SELECT id FROM dataset WHERE name LIKE ? AND version > 0", (f"{name}%",)).fetchone()
        if found:
            return int(found[0])
        time.sleep(0.1)
    raise TimeoutError(f"no dataset {name} after {seconds} s")
