"""The table that is kept: one row a fault, rewritten when the fault is done again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.faults.case import Fault, Round
from benchmarks.measure import RESULTS, write_table

HEAD = ("test", "what", "runs", "failures", "slowest", "done", "notes")
NOTE = """Numbers follow the catalogue of the reliability tests; `K…` are kills beyond it. A run is one repetition of a
fault against the product, started by its launcher on a home of its own (`make faults`; FULL=1 for the numbers of a
release). Moments, names and contents are drawn from a seed. The slowest time is what the row's note says. In the rows
of kills the launcher's longest pause between restarts is cut to a second, so that more of them fit into an hour, and a
run has a minute to end, counted from the last kill before its end. `python -m benchmarks.faults.breaks` does the faults
to products broken on purpose: each has to be noticed."""


def keep(fault: Fault, done: Round, order: Sequence[str]) -> None:
    """Put the row of a fault into results/faults.md."""
    rows = _kept()
    rows[fault.id] = [
        fault.id,
        fault.what,
        f"{done.runs:,}",
        f"{len(done.failures):,}",
        f"{done.slowest:.2f} s" if done.slowest else "–",
        f"{datetime.now(UTC):%Y-%m-%d}",
        _cell("; ".join([*done.notes, *dict.fromkeys(done.failures)][:5])),
    ]
    known = [name for name in order if name in rows]
    write_table("faults", "Faults", HEAD, [rows[name] for name in known], NOTE)


def _kept() -> dict[str, list[str]]:
    return {row[0]: row for row in rows_of(RESULTS / "faults.md", len(HEAD))}


def rows_of(path: Path, width: int) -> list[list[str]]:
    """The rows of a kept table; a last cell that is empty may be missing."""
    if not path.is_file():
        return []
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [line.strip("| ").split(" | ") for line in lines[1:]]
    return [[*row, ""][:width] for row in cells if len(row) >= width - 1]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())[:400]
