"""Workbooks of many rows: seconds, memory and size, beside what pandas and openpyxl take for a tenth of the rows.

`python -m benchmarks.workbook [rows]` writes `benchmarks/results/workbook.md`. Each writer runs in its own process,
imports included, and tells its own peak.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from tests.reports.sample import sample

RESULT = Path(__file__).with_name("results") / "workbook.md"
ROWS, TABLE = 1_000_000, 65_536
TENTH = 10


def tables(rows: int) -> Iterator[pa.Table]:
    """Rows as comparisons have them: numbers, names that repeat, a moment, a short text that does not."""
    generator = np.random.default_rng(1)
    topics = pa.array(["code", "law", "mathematics", "medicine"])
    for start in range(0, rows, TABLE):
        size = min(TABLE, rows - start)
        codes = pa.array(generator.integers(0, 4, size).astype(np.int32))
        yield pa.table(
            {
                "prompt": pa.array(np.arange(start, start + size)).cast(pa.string()),
                "margin": generator.normal(0, 2, size),
                "score_a": generator.normal(0, 1, size),
                "score_b": generator.normal(0, 1, size),
                "label": generator.integers(0, 2, size).astype(float),
                "step": generator.integers(0, 10_000, size),
                "time": pa.array(np.arange(start, start + size) * 1_000_000, pa.timestamp("us", "UTC")),
                "slice.topic": pa.DictionaryArray.from_arrays(codes, topics),
            }
        )


def by_house(path: Path, rows: int) -> None:
    """Our own workbook, with answer, figures, evidence and notes."""
    from engine.reports.workbook import write

    write(path, [sample()], tables(rows), lambda _share, _said: None, "2026-01-01 00:00 UTC")


def by_pandas(path: Path, rows: int) -> None:
    """`DataFrame.to_excel` through xlsxwriter, as a notebook does it."""
    frame = pa.concat_tables(list(tables(rows))).to_pandas()
    frame["time"] = frame["time"].dt.tz_localize(None)
    frame.to_excel(path, engine="xlsxwriter", index=False)


def by_openpyxl(path: Path, rows: int) -> None:
    """openpyxl in its write-only mode, table by table."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Rows")
    for table in tables(rows):
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            sheet.append([value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value for value in row])
    book.save(path)


WRITERS: dict[str, Callable[[Path, int], None]] = {"house": by_house, "pandas": by_pandas, "openpyxl": by_openpyxl}


def measured(writer: str, rows: int) -> dict[str, float]:
    """Seconds, peak memory in MB and size in MB of one writer, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        told = subprocess.run(
            [sys.executable, "-m", "benchmarks.workbook", "--one", writer, str(rows), f"{folder}/book.xlsx"],
            check=True,
            capture_output=True,
            text=True,
        )
    found: dict[str, float] = json.loads(told.stdout)
    return found


def one(writer: str, rows: int, path: Path) -> None:
    """What the process of one writer does."""
    began, used = time.perf_counter(), time.process_time()
    WRITERS[writer](path, rows)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - began,
                "processor": time.process_time() - used,
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024,
                "size": path.stat().st_size / 2**20,
            }
        )
    )


def main(rows: int) -> None:
    """Every writer once, the smaller numbers of rows twice as a check, and the page of results."""
    load = os.getloadavg()[0]
    few = rows // TENTH
    house, small = measured("house", rows), measured("house", few)
    others = {name: measured(name, few) for name in ("pandas", "openpyxl")}
    lines = [
        "# Workbooks of many rows",
        "",
        f"`python -m benchmarks.workbook {rows}` on Python {platform.python_version()}, {os.cpu_count()} processors, "
        f"load {load:.1f} when it began. Eight columns: five numbers, a moment, a name, a topic. Each writer in a",
        "process of its own, imports included. Seconds grow with the load; processor seconds hardly do.",
        "",
        "| writer | rows | seconds | processor seconds | peak memory, MB | file, MB |",
        "|---|---|---|---|---|---|",
        _line("Plumbline, all sheets", rows, house),
        _line("Plumbline, all sheets", few, small),
        *(_line(name, few, found) for name, found in others.items()),
        "",
        *(
            f"- {name}: {found['processor'] / small['processor']:.1f} times the processor seconds and "
            f"{found['peak'] / small['peak']:.1f} times the memory, on the same {few:,} rows; at the same pace "
            f"{found['processor'] * rows / few:.0f} s of processor for {rows:,}."
            for name, found in others.items()
        ),
        "",
    ]
    RESULT.write_text("\n".join(lines))
    print(RESULT.read_text())


def _line(name: str, rows: int, found: dict[str, float]) -> str:
    numbers = (f"{found['seconds']:.1f}", f"{found['processor']:.1f}", f"{found['peak']:.0f}", f"{found['size']:.1f}")
    return f"| {name} | {rows:,} | {' | '.join(numbers)} |"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
