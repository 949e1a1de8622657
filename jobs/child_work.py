"""The work of the limited child: read a file into a segment, observe a segment into a state."""

from __future__ import annotations

import json
import time
from hashlib import file_digest
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from engine.analysis import ANALYSES
from engine.errors import InputRefused, LimitExceeded, PlumblineError
from engine.formats import Limits, archive_members, follow_from_dict, read, read_table, to_rows
from engine.formats.members import REFUSALS
from engine.formats.segments import write_segment
from jobs import disk
from jobs.child_limits import resident
from jobs.observing import observe_here

PROGRESS_SECONDS = 0.2


def warm_up() -> None:
    """Touch what the first request would otherwise load or start: codecs, kernels, thread pools."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"word": ["a", "b"], "number": np.arange(2.0)}), sink, compression="zstd")
    table = pq.ParquetFile(pa.BufferReader(sink.getvalue())).read(use_threads=False)
    pc.dictionary_encode(table.column("word"))
    pyarrow.csv.read_csv(pa.BufferReader(b"a,b\n1,2\n"), read_options=pyarrow.csv.ReadOptions(use_threads=False))
    lines = b"".join(b'{"score_a": %d, "score_b": 0.5, "label": %d}\n' % (row, row % 2) for row in range(64))
    table, _ = read_table(lines, "warm-up")
    for analysis in ANALYSES.values():
        if "comparison" in analysis.kinds:
            analysis.to_bytes(analysis.observe(to_rows(table, reads=analysis.reads), analysis.parameters()))


def parse(line: str) -> dict[str, Any]:
    """A request."""
    request: dict[str, Any] = json.loads(line)
    return request


def send(out: IO[str], message: dict[str, Any]) -> None:
    """Hand one message to the parent."""
    out.write(json.dumps(message) + "\n")
    out.flush()


def answer(request: dict[str, Any], out: IO[str]) -> dict[str, Any]:
    """Do what is asked; whatever goes wrong is named, never raised."""
    try:
        done = WORK[request["do"]](request, out)
    except PlumblineError as error:
        return _failed(error)
    except (MemoryError, pa.ArrowMemoryError):
        name = request.get("name", "")
        return _failed(LimitExceeded(f"{name}: reading needs more memory than the limit", code="memory", file=name))
    except Exception as error:  # noqa: BLE001 - whatever a file provokes becomes a named refusal
        if (unavailable := disk.full(error)) is not None:
            return _failed(unavailable)
        name = request.get("name", "")
        said = f"{name}: the reader stopped at something it does not understand ({type(error).__name__})"
        return _failed(InputRefused(said, code="reader_failed", file=name))
    return {"done": done, "resident": resident()}


def _failed(error: PlumblineError) -> dict[str, Any]:
    return {"error": error.to_dict(), "type": type(error).__name__, "resident": resident()}


def _read(request: dict[str, Any], out: IO[str]) -> dict[str, Any]:
    started, said = time.monotonic(), 0.0

    def progress(fraction: float) -> None:
        nonlocal said
        if time.monotonic() - said >= PROGRESS_SECONDS:
            said = time.monotonic()
            send(out, {"progress": fraction})

    follow = follow_from_dict(request["follow"]) if request["follow"] is not None else None
    limits = Limits(**request["limits"])
    asked = (Path(request["path"]), request["name"], request["mapping"], limits, follow, request["until"])
    reading = read(*asked, request["saved"])
    segment = write_segment(reading, Path(request["out_dir"]), progress)
    return {
        "segment_path": str(segment.path) if segment else None,
        "segment_sha256": segment.sha256 if segment else None,
        "rows": segment.rows if segment else 0,
        "size": segment.size if segment else 0,
        "report": reading.report.to_dict(),
        "follow": reading.follow.to_dict() if reading.follow else None,
        "duration": time.monotonic() - started,
    }


def _unpack(request: dict[str, Any], _out: IO[str]) -> dict[str, Any]:
    return unpack(Path(request["path"]), request["name"], Path(request["out_dir"]), Limits(**request["limits"]))


def unpack(path: Path, name: str, folder: Path, limits: Limits) -> dict[str, Any]:
    """Take the files out of an archive, each into a file of its own; those that are refused are named."""
    taken: list[dict[str, Any]] = []
    refused: list[dict[str, str]] = []
    for number, member in enumerate(archive_members(path, name, folder, limits)):
        if member.path is None:
            refused.append({"name": member.name, "code": member.refused, "message": REFUSALS[member.refused]})
            continue
        kept = member.path.rename(folder / f"{number}")
        with kept.open("rb") as stream:
            sha256 = file_digest(stream, "sha256").hexdigest()
        taken.append({"name": member.name, "path": str(kept), "sha256": sha256, "size": member.size})
    return {"files": taken, "refused": refused}


def _observe(request: dict[str, Any], out: IO[str]) -> dict[str, Any]:
    started = time.monotonic()
    target = Path(request["out"])
    told = 0

    def partial(state: bytes, rows: int, of: int) -> None:
        nonlocal told
        told += 1
        path = target.with_name(f".{target.name}.{told}")
        path.write_bytes(state)
        send(out, {"partial": str(path), "rows": rows, "of": of})

    wanted = partial if request["partial"] else None
    state, rows = observe_here(Path(request["path"]), request["analysis"], request["params"], wanted)
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(state)
    part.replace(target)
    return {"rows": rows, "duration": time.monotonic() - started}


WORK = {"read": _read, "observe": _observe, "unpack": _unpack}
