"""Hostile names and contents, through the upload and through the inbox of the running product."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import re
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks import fuzz
from benchmarks.faults import said
from benchmarks.faults.case import Fault, Round
from benchmarks.faults.installation import Installation, until
from engine.store.engine import fetch

MIB = 1024**2

# ------------------------------------------------------------------ 22: names

PIECES = (
    "../", "..\\", "/", "\\", "%2e%2e%2f", "%252e%252e%252f", "..%c0%af", "....//", ";", "\0", "\n", "\r\n", ":", "|",
    "~", "$HOME", "$(id)", "`id`", "-rf", ".", "..", "CON", "NUL", "aux.", "LPT1", "C:", "\\\\host\\share\\", "file:///",
    "\u202e", "\u200b", "\ufeff", "\u0301", "＇", "<img src=x onerror=alert(1)>", "{{7*7}}", "%s%n",
    "' OR 1=1--", '"', "=cmd|'/c'!A1",
    " ", "\t", "\x7f", "\x1b[31m", "🙂", "ﷺ", "a" * 300, "é" * 130, ".git", "plumbline.db", "launcher.lock", "segments",
)  # fmt: skip


def names(kept: Round) -> list[str]:
    """As many different names as asked for, of pieces that mean something to some program."""
    found = dict.fromkeys(PIECES)
    while len(found) < kept.times:
        parts = kept.rng.choices(PIECES, k=kept.rng.randint(1, 5))
        found["".join(parts) + kept.rng.choice(["", ".jsonl", ".csv", ".parquet", "/x.jsonl"])] = None
    return list(found)[: kept.times]


def file_names(kept: Round) -> None:
    """Whatever a file is called: originals lie under their hash, and nothing appears anywhere else."""
    deep = kept.folder.joinpath(*"123456")
    deep.mkdir(parents=True)
    with Installation(deep / "home") as product:
        said.make_project()
        for number, name in enumerate(names(kept)):
            answer = product.upload(name, said.lines(number * 100, 3))
            kept.check(answer.status_code in (201, 400), f"{name[:40]!r} was answered {answer.status_code}")
            odd = strays(kept.folder, product.home)
            kept.check(not odd, f"{name[:40]!r} left {odd[:3]}")
            _drop(product, name, said.lines(5_000_000 + number * 100, 3))
            kept.runs += 1
        said.settle()
        odd = strays(kept.folder, product.home)
        kept.check(not odd, f"the inbox left {odd[:3]}")
        _foreman_lives(kept, product)
        said.audit_runs(kept)
        blobs = len(list((product.home / "blobs").iterdir()))
        taken = fetch("SELECT count(*) FROM dataset WHERE source IS NOT NULL")[0][0]
        kept.notes.append(f"{blobs} originals, {taken} files of the inbox taken, {len(said.refusals())} refused")


OWN = re.compile(
    rb"plumbline\.db(-wal|-shm)?|launcher\.lock|internal\.secret|log/plumbline\.log[.0-9]*|blobs/[0-9a-f]{64}"
    rb"|uploads/[0-9a-f]{32}|datasets/(segments/[0-9a-f]{64}\.parquet|states/[0-9a-f]{64}\.npz)"
    rb"|datasets/(segments|states)/\.[0-9a-f]{16}\.part|datasets/unfinished/\d+-[^/]+/.+|inbox/faults/[^/]+",
    re.DOTALL,
)
"""Every file the product makes in its home, and what was dropped into its inbox."""


def strays(folder: Path, home: Path) -> list[bytes]:
    """Files below `folder` (six levels above the home) that are none of the product's own."""
    output = os.fsencode(home.parent / "home.out")
    found = []
    for place, _folders, files in os.walk(os.fsencode(folder)):
        for path in (place + b"/" + file for file in files):
            inside = path.removeprefix(os.fsencode(home) + b"/")
            if path != output and not OWN.fullmatch(inside):
                found.append(inside)
    return found


