"""Damaged files through every reader: `python -m benchmarks.fuzz --runs N`.

Each run takes a small file of one format, damages it in one to four ways that its number decides, and reads it. Only
the errors meant for people may come out; what is read has to be sound (no NaN, distinct row hashes). Beside that, files
built to exhaust memory have to be refused within bounds. Exits 1 on any failure.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import multiprocessing
import pickle
import random
import resource
import sqlite3
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import InputRefused, NotEnoughData, PlumblineError, UsageError
from engine.formats import FollowState, Limits, archive_members, read, to_rows
from tests.formats.log_samples import VERSION, far_record, record
from tests.formats.samples import FILES, packed, workbook

NAMED = (InputRefused, NotEnoughData, UsageError)
SEED = 20261123
MEMORY = 3 * 1024**3
BOMB_MEMORY = 500 * 1024**2
BOMB_SECONDS = 10.0
RESULT = Path(__file__).parent / "results" / "fuzz.md"

# ------------------------------------------------------------------ damage

TOKENS = [
    b"null", b"NaN", b"Infinity", b"-Infinity", b"1e999", b"true", b'"x"', b'""', b"[]", b"{}", b"[1]", b"[[]]", b"-0",
    b'"1,5"', b"9" * 30, b"9" * 5000, b'"\\ud800"', b"0x10", b"1_000", b"\xff", b"\x00", b'"', b"'", b",", b";", b"\t",
    b"\r", b"2", b"-1", b"0.5", b"1.5", b'"tie"', b'"B"', b'{"a": 1}', b"1970-01-01", b"\xef\xbb\xbf", b"=1+1",
]  # fmt: skip


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8, 64])):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def swap_type(data: bytes, rng: random.Random) -> bytes:
    """Put another token where a number or word stands."""
    if not data:
        return data
    for _ in range(rng.choice([1, 2, 10])):
        start = rng.randrange(len(data))
        while start < len(data) and not data[start : start + 1].isalnum():
            start += 1
        end = start
        while end < len(data) and (data[end : end + 1].isalnum() or data[end : end + 1] in b".-+_"):
            end += 1
        data = data[:start] + rng.choice(TOKENS) + data[end:]
    return data


def shuffle_lines(data: bytes, rng: random.Random) -> bytes:
    parts = data.split(b"\n")
    rng.shuffle(parts)
    return b"\n".join(parts[: rng.randrange(1, len(parts) + 1)])


def repeat(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    end = min(len(data), start + rng.randrange(400))
    return data[:end] + data[start:end] * rng.choice([1, 2, 30]) + data[end:]


def drop(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.randrange(1, 60) :]


def insert(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + rng.choice(TOKENS) * rng.choice([1, 1, 3]) + data[start:]


def nest(data: bytes, rng: random.Random) -> bytes:
    depth = rng.choice([2, 90, 120, 1500, 20_000])
    start = rng.randrange(len(data) + 1)
    opening, closing = rng.choice([(b"[", b"]"), (b'{"a":', b"}")])
    return data[:start] + opening * depth + (closing * depth if rng.random() < 0.5 else b"") + data[start:]


def recode(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(rng.choice(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp1252", "latin-1"]), "replace")


def line_ends(data: bytes, rng: random.Random) -> bytes:
    return data.replace(b"\n", rng.choice([b"\r\n", b"\r", b"\n\n", b"\x00\n", b"\xe2\x80\xa8"]))


def pack(data: bytes, rng: random.Random) -> bytes:
    packed = gzip.compress(data, 1, mtime=0)
    return flip(packed, rng) if rng.random() < 0.5 else packed


def join(data: bytes, rng: random.Random) -> bytes:
    return data + _seeds()[rng.choice(NAMES)]


def inside(data: bytes, rng: random.Random) -> bytes:
    """Damage one part of a zip archive and close it again, so that its checksums hold."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, OSError, EOFError, RuntimeError):
        return data
    if not parts:
        return data
    name = rng.choice(sorted(parts))
    parts[name] = rng.choice((flip, swap_type, swap_type, drop, insert, cut, repeat))(parts[name], rng)
    return packed(dict(parts))


DAMAGE = (cut, flip, swap_type, swap_type, shuffle_lines, repeat, drop, insert, nest, recode, line_ends, pack, join)
WITHIN = 3
"""How many of four damages of an archive are done to one of its parts."""
MAPPINGS: tuple[dict[str, str], ...] = (
    {"score_a": "score_b", "score_b": "score_a", "label": "label"},
    {"value": "judge_score", "truth": "correct", "scale": "100"},
    {"margin": "score_a", "label": "language", "slice": "label"},
    {"slice": "subset"},
    {"probability": "score_chosen", "label": "score_rejected", "prompt": "chosen.0.content"},
    {"nonsense": "x"},
)

