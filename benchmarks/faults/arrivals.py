"""What may lie in an inbox: things that are no files, files that are still written, too large, too many."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import threading
import time
from pathlib import Path

import httpx

from benchmarks.faults import said
from benchmarks.faults.case import Fault, Round
from benchmarks.faults.installation import Installation, until
from benchmarks.faults.kills import visit
from benchmarks.faults.uploads import _foreman_lives
from benchmarks.measure import percentile
from engine.store.engine import fetch

MANY = 10_000

# ------------------------------------------------------------------ 23: no files


def _symbolic_link(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def _broken_link(path: Path, outside: Path) -> None:
    path.symlink_to(outside.parent / "nothing")


def _hard_link(path: Path, outside: Path) -> None:
    os.link(outside, path)


def _pipe(path: Path, _outside: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path, _outside: Path) -> None:
    path.mkdir()
    (path / "inside.jsonl").write_bytes(said.lines(0, 3))


def _socket(path: Path, _outside: Path) -> None:
    there = Path.cwd()
    os.chdir(path.parent)  # a socket's address has at most 108 bytes
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(there)


def _device(path: Path, _outside: Path) -> None:
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))


SORTS = (_symbolic_link, _broken_link, _hard_link, _pipe, _folder, _socket, _device)


def no_files(kept: Round) -> None:
    """Refused with a reason within two seconds; the watcher goes on."""
    with Installation(kept.folder / "home") as product:
        outside = kept.folder / "secret.jsonl"
        outside.write_bytes(said.lines(0, 50))
        folder = product.home / "inbox" / "faults"
        folder.mkdir(parents=True)
        _foreman_lives(kept, product)
        for turn in range(kept.times):
            make = SORTS[turn % len(SORTS)]
            name = f"{turn}{make.__name__}.jsonl"
            if make is _device and os.geteuid() != 0:
                continue
            make(folder / name, outside)
            with kept.timed(2, f"the refusal of a{make.__name__.replace('_', ' ')}"):
                until(lambda name=name: name in said.refusals(), 20, f"the refusal of {name}")
            kept.runs += 1
        _foreman_lives(kept, product)
        known = fetch("SELECT count(*) FROM dataset WHERE source NOT LIKE 'marker%'")[0][0]
        kept.check(known == 0, f"{known} of them became datasets")
    kept.notes.append("slowest: until the refusal stands in the store")


# ------------------------------------------------------------------ 29: while it is written


def half_written(kept: Round) -> None:
    """Slow writers, copies, and other content under the same name: whole files only, each content once."""
    with Installation(kept.folder / "home") as product:
        folder = product.home / "inbox" / "faults"
        folder.mkdir(parents=True)
        writers = [
            threading.Thread(target=_slowly, args=(folder, turn, kept.rng.random())) for turn in range(kept.times)
        ]
        for start in range(0, len(writers), 20):
            for writer in writers[start : start + 20]:
                writer.start()
            for writer in writers[start : start + 20]:
                writer.join()
        for turn in range(kept.times):
            _audit_slow(kept, turn)
            kept.runs += 1
        _copies(kept, product, folder)
        said.settle()
        said.audit_runs(kept)


def _slowly(folder: Path, turn: int, share: float) -> None:
    """Write a file in five pieces that end inside a line, in the pace of a slow disk."""
    content = said.lines(turn * 1000, 40)
    cuts = sorted({int(len(content) * (share + step / 5) % len(content)) for step in range(5)} | {0})
    with (folder / f"slow{turn}{'.jsonl' if turn % 2 else '.json'}").open("wb", buffering=0) as file:
        for start, end in zip(cuts, [*cuts[1:], len(content)], strict=True):
            file.write(content[start:end])
            time.sleep(0.1 + 0.5 * share)


def _audit_slow(kept: Round, turn: int) -> None:
    name = f"slow{turn}{'.jsonl' if turn % 2 else '.json'}"
    try:
        until(lambda: (said.followed("faults", name) or [0, 0, 0, {}])[3].get("accepted") == 40, 60, f"{name} whole")
    except TimeoutError as error:
        kept.failures.append(str(error))
        return
    found = said.followed("faults", name)
    assert found is not None
    kept.check(found[3]["rejected"] == 0, f"{name}: half a line was read")
    kept.check(turn % 2 == 1 or found[1] == 1, f"{name}: read before it was whole ({found[1]} versions)")


def _copies(kept: Round, product: Installation, folder: Path) -> None:
    content = said.lines(900_000, 60)
    numbers = {product.upload(f"copy{turn}.jsonl", content).json()["dataset"] for turn in range(5)}
    kept.check(len(numbers) == 1, f"one content uploaded five times became {len(numbers)} datasets")
    inbox = said.lines(910_000, 60)
    for turn in range(5):
        (folder / f"twin{turn}.jsonl").write_bytes(inbox)
    until(lambda: sum(said.followed("faults", f"twin{n}.jsonl") is not None for n in range(5)) == 5, 30, "the twins")
    said.settle()
    read = fetch("SELECT count(*) FROM dataset WHERE source LIKE 'twin%' AND version > 0")[0][0]
    kept.check(read == 1, f"one content five times in the inbox became {read} datasets")
    (folder / "slow0.json").write_bytes(said.lines(920_000, 70))
    until(lambda: (said.followed("faults", "slow0.json") or [0, 0, 0, {}])[3].get("accepted") == 70, 30, "new content")
    kept.runs += 11


# ------------------------------------------------------------------ 30: too large, too many


def too_large(kept: Round) -> None:
    """1 GB against a limit of 200 MB: refused within a second, wherever it comes in."""
    limit = 200 * 1024**2
    with Installation(kept.folder / "home", PLUMBLINE_MAX_UPLOAD_BYTES=str(limit)) as product:
        said.make_project()
        folder = product.home / "inbox" / "faults"
        folder.mkdir(parents=True)
        for turn in range(kept.times):
            with kept.timed(1, "the refusal of an announced gigabyte"):
                kept.check(_announced(product) == 413, "an announced gigabyte was not refused")
            if turn == 0:
                streamed = product.upload("streamed", (b"x" * 1024**2 for _ in range(1024)))
                kept.check(streamed.status_code == 413, f"a streamed gigabyte was answered {streamed.status_code}")
            name = f"large{turn}.parquet"
            with (folder / name).open("wb") as file:
                file.truncate(1024**3)
            with kept.timed(1, "the refusal of a gigabyte in the inbox"):
                until(lambda name=name: name in said.refusals(), 20, "the refusal of a large file")
            kept.runs += 1
        kept.check(not list((product.home / "uploads").iterdir()), "part of a refused upload was kept")
    kept.notes.append("slowest: until the refusal")


def _announced(product: Installation) -> int:
    """The answer to a request that announces a gigabyte and has sent one byte of it."""
    with socket.create_connection(("127.0.0.1", product.port), timeout=10) as connection:
        head = f"PUT /upload?project=faults&name=x HTTP/1.1\r\nHost: 127.0.0.1:{product.port}\r\n"
        head += f"Origin: {product.url}\r\nCookie: {product.cookie}\r\nContent-Length: {1024**3}\r\n\r\nx"
        connection.sendall(head.encode())
        return int(connection.recv(4096).split()[1])


def many_at_once(kept: Round) -> None:
    """10,000 small files dropped at once: all read within five minutes, pages answer meanwhile, no line is lost."""
    with Installation(kept.folder / "home") as product:
        said.make_project()
        shown = product.upload("shown.jsonl", said.lines(900_000_000, 500)).json()["dataset"]
        said.settle()
        folder = product.home / "inbox" / "faults"
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(kept.times):
            (folder / f"{number}.jsonl").write_bytes(said.lines(number * 10, 5))
        began = time.monotonic()
        waits: dict[str, list[float]] = {"view": [], "datasets": [], "runs": []}
        read = "SELECT count(*) FROM dataset WHERE version = 1 AND source IS NOT NULL"
        while fetch(read)[0][0] < kept.times and time.monotonic() - began < 600:
            _look_around(kept, product, shown, waits)
        kept.took(time.monotonic() - began, 300 * kept.times / MANY + 10, f"{kept.times} small files")
        said.settle(60)
        for number in range(kept.times):
            said.audit_lines(kept, "faults", f"{number}.jsonl", 5, number * 10)
        said.audit_runs(kept, 310)
        kept.runs = kept.times
        slow = {name: percentile(times, 0.95) for name, times in waits.items() if times}
        for name, p95 in slow.items():
            kept.check(p95 <= 2, f"{name} meanwhile: p95 {p95:.2f} s")
        told = ", ".join(f"{name} {p95:.2f} s" for name, p95 in slow.items())
        kept.notes.append(f"slowest: until the last of {kept.times:,} was read; p95 meanwhile: {told}")


def _look_around(kept: Round, product: Installation, shown: int, waits: dict[str, list[float]]) -> None:
    """One dataset's numbers, and the two pages that show everything."""
    waits["view"].append(_answer(kept, product, shown))
    for page in ("datasets", "runs"):
        exceptions, seconds = asyncio.run(visit(product, page))
        kept.check(not exceptions, f"page {page}: {exceptions[:1]}")
        waits[page].append(seconds)
    time.sleep(1)


def _answer(kept: Round, product: Installation, dataset: int) -> float:
    began = time.monotonic()
    try:
        kept.check(product.view(dataset).status_code == 200, "a page did not answer meanwhile")
    except httpx.TransportError as error:
        kept.failures.append(f"a page did not answer meanwhile: {type(error).__name__}")
    return time.monotonic() - began


FAULTS = (
    Fault("23", "links, pipes, folders, sockets and devices in the inbox", 14, 70, no_files),
    Fault("29", "files still being written, copies, the same name again", 20, 200, half_written),
    Fault("30a", "1 GB against a limit of 200 MB", 3, 20, too_large),
    Fault("30b", "small files at once", 500, MANY, many_at_once),
)