def _drop(product: Installation, name: str, content: bytes) -> None:
    """Put a file of this name into the inbox where the file system allows it."""
    folder = product.home / "inbox" / "faults"
    folder.mkdir(parents=True, exist_ok=True)
    if "/" in name or "\0" in name or name in (".", "..") or len(name.encode()) > 255:
        return
    (folder / name).write_bytes(content)
    (folder / os.fsdecode(b"\xff" + name.encode()[:200])).write_bytes(content)


def _foreman_lives(kept: Round, product: Installation, project: str = "faults") -> None:
    """A fresh file is taken promptly, so nothing before it stopped the watcher."""
    marker = f"marker{time.monotonic_ns()}.jsonl"
    content = said.lines(time.monotonic_ns() % 10**12, 5)
    path = product.home / "inbox" / project / marker
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    try:
        until(lambda: (said.followed(project, marker) or (0, 0))[1] == 1, 60, "the reading of a plain file")
    except TimeoutError as error:
        kept.failures.append(str(error))


# ------------------------------------------------------------------ 24, 25: bombs


@contextmanager
def watched(product: Installation, every: float = 0.05) -> Iterator[dict[str, int]]:
    """While it lasts: `grown`, the most bytes a reader held beyond its start; `written`, the most on disk at once."""
    found = {"grown": 0, "written": 0}
    over, born = threading.Event(), {}

    def look() -> None:
        start = _size(product)
        while not over.wait(every):
            for process in product.processes():
                try:
                    if "jobs.child_main" in process.cmdline():
                        now = process.memory_info().rss
                        found["grown"] = max(found["grown"], now - born.setdefault(process.pid, now))
                except psutil.NoSuchProcess:
                    continue
            found["written"] = max(found["written"], _size(product) - start)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()


def _size(product: Installation) -> int:
    folders = (product.home / "uploads", product.home / "blobs", product.home / "datasets")
    total = 0
    for path in (path for folder in folders for path in folder.rglob("*")):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def _explode(kept: Round, bombs: dict[str, Callable[[], bytes]], memory: int, disk: int) -> None:
    with Installation(kept.folder / "home") as product:
        said.make_project()
        product.upload("warm.jsonl", said.lines(0, 20))
        said.settle()
        for _ in range(kept.times):
            for name, make in bombs.items():
                _one_bomb(kept, product, name, make(), memory, disk)
        _foreman_lives(kept, product)
    kept.notes.append("slowest: from the upload to the refusal")


def _one_bomb(kept: Round, product: Installation, name: str, content: bytes, memory: int, disk: int) -> None:
    content += b"" if name.startswith("Parquet") else b" " * kept.rng.randint(0, 3)
    with watched(product) as used, kept.timed(20, name):
        answer = product.upload(name, content)
        if kept.check(answer.status_code == 201, f"{name}: the upload was answered {answer.status_code}"):
            said.settle(60)
            state, error = said.last_run(answer.json()["dataset"])
            refused = state == "failed" and error.get("code") not in ("internal", "reader_died", "reader_failed", None)
            fine = refused or name in fuzz.HARMLESS or answer.json()["run"] is None
            kept.check(fine, f"{name}: {state} {error.get('code')}")
    kept.check(used["grown"] <= memory, f"{name}: the reader grew by {used['grown'] / 1e6:.0f} MB")
    written = used["written"] - len(content)
    kept.check(written <= disk, f"{name}: {written / 1e6:.0f} MB were written")
    kept.runs += 1


def zip_of_zips() -> bytes:
    """Ten levels of zip around zeros."""
    content = b"0" * 10_000_000
    for level in range(10):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{level}.zip", content)
        content = out.getvalue()
    return content


def thousandfold_gzip() -> bytes:
    """Two gigabytes of zeros in two megabytes."""
    return gzip.compress(b"\0" * (256 * MIB), 9, mtime=0) * 8