_CACHE: dict[str, bytes] = {}
NAMES = sorted([*FILES, "bundle.zip", "bundle.tar", "bundle.tar.gz"])


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def _seeds() -> dict[str, bytes]:
    if not _CACHE:
        _CACHE.update({name: make() for name, make in FILES.items()})
        inner = {name: _CACHE[name] for name in ("pairs.csv", "scores.jsonl", "pairs.xlsx", "pairs.csv.gz")}
        _CACHE.update({"bundle.zip": packed(dict(inner)), "bundle.tar": _tar(inner)})
        _CACHE["bundle.tar.gz"] = gzip.compress(_CACHE["bundle.tar"], mtime=0)
    return _CACHE


def damaged(run: int) -> tuple[str, bytes, random.Random]:
    """The file of a run: the sample it began as, its bytes, and the generator for what follows."""
    rng = random.Random(SEED * 1_000_003 + run)
    name = NAMES[run % len(NAMES)]
    data = _seeds()[name]
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        within = data[:4] == b"PK\x03\x04" and rng.randrange(4) < WITHIN
        data = (inside if within else rng.choice(DAMAGE))(data, rng)
    return name, data, rng


# ------------------------------------------------------------------ one run


def attempt(run: int) -> tuple[str, str]:
    """(sample, outcome): "read", the code of a named error, or "FAILURE …"."""
    name, data, rng = damaged(run)
    mapping = rng.choice(MAPPINGS) if rng.random() < 0.15 else {}
    follow = FollowState() if rng.random() < 0.2 else None
    try:
        if name.startswith("bundle"):
            return name, taken_out(data)
        reading = read(data, name, mapping, Limits(), follow)
        hashes = [check(table) for table in reading]
        every = np.concatenate(hashes) if hashes else np.empty(0)
        assert len(np.unique(every)) == len(every), "row hashes repeat"
        assert reading.report.rows == reading.report.accepted + reading.report.rejected, "rows do not add up"
        json.dumps(reading.report.to_dict(), allow_nan=False)
    except NAMED as error:
        json.dumps(error.to_dict())
        return name, f"{type(error).__name__} {error.code}"
    except Exception:  # noqa: BLE001 - whatever comes is what is looked for
        return name, "FAILURE " + traceback.format_exc(limit=-4)
    return name, "read"


def taken_out(data: bytes) -> str:
    """Take every file out of a damaged archive and read it; nothing may be written but into the folder meant for it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "into"
        folder.mkdir()
        path = Path(name) / "archive"
        path.write_bytes(data)
        for member in archive_members(path, "archive", folder):
            if member.path is not None:
                assert member.path.parent == folder, "a file was taken out elsewhere"
                with suppress(*NAMED):
                    for table in read(member.path, member.name):
                        check(table)
        assert sorted(each.name for each in Path(name).iterdir()) == ["archive", "into"], (
            "something was written elsewhere"
        )
        assert not list(folder.iterdir()), "something was left"
    return "read"


def check(table: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """What always holds of canonical rows; gives their hashes."""
    table.validate(full=True)
    for column in table.columns:
        if pa.types.is_floating(column.type):
            values = column.drop_null().to_numpy()
            assert np.isfinite(values).all(), "a number is not finite"
    rows = to_rows(table)
    if rows.kind == "curve":
        assert np.isfinite(rows.columns["value"]).all(), "a point without a value"
        metrics = zip(table.column("metric").to_pylist(), table.column("unit").to_pylist(), strict=True)
        assert all(unit for metric, unit in metrics if metric in ("kl_ref", "kl_step")), "a KL without its unit"
    if rows.kind == "comparison":
        label = rows.columns["label"]
        known = np.isfinite(label)
        assert ((label[known] >= 0) & (label[known] <= 1)).all(), "a label is no share"
        judged = to_rows(table, reads=("verdict",)).columns.get("verdict", np.full(len(label), np.nan))
        assert np.isfinite(judged[~known]).all(), "neither a label nor a verdict"
        assert np.isnan(rows.columns["margin"][~known]).all(), "a margin without a label"
    return rows.columns["row_hash"]


# ------------------------------------------------------------------ workers


def work(first: int, runs: int, step: int, pipe: Connection) -> None:
    """Every `step`th run from `first`; tells its number before each, so that a death names its file."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY, mapped + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pa.set_cpu_count(1)
    counts: Counter[tuple[str, str]] = Counter()
    for done, run in enumerate(range(first, runs, step)):
        pipe.send(run)
        counts[attempt(run)] += 1
        if done % 256 == 255:
            pipe.send(counts)
            counts = Counter()
    pipe.send(counts)
    pipe.send(("done", peak_resident()))


