"""The disk is full, or refuses to write: nothing is called saved that is not there, and it goes on when it can."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.faults import said
from benchmarks.faults.case import Fault, Round, Skipped
from benchmarks.faults.installation import Installation, until
from engine.settings import ROOT
from engine.store.engine import close_store

SIZE = 64

# ------------------------------------------------------------------ 46: full


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 64 MB in memory."""
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        raise Skipped("mounting a small disk needs root")
    made = subprocess.run([mount, "-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode != 0:
        raise Skipped("this kernel lets nobody mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def full(kept: Round) -> None:
    """A clear message within 2 s, reads go on, and after space is freed everything works again without a restart."""
    with (
        _small_disk(kept.folder / "disk") as disk,
        Installation(disk / "home", PLUMBLINE_MIN_FREE_DISK_BYTES="0") as product,
    ):
        product.output = kept.folder / "out"
        said.make_project()
        dataset = product.upload("a.jsonl", said.lines(0, 500)).json()["dataset"]
        said.settle()
        for turn in range(kept.times):
            _fill_and_free(kept, product, disk, dataset, turn)
            kept.runs += 1
        said.settle()
        said.audit_lines(kept, "faults", "grows.jsonl", kept.times * 40)
        said.audit_runs(kept, 120)
        said.audit_store(kept, product.home)
    kept.notes.append("slowest: from the freed disk to a new row read")


def _fill_and_free(kept: Round, product: Installation, disk: Path, dataset: int, turn: int) -> None:
    ballast = disk / "ballast"
    _fill(ballast)
    began = time.monotonic()
    answer = product.upload(f"b{turn}.jsonl", said.lines(1000 + turn * 1000, 900) * 20)
    kept.check(time.monotonic() - began <= 2, f"a full disk was told after {time.monotonic() - began:.1f} s")
    kept.check(answer.status_code in (503, 507), f"a full disk: the upload was answered {answer.status_code}")
    kept.check(bool(answer.json().get("message")), "a full disk: no message")
    kept.check(product.view(dataset).status_code == 200, "a full disk: what is there cannot be read")
    inbox = product.home / "inbox" / "faults"
    inbox.mkdir(exist_ok=True)
    time.sleep(kept.rng.uniform(0.0, 2.0))
    _fill(ballast)
    kept.check(product.view(dataset).status_code == 200, "a full disk: what is there cannot be read")
    ballast.unlink()
    with kept.timed(10, "the recovery"):
        with (inbox / "grows.jsonl").open("ab", buffering=0) as file:
            file.write(said.lines(turn * 40, 40))
        until(
            lambda: (said.followed("faults", "grows.jsonl") or [0, 0, 0, {}])[3].get("accepted") == (turn + 1) * 40, 60
        )
        again = product.upload(f"c{turn}.jsonl", said.lines(500_000 + turn * 1000, 30))
        kept.check(again.status_code == 201, f"after the disk was freed an upload was answered {again.status_code}")


def _fill(path: Path) -> None:
    """Write until nothing more fits."""
    block = b"x" * 65536
    with path.open("ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(block[:size]):
                    pass
            except OSError:
                continue


# ------------------------------------------------------------------ 47: refused

WRITER = """
import sys
from engine.errors import StoreUnavailable
from engine.store.datasets import write_state
from engine.store.transaction import transaction
for number in range(int(sys.argv[1]), int(sys.argv[1]) + 60):
    try:
        write_state(f"{number:064x}", b"%d" % number * 1000)
        with transaction() as tx:
            tx.publish("main", "test", "number", {"number": number})
    except StoreUnavailable as error:
        print("refused", error.code, flush=True)
        continue
    print("saved", number, flush=True)
"""
CALLS = ("fsync,fdatasync", "pwrite64", "fsync,fdatasync,pwrite64")
ERRORS = ("EIO", "ENOSPC")


def refused(kept: Round) -> None:
    """The Nth call to the disk fails: whatever was called saved is there, the store is whole."""
    if shutil.which("strace") is None:
        raise Skipped("strace is not installed")
    product = Installation(kept.folder / "home")
    product.prepare()
    close_store()
    counts = {"saved": 0, "refused": 0, "died": 0}
    try:
        for turn in range(kept.times):
            calls, error = CALLS[turn % len(CALLS)], ERRORS[turn // len(CALLS) % len(ERRORS)]
            last = kept.rng.choice(["", "", "+", "+3"])
            _write_under_fire(kept, turn * 60, calls, error, f"{kept.rng.randint(1, 40)}{last}", counts)
            kept.runs += 1
        _audit_writes(kept, product.home)
    finally:
        product.leave()
    kept.notes.append(", ".join(f"{count:,} {what}" for what, count in counts.items()))


def _write_under_fire(kept: Round, first: int, calls: str, error: str, when: str, counts: dict[str, int]) -> None:
    inject = f"inject={calls}:error={error}:when={when}"
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject]
    done = subprocess.run(
        [*command, sys.executable, "-c", WRITER, str(first)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    said_lines = done.stdout.splitlines()
    saved = {int(line.split()[1]) for line in said_lines if line.startswith("saved ")}
    counts["saved"] += len(saved)
    counts["refused"] += sum(line.startswith("refused") for line in said_lines)
    counts["died"] += done.returncode != 0
    home = Path(os.environ["PLUMBLINE_HOME"])
    with sqlite3.connect(home / "plumbline.db") as store:
        rows = store.execute("SELECT json_extract(body, '$.number') FROM event WHERE kind = 'number'").fetchall()
    store.close()
    there = {number for (number,) in rows}
    what = f"{calls} {error} when={when}"
    kept.check(saved <= there, f"{what}: called saved, but not there: {sorted(saved - there)[:3]}")
    for number in saved:
        path = home / "datasets" / "states" / f"{number:064x}.npz"
        kept.check(
            path.is_file() and path.read_bytes() == b"%d" % number * 1000, f"{what}: the file of {number} is not whole"
        )
    unnamed = done.returncode != 0 and "Error" in done.stderr
    kept.check(not unnamed, f"{what}: {done.stderr.strip().splitlines()[-1:]}")


def _audit_writes(kept: Round, home: Path) -> None:
    with sqlite3.connect(home / "plumbline.db") as store:
        kept.check(store.execute("PRAGMA integrity_check").fetchone() == ("ok",), "the store is damaged")
    store.close()
    parts = list((home / "datasets").rglob("*.part"))
    kept.check(not parts, f"{len(parts)} half-written files were left")


FAULTS = (
    Fault("46", "disk full, then freed", 4, 20, full),
    Fault("47", "writes that the disk refuses (EIO, ENOSPC on the Nth call)", 18, 200, refused),
)
