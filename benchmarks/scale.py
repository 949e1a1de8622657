"""`make scale`: a hundred million comparisons in segments of half a million, observed one after another within 2 GB.

    python -m benchmarks.scale [--no-write]        PLUMBLINE_SCALE_ROWS=2000000 for a short one

Every row is distinct: margin, label, prompt, slices and hashes come from a generator seeded by the segment's number.
Texts are null, which observing never reads. Each segment is written as Parquet, observed from that file by the very
code of the product's workers, and deleted again; its state is written, read back, added to the sum of those before it,
and deleted too. At the end the sum is concluded. Writing is not counted, reading is. Processor time of one process with
one thread; exits with 1 above 2 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "POLARS_MAX_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

import numpy as np  # noqa: E402 -- threads are set before anything numeric is loaded
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from benchmarks.measure import write_table  # noqa: E402
from engine.analysis import ANALYSES  # noqa: E402
from engine.formats.canonical import METADATA_KEY, ROW_GROUP, schema  # noqa: E402
from engine.formats.report import Report  # noqa: E402
from engine.types import FINE_BUCKETS  # noqa: E402
from jobs.observing import observe_here  # noqa: E402

ROWS = int(os.environ.get("PLUMBLINE_SCALE_ROWS", 100_000_000))
SEGMENT_ROWS = 500_000
PLAIN_SEGMENTS = 8
ROWS_PER_PROMPT = 4
MOST_BYTES = 2 * 1024**3
POLICIES = tuple(f"policy-{number}" for number in range(6))
DOMAINS = ("code", "dialogue", "law", "maths", "prose")
GOAL_ROWS = 10**11
CORES = (16, 64, 256, 1024)
CALIBRATION = ANALYSES["calibration"]


@dataclass
class Costs:
    """Seconds of processor time of single steps, and sizes in bytes."""

    observe: list[float] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    combine: list[float] = field(default_factory=list)
    segment_bytes: list[int] = field(default_factory=list)
    state_bytes: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    conclude: float = 0.0
    conclude_wall: float = 0.0
    buckets: int = 0
    rows: int = 0
    peak: int = 0
    whole_bytes: int = 0
    whole_keys: int = 0
    plain: list[float] = field(default_factory=list)
    plain_rows: int = 0
    plain_bytes: list[int] = field(default_factory=list)


# ------------------------------------------------------------------ rows


def mixed(values: np.ndarray) -> np.ndarray:
    """Distinct numbers to distinct, well mixed ones (splitmix64)."""
    with np.errstate(over="ignore"):
        values = values * np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def segment(number: int, rows: int, sliced: bool = True) -> pa.Table:
    """Segment `number`: an over-confident model on prompts of its own, with the columns that analyses read."""
    draw = np.random.default_rng(number)
    easy = draw.random(rows) < 0.4
    margin = draw.standard_normal(rows) * np.where(easy, 2.5, 1.0) + np.where(easy, 1.0, 0.2)
    true_logit = 0.7 * margin + 0.15 * np.sin(2 * margin)
    label = (draw.random(rows) < 1 / (1 + np.exp(-true_logit))).astype(np.float64)
    place = np.arange(rows, dtype=np.uint64) + np.uint64(number * SEGMENT_ROWS)
    prompt = mixed(place // np.uint64(ROWS_PER_PROMPT) + np.uint64(1))
    columns = {
        "row_hash": mixed(place + np.uint64(1 << 60)),
        "bucket": (prompt % np.uint64(FINE_BUCKETS)).astype(np.uint16),
        "prompt_hash": prompt,
        "margin": margin,
        "label": label,
        "score_a": margin,
        "score_b": np.zeros(rows),
        "votes": np.ones(rows, np.int32),
        "first": np.zeros(rows, np.int8),
        "step": np.full(rows, number, np.int64),
        "time": pa.array(np.zeros(rows, np.int64), pa.timestamp("us", "UTC")),
        "length_a": draw.integers(20, 2000, rows).astype(np.int32),
        "length_b": draw.integers(20, 2000, rows).astype(np.int32),
        "slice.policy": pa.DictionaryArray.from_arrays(draw.integers(0, 6, rows).astype(np.int32), POLICIES),
        "slice.domain": pa.DictionaryArray.from_arrays(draw.integers(0, 5, rows).astype(np.int32), DOMAINS),
    }
    form = schema("comparison", ["policy", "domain"] if sliced else [])
    return pa.table([columns.get(one.name, pa.nulls(rows, one.type)) for one in form], schema=form)


def write(table: pa.Table, path: Path) -> None:
    """Write a segment as the readers do."""
    counts = {"rows": len(table), "accepted": len(table), "rejected": 0}
    report = Report(
        format="scale", kind="comparison", slices={"policy": list(POLICIES), "domain": list(DOMAINS)}, **counts
    )
    described = {METADATA_KEY: json.dumps(report.to_dict(), sort_keys=True).encode()}
    pq.write_table(
        table.replace_schema_metadata(described),
        path,
        compression="zstd",
        write_statistics=False,
        row_group_size=ROW_GROUP,
    )


# ------------------------------------------------------------------ measuring


def timed(spent: list[float], step: Callable[[], Any]) -> Any:
    """What a step gives; its processor time is noted."""
    began = time.process_time()
    found = step()
    spent.append(time.process_time() - began)
    return found


def peak_bytes() -> int:
    """The most memory this process has held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def observe(path: Path, number: int, rows: int, sliced: bool, spent: list[float]) -> tuple[bytes, int, int]:
    """Make a segment, observe it, delete it: its state, its rows, its bytes."""
    write(segment(number, rows, sliced), path)
    content, seen = timed(spent, lambda: observe_here(path, "calibration", {}))
    size = path.stat().st_size
    path.unlink()
    return content, seen, size


