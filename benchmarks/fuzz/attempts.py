"""One damaged file through its reader, and many of them in processes that may die."""

from __future__ import annotations

import json
import multiprocessing
import resource
import tempfile
import traceback
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.fuzz.damage import MAPPINGS, NAMES, damaged
from engine.errors import InputRefused, NotEnoughData, UsageError
from engine.formats import FollowState, Limits, archive_members, read, to_rows

NAMED = (InputRefused, NotEnoughData, UsageError)
MEMORY = 3 * 1024**3


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