def peak_resident() -> int:
    """The most bytes this process ever held (unlike getrusage, not what its parent held before)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@dataclass
class Worker:
    """One process and what is known of it: the run it is at, those whose outcome it has not told yet."""

    pipe: Connection
    untold: list[int] = field(default_factory=list)


def start(first: int, runs: int, step: int) -> Worker:
    """A worker for every `step`th run from `first`."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    context.Process(target=work, args=(first, runs, step, theirs), daemon=True).start()
    theirs.close()
    return Worker(ours)


def fuzz(runs: int, workers: int = 2) -> tuple[Counter[tuple[str, str]], int]:
    """All runs: how often each (sample, outcome) came, and the greatest resident size of a worker in bytes."""
    total: Counter[tuple[str, str]] = Counter()
    peak = 0
    alive = [start(first, runs, workers) for first in range(workers)]
    while alive:
        for pipe in wait([worker.pipe for worker in alive]):
            worker = next(worker for worker in alive if worker.pipe is pipe)
            try:
                message = worker.pipe.recv()
            except EOFError:
                alive.remove(worker)
                alive.append(start(bury(worker, total) + workers, runs, workers))
                continue
            if isinstance(message, int):
                worker.untold.append(message)
            elif isinstance(message, Counter):
                total.update(message)
                worker.untold.clear()
            else:
                alive.remove(worker)
                peak = max(peak, message[1])
    return total, peak


def bury(worker: Worker, total: Counter[tuple[str, str]]) -> int:
    """A dead worker's last run is a failure; the runs before it are counted, though what came of them is lost."""
    *before, last = worker.untold
    names = NAMES
    total.update((names[run % len(names)], "untold (the worker died later)") for run in before)
    total[(names[last % len(names)], f"FAILURE the process died at run {last}")] += 1
    return last


# ------------------------------------------------------------------ bombs


def gzip_bomb() -> bytes:
    return gzip.compress(b'{"score_a": 1, "score_b": 2, "label": "A"}\n' * 6_000_000, 9, mtime=0)


def nested_gzip() -> bytes:
    data = b'{"score_a": 1, "score_b": 2, "label": "A"}\n' * 1000
    for _ in range(10):
        data = gzip.compress(data, 9, mtime=0)
    return data


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.csv", b"0" * 50_000_000)
    return out.getvalue()


def workbook_of(rows: str, texts: str = "") -> bytes:
    head = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    more = {"xl/worksheets/sheet1.xml": f"{head}{rows}</sheetData></worksheet>"}
    return workbook({"x": [["margin", "label"]]}, more={**more, **({"xl/sharedStrings.xml": texts} if texts else {})})


def workbook_bomb() -> bytes:
    return workbook_of('<row r="1"/>' * 20_000_000)


def workbook_texts() -> bytes:
    return workbook_of("", "<sst>" + "<si><t>a</t></si>" * 5_000_000 + "</sst>")


def workbook_far() -> bytes:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="999999999"><c r="A999999999"><v>1</v></c></row>'
    return workbook_of(rows)


def dictionary_bomb() -> bytes:
    words = pa.DictionaryArray.from_arrays(pa.array(np.zeros(3_000_000, np.int32)), pa.array(["x" * 1_000_000]))
    out = io.BytesIO()
    pq.write_table(pa.table({"chosen": words, "score_chosen": pa.array(np.zeros(3_000_000))}), out)
    return out.getvalue()


def nested_dictionary_bomb() -> bytes:
    words = pa.DictionaryArray.from_arrays(pa.array(np.zeros(1_000_000, np.int32)), pa.array(["x" * 1_000_000]))
    lists = pa.ListArray.from_arrays(pa.array(np.arange(0, 1_000_001, 10, dtype=np.int32)), words)
    out = io.BytesIO()
    pq.write_table(pa.table({"chosen": lists, "rejected": lists}), out)
    return out.getvalue()


def run_length_bomb() -> bytes:
    """A list of 6e8 equal numbers in one row: a few kilobytes."""
    out = io.BytesIO()
    schema = pa.schema({"scores": pa.list_(pa.int8())})
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for _ in range(8):
            numbers = pa.array(np.zeros(40_000_000, np.int8))
            writer.write_table(pa.table([pa.ListArray.from_arrays([0, 40_000_000], numbers)], schema=schema))
    return out.getvalue()


