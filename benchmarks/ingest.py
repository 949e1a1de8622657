"""Reading a large file of JSON lines into a segment, beside DuckDB's bare conversion: `python -m benchmarks.ingest`.

Ours checks every row, names what it refuses, hashes prompts and rows, and keeps the report; DuckDB's `COPY … TO
parquet` does none of that. Each turn is a process of its own on one thread. Writes benchmarks/results/ingest.md; exits
with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import write_table

RATIO, MEMORY_MB, AGAIN = 1.5, 500.0, 10.0
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_IO_THREADS", "POLARS_MAX_THREADS")
HEAD = ("what", "CPU s", "wall s", "memory grown, MB", "file, MB")
SEED = 20261129

# ------------------------------------------------------------------ the file


def make(path: Path, rows: int) -> None:
    """Pairs with a prompt, two answers of 100 to 300 characters, scores and a label; some signs are escaped."""
    rng = random.Random(SEED)
    syllables = ["ka", "lo", "mer", "ti", "sun", "ab", "re", "von", "qui", "é"]
    words = ["".join(rng.choice(syllables) for _ in range(rng.randrange(1, 4))) for _ in range(20_000)]
    words += ["\\n", '\\"so\\"', "中", "\\u00fc"] * 50
    sea = " ".join(rng.choices(words, k=3_000_000))

    def text() -> str:
        start = rng.randrange(len(sea) - 400)
        return sea[start : start + rng.randrange(100, 300)].strip("\\")

    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            cut = [each.rsplit(" ", 1)[0].split(" ", 1)[-1] for each in (text(), text(), text())]
            a, b = rng.gauss(0, 2), rng.gauss(0, 2)
            label = '"A"' if rng.random() < 0.5 else '"B"'
            file.write(
                f'{{"prompt_id": "p{number // 4}", "prompt": "{cut[0]}", "response_a": "{cut[1]}", '
                f'"response_b": "{cut[2]}", "score_a": {a:.6f}, "score_b": {b:.6f}, "label": {label}, '
                f'"language": "{("en", "de", "fr")[number % 3]}", "step": {number // 1000}}}\n'
            )


# ------------------------------------------------------------------ contestants


def ours(path: Path, folder: Path) -> Path:
    """Into a segment, checked."""
    from engine.formats import read
    from engine.formats.segments import write_segment

    segment = write_segment(read(path, path.name), folder)
    assert segment is not None
    return segment.path


def duckdb(path: Path, folder: Path) -> Path:
    """Into Parquet, as it is."""
    import duckdb as peer

    out = folder / "peer.parquet"
    connection = peer.connect(config={"threads": 1})
    connection.execute(f"COPY (SELECT * FROM read_json_auto('{path}')) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
    return out


def again(path: Path, _folder: Path) -> Path:
    """Open a segment: the numbers that analyses read."""
    from engine.formats.segments import segment_rows

    assert len(segment_rows(path))
    return path


CONTESTANTS: dict[str, Callable[[Path, Path], Path]] = {"ours": ours, "duckdb": duckdb, "again": again}


def turn(name: str, path: Path, folder: Path) -> dict[str, float]:
    """One contestant in this process: what it cost, its libraries loaded and warm."""
    import pyarrow as pa

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    work = CONTESTANTS[name]
    small = folder / "small.jsonl"
    make(small, 200)
    if name == "again":
        work(ours(small, folder), folder).unlink()
    else:
        work(small, folder).unlink()
    Path("/proc/self/clear_refs").write_text("5")
    before, cpu, wall = _status("VmRSS"), time.process_time(), time.perf_counter()
    out = work(path, folder)
    spent = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    return {**spent, "memory": (_status("VmHWM") - before) / 1024, "size": out.stat().st_size / 1e6}


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def elsewhere(name: str, path: Path, folder: Path) -> dict[str, float]:
    """One turn in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.ingest", "--turn", name, str(path), str(folder)]
    env = {**os.environ, **dict.fromkeys(THREADS, "1")}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    found: dict[str, float] = json.loads(done.stdout)
    return found


# ------------------------------------------------------------------ the whole


def measure(rows: int, turns: int) -> dict[str, dict[str, float]]:
    """The cheapest turn of each contestant, in turn; the segment is opened again afterwards."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "pairs.jsonl"
        make(path, rows)
        found: dict[str, list[dict[str, float]]] = {"ours": [], "duckdb": [], "again": []}
        for _ in range(turns):
            for contestant in ("ours", "duckdb"):
                found[contestant].append(elsewhere(contestant, path, folder))
        segment = next(each for each in folder.glob("*.parquet") if each.name != "peer.parquet")
        found["again"] = [elsewhere("again", segment, folder) for _ in range(turns)]
        best = {each: min(spent, key=lambda one: one["cpu"]) for each, spent in found.items()}
        return {**best, "source": {"size": path.stat().st_size / 1e6}}


def main() -> int:
    """Measure, print, write; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--no-write", action="store_true", help="print only")
    parser.add_argument("--turn", nargs=3, metavar=("NAME", "PATH", "FOLDER"), help="one turn, told as JSON")
    args = parser.parse_args()
    if args.turn:
        print(json.dumps(turn(args.turn[0], Path(args.turn[1]), Path(args.turn[2]))))
        return 0
    found = measure(args.rows, args.turns)
    names = {
        "ours": "ours: read, checked, into a segment",
        "duckdb": "DuckDB: COPY to Parquet",
        "again": "ours: opened again",
    }
    rows = [
        [
            title,
            *(f"{found[name][key]:,.2f}" for key in ("cpu", "wall")),
            *(f"{found[name][key]:,.0f}" for key in ("memory", "size")),
        ]
        for name, title in names.items()
    ]
    for row in [HEAD, *rows]:
        print("{:38}{:>10}{:>10}{:>18}{:>10}".format(*row))
    goals = {
        f"CPU time beside DuckDB, at most {RATIO:g}": (found["ours"]["cpu"] / found["duckdb"]["cpu"], RATIO),
        f"wall time beside DuckDB, at most {RATIO:g}": (found["ours"]["wall"] / found["duckdb"]["wall"], RATIO),
        f"MB of memory, at most {MEMORY_MB:g}": (found["ours"]["memory"], MEMORY_MB),
        f"1 / times quicker when opened again, at most 1 / {AGAIN:g}": (
            found["again"]["cpu"] / found["ours"]["cpu"],
            1 / AGAIN,
        ),
    }
    said = [f"{what}: {value:,.2f}{'' if value <= most else ' (missed)'}" for what, (value, most) in goals.items()]
    print("", *said, sep="\n")
    if not args.no_write:
        note = f"{args.rows:,} rows of JSON lines, {found['source']['size']:,.0f} MB, one thread, a process for each "
        note += f"turn; the cheapest of {args.turns} turns. Memory is the peak above the loaded libraries.\n\n"
        write_table(
            "ingest", "Reading JSON lines into a segment", HEAD, rows, note + "\n".join(f"- {each}" for each in said)
        )
    return int(any(value > most for value, most in goals.values()))


if __name__ == "__main__":
    sys.exit(main())
