"""Greedy work is stopped at its limits, and nothing but the app's own port can be reached."""

from __future__ import annotations

import os
import socket
import subprocess
import time

import psutil

from benchmarks.faults import said
from benchmarks.faults.case import Fault, Round
from benchmarks.faults.greedy import BEHAVIOURS
from benchmarks.faults.installation import LAUNCH, Installation, until
from benchmarks.faults.workload import Workload
from engine.store.engine import fetch

SECONDS = 4
MEMORY = 384 * 1024**2
GREEDY = """
import sys
from jobs.command import run
children = run._children
def greedy(settings):
    made = children(settings)
    next(child for child in made if child.name == "runner").command = [sys.executable, "-m", "benchmarks.faults.greedy"]
    return made
run._children = greedy
"""


def greedy_work(kept: Round) -> None:
    """Memory, processor, silence, a gigabyte of words, a crash: each ends at its limit, pages and other runs go on."""
    limits = {"PLUMBLINE_READER_SECONDS": str(SECONDS), "PLUMBLINE_READER_MEMORY_BYTES": str(MEMORY)}
    with (
        Installation(kept.folder / "home", GREEDY + LAUNCH, **limits) as product,
        Workload(product) as work,
    ):
        for turn in range(kept.times):
            for name, (_, code) in BEHAVIOURS.items():
                _one_behaviour(kept, product, f"{name}.jsonl", code, turn)
                kept.runs += 1
        work.finish(kept)
        kept.check(work.slowest_answer <= 2, f"a page waited {work.slowest_answer:.1f} s")
        log = sum(path.stat().st_size for path in (product.home / "log").iterdir())
        kept.check(log <= 50 * 1024**2, f"the log grew to {log / 1e6:.0f} MB")
        kept.notes.append(f"limits: {SECONDS} s of processor, {MEMORY // 1024**2} MB; slowest: until it was stopped")
        kept.notes.append(f"slowest page {work.slowest_answer:.2f} s; log {log / 1e6:.1f} MB")


def _one_behaviour(kept: Round, product: Installation, name: str, code: str, turn: int) -> None:
    path = product.home / "inbox" / "greedy" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    before = fetch("SELECT count(*) FROM run JOIN project AS p ON p.id = run.project_id WHERE p.slug = 'greedy'")[0][0]
    with path.open("ab") as file:
        file.write(said.lines(turn * 50, 20))
    ended = (
        "SELECT r.state, json_extract(r.error, '$.code'), (julianday(r.finished_at) - julianday(r.started_at)) * 86400"
        " FROM run AS r JOIN project AS p ON p.id = r.project_id WHERE p.slug = 'greedy' AND r.finished_at IS NOT NULL"
        " ORDER BY r.id"
    )
    found = until(lambda: fetch(ended)[before:], 120, f"the end of {name}", 0.1)
    state, said_code, seconds = found[-1]
    wanted = ("failed", code) if code else (("done", None), ("failed", "time"))
    kept.check((state, said_code) in (wanted if not code else (wanted,)), f"{name}: {state} {said_code}")
    kept.took(float(seconds), 2 * SECONDS + 10, name)


# ------------------------------------------------------------------ 38: ports


def ports(kept: Round) -> None:
    """By default every socket of every process is on loopback; asked to serve the network, only the app's port is not.

    Started with Ray, where it is there.
    """
    ray = {"PLUMBLINE_RAY": "local"}
    for turn in range(kept.times):
        with Installation(kept.folder / f"home{turn}", **ray) as product:
            _settle_sockets(product)
            kept.check(not _outward(product), f"sockets off loopback: {_outward(product)}")
            kept.check(not _reachable(product), f"reached from the network: {_reachable(product)}")
            kept.notes.append(f"{len(_listening(product))} listening sockets")
        kept.runs += 1
        outside = {"PLUMBLINE_BIND": "0.0.0.0", "PLUMBLINE_TLS": "true"}
        with Installation(kept.folder / f"outside{turn}", **ray, **outside) as product:
            _settle_sockets(product)
            kept.check(_outward(product) == {product.port}, f"sockets off loopback: {_outward(product)}")
        kept.runs += 1


def _settle_sockets(product: Installation) -> None:
    """Wait until no new socket has appeared for a while."""
    until(lambda: product.pid("runner"), 60, "a runner")
    seen, since = _listening(product), time.monotonic()
    while time.monotonic() - since < 12:
        time.sleep(0.5)
        if (now := _listening(product)) != seen:
            seen, since = now, time.monotonic()


def _listening(product: Installation) -> set[tuple[str, int]]:
    """Address and port of every listening socket of every process, as the kernel says (`ss`, /proc)."""
    found = set()
    for process in _everything(product):
        try:
            sockets = process.net_connections("inet")
        except psutil.Error:
            continue
        found |= {
            (one.laddr.ip, one.laddr.port) for one in sockets if one.status == psutil.CONN_LISTEN or not one.raddr
        }
    return found


def _everything(product: Installation) -> list[psutil.Process]:
    """Processes below the launcher, and those that keep its home in their environment after they left it."""
    below = {process.pid: process for process in product.processes()}
    mark = product.environment["PLUMBLINE_HOME"]
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("PLUMBLINE_HOME") == mark:
                below.setdefault(process.pid, process)
        except psutil.Error:
            continue
    return list(below.values())


def _outward(product: Installation) -> set[int]:
    return {port for address, port in _listening(product) if not address.startswith(("127.", "::1", "::ffff:127."))}


def _reachable(product: Installation) -> set[int]:
    """Ports that answer under the machine's own address in the network."""
    addresses = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout.split()
    found = set()
    for address in [one for one in addresses if ":" not in one]:
        for _, port in _listening(product):
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex((address, port)) == 0:
                    found.add(port)
    return found


FAULTS = (
    Fault("38", "every socket on loopback; asked out, only the app's port", 1, 3, ports),
    Fault("39", "greedy work: memory, processor, silence, a gigabyte printed, a crash", 1, 5, greedy_work),
)