def workbook() -> bytes:
    """A workbook whose shared strings unpack to two hundred megabytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b"<si><t>" + b"x" * 200_000_000 + b"</t></si>")
    return out.getvalue()


def archives(kept: Round) -> None:
    """Refused before 100 MB are written or a reader grew by 200 MB."""
    chosen = ("gzip of 258 MB", "gzip ten deep", "zip")
    bombs = {name: fuzz.BOMBS[name] for name in chosen}
    _explode(kept, {**bombs, "zip ten deep": zip_of_zips, "gzip of 2 GB": thousandfold_gzip}, 200 * MIB, 100 * MIB)


def tables(kept: Round) -> None:
    """Refused by rows times width before a reader grew by 500 MB."""
    bombs = {name: make for name, make in fuzz.BOMBS.items() if name.startswith(("Parquet", "JSON", "line", "1e5"))}
    _explode(kept, {**bombs, "xlsx of 200 MB of strings": workbook}, 500 * MIB, 100 * MIB)


# ------------------------------------------------------------------ 26: objects that run when they are read


class _Touch:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (self.path, "w"))


def _array(canary: Path) -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([_Touch(str(canary))], dtype=object), allow_pickle=True)
    return out.getvalue()


def _torch(canary: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(_Touch(str(canary)), 2))
        archive.writestr("archive/version", "3")
    return out.getvalue()


LIVING: dict[str, Callable[[Path], bytes]] = {
    **{f"pickle, protocol {p}": (lambda canary, p=p: pickle.dumps(_Touch(str(canary)), p)) for p in range(6)},
    "pickle behind a header": lambda canary: b"score_a,score_b,label\n" + pickle.dumps(_Touch(str(canary))),
    "pickle in gzip (joblib)": lambda canary: gzip.compress(pickle.dumps(_Touch(str(canary)))),
    "pickle between Parquet's marks": lambda canary: b"PAR1" + pickle.dumps(_Touch(str(canary))) + b"PAR1",
    "NumPy objects": _array,
    "torch archive": _torch,
    "YAML tag": lambda canary: f"!!python/object/apply:os.system ['touch {canary}']\n".encode(),
    "XML entity": lambda canary: f'<!DOCTYPE a [<!ENTITY b SYSTEM "file://{canary}">]><a>&b;</a>'.encode(),
    "JSON with py/object": lambda canary: f'{{"py/object": "os.system", "py/newargs": ["touch {canary}"]}}\n'.encode(),
}
SUFFIXES = (".csv", ".parquet", ".jsonl", ".json", ".npy", ".pkl", ".pt", ".joblib", ".yaml", "")


def objects(kept: Round) -> None:
    """No payload touches its canary, under no name; all are refused by name."""
    with tempfile.TemporaryDirectory() as folder, Installation(kept.folder / "home") as product:
        said.make_project()
        canary = Path(folder) / "canary"
        every = [(kind, suffix) for suffix in SUFFIXES for kind in LIVING]
        for kind, suffix in every[: kept.times]:
            answer = product.upload(f"x{suffix}", LIVING[kind](canary) + suffix.encode())
            kept.check(answer.status_code == 201, f"{kind}{suffix}: answered {answer.status_code}")
            kept.runs += 1
        said.settle()
        kept.check(not canary.exists(), "a payload ran")
        codes = {said.last_run(number)[1].get("code") for (number,) in fetch("SELECT id FROM dataset")}
        kept.check(not codes & {"internal", "reader_died", "reader_failed"}, f"refused as {codes}")
        kept.check(fetch("SELECT count(*) FROM run WHERE state = 'done'")[0][0] == 0, "a payload was read as data")
        said.audit_runs(kept)


FAULTS = (
    Fault("22", "hostile file names, through upload and inbox", 200, 200, file_names),
    Fault("24", "zip and gzip bombs", 1, 5, archives),
    Fault("25", "Parquet, workbook and JSON bombs", 1, 3, tables),
    Fault("26", "pickles and the like under innocent names", 140, 140, objects),
)
