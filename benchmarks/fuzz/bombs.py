"""Files built to exhaust memory, each in a process of its own."""

from __future__ import annotations

import gzip
import io
import multiprocessing
import pickle
import sqlite3
import time
import zipfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.fuzz.attempts import peak_resident
from engine.errors import PlumblineError
from engine.formats import read
from tests.formats.log_samples import VERSION, far_record, record
from tests.formats.samples import workbook

BOMB_MEMORY = 500 * 1024**2
BOMB_SECONDS = 10.0


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
