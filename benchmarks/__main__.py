"""`make bench`: speed beside other packages, as ratios in one run. CPU time, one thread, contestants take turns.

    python -m benchmarks [--rows 10000000] [--no-write]

Writes benchmarks/results/speed.md. Exits with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import sys

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "POLARS_MAX_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

from benchmarks.measure import write_table  # noqa: E402 -- threads are set before anything numeric is loaded
from benchmarks.speed_cases import Comparison, all_comparisons, installed  # noqa: E402
from benchmarks.speed_data import make  # noqa: E402

PEERS = ("relplot", "torchmetrics", "netcal", "sklearn")
HEAD = ("what", "beside", "ours, ms", "theirs, ms", "times faster", "goal", "ours, MB", "theirs, MB", "note")


def main() -> int:
    """Compare, print, write; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args()
    for peer in PEERS:
        if not installed(peer):
            print(f"not installed, left out: {peer}")
    lines = all_comparisons(make(args.rows))
    rows = [_row(line) for line in lines]
    for row in [HEAD, *rows]:
        print("{:26}{:22}{:>10}{:>13}{:>13}{:>9}{:>10}{:>12}  {}".format(*row))
    if not args.no_write:
        write_table("speed", "Speed beside other packages", HEAD, rows, _note(args.rows))
    missed = [line for line in lines if line.ratio < line.goal]
    print(f"\n{len(lines)} comparisons, {len(missed)} below their goal")
    return 1 if missed else 0


def _row(line: Comparison) -> list[str]:
    ratio = f"{line.ratio:,.1f}" + ("" if line.ratio >= line.goal else " (missed)")
    return [
        line.what,
        line.peer,
        f"{line.ours.milliseconds:,.0f}",
        f"{line.theirs.milliseconds:,.0f}",
        ratio,
        f"≥ {line.goal:g}",
        _megabytes(line.ours.megabytes),
        _megabytes(line.theirs.megabytes),
        line.note,
    ]


def _megabytes(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _note(rows: int) -> str:
    return (
        f"{rows:,} pairs. Process CPU time (the fastest turn), one thread, contestants in turn within one run; "
        "absolute times depend on the machine, the ratios much less. Memory is the peak above the level before, in a "
        "turn of its own. `make bench` writes this page."
    )


if __name__ == "__main__":
    sys.exit(main())