def many_rows() -> bytes:
    out = io.BytesIO()
    schema = pa.schema({"margin": pa.int8(), "label": pa.int8()})
    zeros = pa.array(np.zeros(20_000_000, np.int8))
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for _ in range(30):
            writer.write_table(pa.table([zeros, zeros], schema=schema), row_group_size=20_000_000)
    return out.getvalue()


def deep() -> bytes:
    return b"[" * 5_000_000


def deep_line() -> bytes:
    return b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n" + b'{"score_a": 1, "score_b": 0, "label": 1}\n'


def long_line() -> bytes:
    return b"score_a,score_b,label\n1,2," + b"x" * 40_000_000


def wide() -> bytes:
    return b",".join(b"c%d" % number for number in range(100_000)) + b"\n"


def database(*statements: str) -> bytes:
    with sqlite3.connect(":memory:") as base:
        base.execute("CREATE TABLE metrics (run_name TEXT, step INTEGER, timestamp TEXT, metrics TEXT)")
        for statement in statements:
            base.execute(statement)
        base.commit()
        return base.serialize()


def database_of_a_value() -> bytes:
    return database("INSERT INTO metrics VALUES ('r', 1, 't', zeroblob(100000000))")


def database_without_end() -> bytes:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    columns = "i AS run_name, i AS step, i AS timestamp, '{}' AS metrics"
    return database("DROP TABLE metrics", f"CREATE VIEW metrics AS {endless} SELECT {columns} FROM n")


def events_of_nothing() -> bytes:
    return gzip.compress(VERSION + record(b"") * 1_500_000, 9, mtime=0)


def event_far() -> bytes:
    return VERSION + far_record(1 << 40)


def console_of_names() -> bytes:
    return b"".join(b"step: %d loss: 1 name%d: 2\n" % (step, step) for step in range(200_000))


def pickled() -> bytes:
    return pickle.dumps({"score_a": [1.0], "label": [1]})


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip of 258 MB": gzip_bomb,
    "gzip ten deep": nested_gzip,
    "zip": zip_bomb,
    "workbook of 2e7 rows": workbook_bomb,
    "workbook of 5e6 texts": workbook_texts,
    "workbook with a row 999999999": workbook_far,
    "Parquet dictionary of 3 TB": dictionary_bomb,
    "Parquet nested dictionary of 2 TB": nested_dictionary_bomb,
    "Parquet lists of 4e7 numbers": run_length_bomb,
    "Parquet of 6e8 rows": many_rows,
    "JSON 5e6 deep": deep,
    "JSON line 1e5 deep": deep_line,
    "line of 40 MB": long_line,
    "1e5 columns": wide,
    "pickle": pickled,
    "SQLite value of 100 MB": database_of_a_value,
    "SQLite view without end": database_without_end,
    "events of 1.5e6 empty records": events_of_nothing,
    "event of a terabyte": event_far,
    "console log of 2e5 names": console_of_names,
}
HARMLESS = {"JSON line 1e5 deep", "console log of 2e5 names"}
"""Read, with the one bad row rejected, or what is beyond the limit left out."""


def bomb(name: str, path: str, pipe: Connection) -> None:
    """Read one bomb from disk in a fresh process: what came out, growth of resident memory, seconds."""
    read(b'{"score_a": 1, "score_b": 0, "label": 1}\n', "warm-up").__iter__().__next__()
    before = peak_resident()
    began = time.process_time()
    try:
        for _ in read(Path(path), name):
            pass
        outcome = "read"
    except PlumblineError as error:
        outcome = error.code
    except Exception as error:  # noqa: BLE001
        outcome = f"FAILURE {error!r}"
    pipe.send((outcome, peak_resident() - before, time.process_time() - began))


def explode(folder: Path) -> list[tuple[str, int, str, int, float, bool]]:
    """Every bomb: (name, size, outcome, growth, seconds, whether that is as it must be)."""
    context = multiprocessing.get_context("spawn")
    results = []
    for name, make in BOMBS.items():
        path = folder / "bomb"
        path.write_bytes(make())
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=bomb, args=(name, str(path), theirs))
        process.start()
        theirs.close()
        try:
            outcome, grown, seconds = ours.recv()
        except EOFError:
            outcome, grown, seconds = "FAILURE died", 0, 0.0
        process.join()
        refused = outcome != "read" and not outcome.startswith("FAILURE")
        fine = (refused or name in HARMLESS) and grown <= BOMB_MEMORY and seconds <= BOMB_SECONDS
        results.append((name, path.stat().st_size, outcome, grown, seconds, fine))
    return results


# ------------------------------------------------------------------ report


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
