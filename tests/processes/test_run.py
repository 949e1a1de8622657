"""`python -m jobs run` as a person starts it: refusals in one sentence, and the whole product with its faults."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from engine.actions import demo, people
from engine.actions.projects import ensure
from engine.queries.projects import demo_playing
from engine.settings import ROOT
from engine.store.engine import fetch
from engine.store.tables import Dataset
from engine.store.transaction import transaction
from jobs import preflight
from jobs.simulator import audience
from jobs.simulator.audience import Audience
from tests.processes.conftest import installed
from tests.processes.scores import append, lines, taken
from tests.processes.waiting import alive, until
from tests.product import Product, free_port


def run(home: Path, *arguments: str, port: int | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PLUMBLINE_HOME": str(home), "PLUMBLINE_PORT": str(port or free_port())}
    command = [sys.executable, "-m", "jobs", "run", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=90, check=False)


def test_a_port_in_use_is_said_in_one_sentence(tmp_path):
    with socket.socket() as taken_port:
        taken_port.bind(("127.0.0.1", 0))
        taken_port.listen()
        done = run(tmp_path / "home", port=taken_port.getsockname()[1])
    assert done.returncode == 2
    assert "is not free. Set PLUMBLINE_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_home_in_use_is_said_in_one_sentence(tmp_path):
    (tmp_path / "home").mkdir()
    with preflight.only_one(tmp_path / "home"):
        done = run(tmp_path / "home")
    assert done.returncode == 2
    assert "already runs on this home folder" in done.stderr


def test_a_new_link_works_before_and_after_the_first_administrator(tmp_path):
    def token() -> str:
        done = run(tmp_path / "home", "--new-link")
        assert done.returncode == 0, done.stderr
        return re.findall(r"/signin/link\?token=(\S{43})$", done.stdout, re.MULTILINE)[0]

    first = token()
    with installed(tmp_path / "home"):
        assert people.redeem_link(first, "ann", "a hash").role == "admin"
    second = token()
    with installed(tmp_path / "home"):
        assert people.redeem_link(second, "ben", "a hash").role == "admin"


def test_the_demo_moves_while_somebody_can_watch_and_has_no_data(home, monkeypatch):
    watch = Audience()
    demo.set_playing(True)
    assert not watch()
    people.redeem_link(people.create_first_link() or "", "ann", "a hash")
    assert watch()
    demo.set_playing(False)
    assert not watch()
    demo.set_playing(True)
    with transaction() as tx:
        tx.session.add(Dataset(project_id=ensure(tx, "mine").id or 0, name="a", source="a", version=1))
    assert audience.has_real_data()
    assert not watch()
    assert not demo_playing()
    demo.set_playing(True)
    assert watch()


# ------------------------------------------------------------------ the whole product


def children(pid: int) -> set[int]:
    """All processes below this one, by the parents that the kernel names."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found, fresh = set(), {pid}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def started(home: Path, name: str) -> list[int]:
    log = (home / "log" / "plumbline.log").read_text(encoding="utf-8")
    return [int(pid) for pid in re.findall(rf'"event":"{name} started, process (\d+)"', log)]


def healthy(product: Product) -> bool:
    try:
        with urllib.request.urlopen(f"{product.url}/_stcore/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's parent-death signal")
def test_the_product_starts_survives_its_parts_and_leaves_nothing(tmp_path):
    home = tmp_path / "home"
    with Product(home) as product:
        assert healthy(product)
        for name in ("web", "foreman", "runner", "simulator"):
            assert until(lambda name=name: started(home, name))
        rows = lines(0, 20)
        append(home / "inbox" / "mine" / "scores.jsonl", rows[:100])
        with installed(home):
            taken("mine", "scores.jsonl", 100)
            for name in ("web", "foreman", "runner"):
                os.kill(started(home, name)[-1], signal.SIGKILL)
            append(home / "inbox" / "mine" / "scores.jsonl", rows[100:150])
            taken("mine", "scores.jsonl", 150)
            assert not fetch("SELECT 1 FROM run WHERE state = 'failed'")
        until(lambda: healthy(product), 60)
        assert product.process is not None
        below = children(product.process.pid)
        assert len(below) >= 4
        product.process.kill()
        product.process.wait()
        until(lambda: not any(alive(pid) for pid in below), 5)


def test_ctrl_c_stops_the_product_in_three_seconds(tmp_path):
    with Product(tmp_path / "home", environment={"PLUMBLINE_DEMO": "false"}) as product:
        assert product.process is not None
        until(lambda: started(product.home, "runner"))
        below = children(product.process.pid)
        assert not started(product.home, "simulator")
        began = time.monotonic()
        assert product.stop() < 3.5
        assert product.process.returncode == 0
        until(lambda: not any(alive(pid) for pid in below), 3.5 - min(3.4, time.monotonic() - began))
