"""Damage files, read them, tell; 1 on any failure."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.fuzz.attempts import attempt, fuzz
from benchmarks.fuzz.bombs import explode
from benchmarks.fuzz.damage import NAMES, SEED

RESULT = Path(__file__).parent.parent / "results" / "fuzz.md"


def report(
    runs: int,
    total: Counter[tuple[str, str]],
    peak: int,
    seconds: float,
    bombs: list[tuple[str, int, str, int, float, bool]],
) -> str:
    """The tables in Markdown."""
    out = [f"# Damaged files: {runs:,} runs, seed {SEED}", ""]
    out += ["| reader | runs | read | named errors | failures |", "|---|---:|---:|---:|---:|"]
    for name in [*NAMES, "all"]:
        of = {outcome: count for (sample, outcome), count in total.items() if name in (sample, "all")}
        failed = sum(count for outcome, count in of.items() if outcome.startswith("FAILURE"))
        good, every = of.get("read", 0), sum(of.values())
        if name == "all":
            good = sum(count for (_, outcome), count in total.items() if outcome == "read")
            failed = sum(count for (_, outcome), count in total.items() if outcome.startswith("FAILURE"))
            every = sum(total.values())
        out.append(f"| {name} | {every:,} | {good:,} | {every - good - failed:,} | {failed:,} |")
    codes: Counter[str] = Counter()
    for (_, outcome), count in total.items():
        if outcome != "read" and not outcome.startswith("FAILURE"):
            codes[outcome] += count
    out += ["", "Named errors: " + ", ".join(f"{code} {count:,}" for code, count in codes.most_common()) + "."]
    out += [f"Peak resident memory of a worker: {peak / 1e6:.0f} MB. {seconds:.0f} s on two processes.", ""]
    out += ["| bomb | size | outcome | memory grown | CPU s | as it must be |", "|---|---:|---|---:|---:|---|"]
    out += [
        f"| {name} | {size:,} | {outcome} | {grown / 1e6:.0f} MB | {took:.2f} | {'yes' if fine else 'NO'} |"
        for name, size, outcome, grown, took, fine in bombs
    ]
    return "\n".join(out) + "\n"


def main() -> int:
    """Run, print, write the result; 1 on any failure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--no-bombs", action="store_true", help="only the damaged files")
    parser.add_argument("--one", type=int, help="repeat one run and show what happens")
    args = parser.parse_args()
    if args.one is not None:
        print(*attempt(args.one), sep="\n")
        return 0
    began = time.monotonic()
    total, peak = fuzz(args.runs)
    seconds = time.monotonic() - began
    with tempfile.TemporaryDirectory() as folder:
        bombs = [] if args.no_bombs else explode(Path(folder))
    text = report(args.runs, total, peak, seconds, bombs)
    print(text)
    failures = {outcome: count for (_, outcome), count in total.items() if outcome.startswith("FAILURE")}
    for outcome, count in sorted(failures.items(), key=lambda item: -item[1])[:12]:
        print(f"--- {count} times\n{outcome}")
    if not args.no_bombs:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)
    return int(bool(failures) or not all(fine for *_, fine in bombs))


if __name__ == "__main__":
    sys.exit(main())
