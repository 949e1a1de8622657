"""However a node, its runner or the product ends, nothing of Ray is left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.actions import runs
from engine.settings import ROOT
from engine.store.engine import fetch
from jobs import cluster, process_tree, ray_link
from jobs.cluster import Node, address_of
from jobs.ray_link import Link
from tests.processes.conftest import installed
from tests.processes.waiting import alive, until
from tests.product import Product
from tests.ray import big
from tests.ray.conftest import NEEDS_RAY, settings_of
from tests.web.serving import register

START_SECONDS = 120.0
BEGUN = 4
"""Processes by which a node has begun: what keeps it, `ray start`, the control store and more."""

RUNNER = """
import sys, time
from pathlib import Path
from jobs.cluster import Node, address_of
from jobs.ray_link import Link
from engine.settings import Settings
settings = Settings(home=Path(sys.argv[1]), ray="local", ray_ports=sys.argv[2], ray_cpus=1)
node = Node(settings, address_of(settings))
node.start()
print(node.folder, flush=True)
time.sleep(600)
"""

STUBBORN = """
import os, sys, time
pid = os.fork()
if not pid:
    os.setsid()
    os.execve("/bin/sleep", ["sleep", "600"], {})
open(sys.argv[-1], "w").write(str(pid))
time.sleep(float(os.environ["SECONDS"]))
raise SystemExit(3)
"""
"""In the place of `ray start`: leaves a process in the background that nothing names and that ends for nobody."""


@pytest.fixture
def keep(tmp_path):
    """Starts a keeper of a stand-in that works for so many seconds; its process, its folder, what it left."""
    (tmp_path / "ray" / "scripts").mkdir(parents=True)
    for name, source in (("__init__", ""), ("scripts/__init__", ""), ("scripts/scripts", STUBBORN)):
        (tmp_path / "ray" / f"{name}.py").write_text(source)
    kept = []

    def start(seconds: float) -> tuple[subprocess.Popen[bytes], Path, int]:
        folder = tmp_path / "folder"
        folder.mkdir()
        note = tmp_path / "noted"
        command = [sys.executable, "-m", "jobs.head_main", str(folder), str(note)]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "SECONDS": str(seconds)}
        kept.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, start_new_session=True))
        return kept[0], folder, int(until(lambda: note.exists() and note.read_text()))

    yield start
    kept[0].stdin.close()
    kept[0].wait(20)
    with contextlib.suppress(ProcessLookupError):
        os.kill(int((tmp_path / "noted").read_text()), signal.SIGKILL)


def test_the_keeper_ends_what_nobody_names_when_its_input_closes(keep):
    keeper, folder, stubborn = keep(600)
    assert alive(stubborn)
    keeper.stdin.close()
    assert keeper.wait(20) == 0
    assert not alive(stubborn)
    assert not folder.exists()


def test_a_node_that_ends_by_itself_leaves_its_last_words_only(keep):
    keeper, folder, stubborn = keep(0.1)
    assert keeper.wait(20) == 3
    assert not alive(stubborn)
    assert folder.is_dir()


def test_a_runner_that_waits_for_a_head_that_ended_ends_too(tmp_path, monkeypatch):
    """`ray.init` does not return where the control store goes while it connects."""
    monkeypatch.setattr(ray_link, "_missing", lambda: False)
    monkeypatch.setattr(ray_link, "STUCK_SECONDS", 0.0)
    crashed, never = [], threading.Event()
    link = Link(settings_of(tmp_path), lambda: crashed.append(1), lambda: None)
    link.node = SimpleNamespace(ended=False, last_words="", stop=lambda: None)
    link._thread = threading.Thread(target=never.wait, daemon=True)
    link._thread.start()
    link.tick()
    assert not crashed
    link.node.ended = True
    link.tick()
    never.set()
    assert crashed == [1]
    assert link.node is None


@pytest.fixture
def node(tmp_path):
    settings = settings_of(tmp_path)
    made = Node(settings, address_of(settings))
    made.start()
    yield made
    made.stop()


def begun(folder: Path) -> list[int]:
    return until(lambda: len(found := process_tree.members(0, folder)) >= BEGUN and found, START_SECONDS)


@NEEDS_RAY
def test_stopping_leaves_no_process_and_no_folder(node):
    """A second head beside the one of the other tests: neither knows of the other."""
    pids = begun(node.folder)
    node.stop()
    assert [pid for pid in pids if alive(pid)] == []
    assert not node.folder.exists()


@NEEDS_RAY
def test_a_runner_that_is_killed_takes_its_node_along(tmp_path):
    command = [sys.executable, "-c", RUNNER, str(tmp_path), settings_of(tmp_path).ray_ports]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as runner:
        folder = Path(runner.stdout.readline().strip())
        pids = begun(folder)
        runner.kill()
    until(lambda: not any(map(alive, pids)))
    assert process_tree.members(0, folder) == []
    until(lambda: not folder.exists())


@NEEDS_RAY
def test_the_product_stops_with_ray_at_work_and_leaves_nothing(tmp_path):
    surroundings = {"PLUMBLINE_RAY": "local", "PLUMBLINE_RAY_ROWS": "1", "PLUMBLINE_DEMO": "false"}
    with installed(tmp_path / "home") as settings, Product(settings.home, environment=surroundings) as product:
        until(lambda: b"Ray is ready" in log_of(settings.home), START_SECONDS)
        folder = next(cluster.folder_of(settings, 0).parent.iterdir())
        pids = begun(folder)
        ask_for_runs(settings.home)
        until(lambda: fetch("SELECT 1 FROM run WHERE state = 'running' AND kind = 'observe'"), START_SECONDS)
        product.stop()
        assert product.process.returncode == 0
        assert [pid for pid in pids if alive(pid)] == []
        assert not folder.exists()


def log_of(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (home / "log").iterdir())


def ask_for_runs(home: Path) -> None:
    """More than will be done before the end."""
    who = register("stopper").who
    dataset, sha256 = big.dataset(home, 300_000)
    for scale in range(40):
        params = {"analysis": "calibration", "observe": {"scale": 1 + scale / 100}, "segments": [sha256]}
        runs.request(who, dataset, "observe", params)


class Ended:
    """A node that has ended by itself."""

    ended = True
    last_words = "no more"

    def stop(self) -> None:
        pass


@NEEDS_RAY
@pytest.mark.parametrize("used", [False, True], ids=["starting", "used"])
def test_the_runner_ends_with_a_node_that_it_used_and_tries_another_in_the_place_of_one_it_did_not(tmp_path, used):
    crashes = []
    link = Link(settings_of(tmp_path), lambda: crashes.append("crash"), lambda: None)
    link.node = Ended()
    if used:
        link._entered.set()
    link.tick()
    assert crashes == ["crash"] * used
    assert link.node is None
    assert (link._due == float("inf")) is used