def sum_all(folder: Path, rows: int, costs: Costs) -> Any:
    """Observe one segment after another and add its state to those before it."""
    whole, state_path = None, folder / "state.npz"
    for number in range(-(-rows // SEGMENT_ROWS)):
        count = min(SEGMENT_ROWS, rows - number * SEGMENT_ROWS)
        content, seen, size = observe(folder / "segment.parquet", number, count, True, costs.observe)
        costs.segment_bytes.append(size)
        costs.state_bytes.append(len(content))
        costs.rows += seen
        state_path.write_bytes(content)
        state = timed(costs.load, lambda: CALIBRATION.from_bytes(state_path.read_bytes()))
        costs.keys.append(keys_of(state))
        if whole is None:
            whole = state
        else:
            whole = timed(costs.combine, lambda left=whole, right=state: CALIBRATION.combine(left, right))
        if sys.stderr.isatty():
            print(f"\r{costs.rows:,} rows, {peak_bytes() / 1e6:,.0f} MB", end="", file=sys.stderr)
    return whole


def keys_of(state: Any) -> int:
    """Sums by bucket and cell that a state holds, those of its slices included."""
    return len(state.cells.keys) + sum(len(column.cells.keys) for column in state.columns.values())


def conclude(whole: Any, costs: Costs) -> Any:
    """Conclude the sum of all states."""
    spent: list[float] = []
    began = time.perf_counter()
    result = timed(spent, lambda: CALIBRATION.conclude(whole, CALIBRATION.parameters()))
    costs.conclude, costs.conclude_wall = spent[0], time.perf_counter() - began
    costs.buckets, costs.peak = whole.cells.buckets, peak_bytes()
    costs.whole_bytes, costs.whole_keys = len(CALIBRATION.to_bytes(whole)), keys_of(whole)
    return result


def observe_plain(folder: Path, rows: int, costs: Costs) -> None:
    """The first segments once more, without slice columns."""
    for number in range(min(PLAIN_SEGMENTS, -(-rows // SEGMENT_ROWS))):
        count = min(SEGMENT_ROWS, rows - number * SEGMENT_ROWS)
        content, seen, _size = observe(folder / "plain.parquet", number, count, False, costs.plain)
        costs.plain_rows += seen
        costs.plain_bytes.append(len(content))


# ------------------------------------------------------------------ telling


def mean(values: list[Any]) -> float:
    """The mean, 0 of nothing."""
    return sum(values) / len(values) if values else 0.0


def table_of(costs: Costs, result: Any) -> list[tuple[str, str]]:
    """What was measured."""
    error = result.estimates["calibration_error"]
    state_sum = mean(costs.load) + mean(costs.combine)
    return [
        ("rows, all distinct", f"{costs.rows:,}"),
        ("segments", f"{len(costs.segment_bytes):,} of {mean(costs.segment_bytes) / 1e6:.1f} MB"),
        ("observe, a row (Parquet read included)", f"{sum(costs.observe) / costs.rows * 1e6:.3f} µs"),
        ("observe, all", f"{sum(costs.observe):.1f} s"),
        (
            "state of a segment",
            f"{mean(costs.state_bytes) / 1e6:.2f} MB, {mean(costs.keys):,.0f} sums by bucket and cell",
        ),
        (
            "the same without slice columns",
            f"{sum(costs.plain) / costs.plain_rows * 1e6:.3f} µs a row, states of "
            f"{mean(costs.plain_bytes) / 1e6:.2f} MB ({len(costs.plain)} segments)",
        ),
        ("state of all rows", f"{costs.whole_bytes / 1e6:.2f} MB, {costs.whole_keys:,} sums"),
        ("a state sum (read back and added)", f"{state_sum * 1e3:.1f} ms"),
        ("a state sum, for each bucket", f"{state_sum / costs.buckets * 1e6:.1f} µs"),
        ("all state sums", f"{sum(costs.load) + sum(costs.combine):.2f} s"),
        ("conclude", f"{costs.conclude * 1e3:.0f} ms CPU, {costs.conclude_wall * 1e3:.0f} ms wall"),
        ("conclude, for each bucket", f"{costs.conclude / costs.buckets * 1e6:.0f} µs"),
        ("buckets", f"{costs.buckets:,}"),
        ("peak memory, rows being made included", f"{costs.peak / 1e6:,.0f} MB (bound {MOST_BYTES / 1e6:,.0f} MB)"),
        ("calibration error found", f"{error.value:.6f} [{error.low:.6f}, {error.high:.6f}]"),
        ("prompts found (exact below 8,192)", f"{result.dataset['prompts']:,} of {costs.rows // ROWS_PER_PROMPT:,}"),
    ]


def plan(costs: Costs) -> list[tuple[str, str, str, str]]:
    """What 1e11 rows would take on so many cores, from the figures above; see docs/scale.md for what is assumed."""
    row, state_sum = sum(costs.observe) / costs.rows, mean(costs.load) + mean(costs.combine)
    segments = GOAL_ROWS / SEGMENT_ROWS
    size = GOAL_ROWS * sum(costs.segment_bytes) / costs.rows
    found = []
    for cores in CORES:
        observing, summing = GOAL_ROWS * row / cores, (segments / cores + cores) * state_sum
        found.append((
            f"{cores:,}",
            f"{observing / 60:,.1f} min",
            f"{summing:,.1f} s",
            f"{size / observing / 1e9:,.2f} GB/s",
        ))  # fmt: skip
    return found


def main() -> int:
    """Measure, print, write; 1 above the bound of memory."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args()
    costs = Costs()
    with tempfile.TemporaryDirectory(prefix="scale-") as name:
        result = conclude(sum_all(Path(name), ROWS, costs), costs)
        observe_plain(Path(name), ROWS, costs)
    measured, planned = table_of(costs, result), plan(costs)
    head = ("cores", "observe 1e11 rows", "sum the states, then theirs", "read from storage")
    for line in [*measured, head, *planned]:
        print("  ".join(line))
    if not args.no_write:
        lines = ["Planned for 1e11 rows from these figures (docs/scale.md):", "", "| " + " | ".join(head) + " |"]
        lines += ["|" + "---|" * len(head), *("| " + " | ".join(line) + " |" for line in planned)]
        write_table("scale", "A hundred million comparisons", ("what", "measured"), measured, "\n".join(lines))
    return int(costs.peak > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
