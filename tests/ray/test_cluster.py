"""The head as we own it: who may speak with it, what it knows of us, what is left of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.settings import Settings
from jobs import cluster, process_tree
from jobs.cluster import Node, address_of
from tests.processes.waiting import alive, until
from tests.ray.conftest import NEEDS_RAY, settings_of

SLEEP = [sys.executable, "-c", "import subprocess; subprocess.run(['sleep', '600'], env={})"]
"""Has a child whose environment says nothing."""


@pytest.mark.parametrize(
    ("ray", "mode", "code"),
    [
        ("local", "disabled", "ray_open"),
        ("local", "DISABLED", "ray_open"),
        ("somewhere", "token", "ray_address"),
        ("host:port", "token", "ray_address"),
        ("127.0.0.1:6379", "token", "ray_token"),
    ],
)
def test_what_cannot_be_meant_or_would_be_open_is_refused(tmp_path, monkeypatch, ray, mode, code):
    monkeypatch.setenv("RAY_AUTH_MODE", mode)
    with pytest.raises(UsageError) as refused:
        cluster.check(Settings(home=tmp_path, ray=ray))
    assert refused.value.code == code


def test_off_and_a_cluster_with_its_token_are_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    cluster.check(Settings(home=tmp_path, ray="off"))
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    token = tmp_path / "token"
    token.write_text("t" * 64)
    settings = Settings(home=tmp_path, ray="10.0.0.7:6379", ray_token_file=token)
    cluster.check(settings)
    address = address_of(settings)
    assert (address.jobs, address.token, address.ours) == ("http://10.0.0.7:8265", token, False)
    assert cluster.driver_environment(address)["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "1"


def test_a_runner_with_open_ray_says_so_in_its_last_line_and_ends_for_good(tmp_path):
    environment = {**os.environ, "PLUMBLINE_HOME": str(tmp_path), "PLUMBLINE_RAY": "local", "RAY_AUTH_MODE": "disabled"}
    ended = subprocess.run([sys.executable, "-m", "jobs", "runner"], env=environment, capture_output=True, timeout=60)
    assert ended.returncode == 2
    assert b"RAY_AUTH_MODE" in ended.stderr.splitlines()[-1]


def test_the_token_is_random_and_ours_alone(tmp_path):
    first, second = cluster.own_token(tmp_path / "a"), cluster.own_token(tmp_path / "b")
    assert first.stat().st_mode & 0o777 == 0o600
    assert first.parent.stat().st_mode & 0o777 == 0o700
    assert len(first.read_text()) == 64
    assert first.read_text() != second.read_text()
    before = first.read_text()
    first.chmod(0o644)
    assert cluster.own_token(tmp_path / "a").read_text() == before
    assert first.stat().st_mode & 0o777 == 0o600


def test_ray_learns_nothing_of_our_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("PLUMBLINE_DATABASE_URL", "postgresql://plumb:secret@db/plumb")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    settings = settings_of(tmp_path)
    environment = Node(settings, address_of(settings)).environment()
    assert "secret" not in str(environment)
    assert [name for name in environment if name.startswith("PLUMBLINE")] == []
    assert environment["RAY_AUTH_MODE"] == "token"
    assert environment["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "0"
    assert environment["OMP_NUM_THREADS"] == "1"


def test_the_pages_keep_a_processor(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)))
    assert cluster.cpus(Settings(home=tmp_path)) == 7
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0})
    assert cluster.cpus(Settings(home=tmp_path)) == 1
    assert cluster.cpus(Settings(home=tmp_path, ray_cpus=3)) == 3


@pytest.fixture
def orphan(tmp_path):
    """A process that a dead runner's Ray left in a session of its own."""
    folder = tmp_path / "base" / "4000000"
    folder.mkdir(parents=True)
    (folder / "owner").write_text("nowhere-else:4000000:1".replace("nowhere-else", os.uname().nodename))
    environment = {**os.environ, process_tree.MARK: str(folder)}
    process = subprocess.Popen(SLEEP, env=environment, start_new_session=True)
    yield folder, process
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_what_dead_runners_left_is_ended_and_removed(orphan):
    folder, process = orphan
    pids = until(lambda: len(found := process_tree.members(0, folder)) == 2 and found)
    assert process.pid in pids
    cluster.clear_dead(folder.parent)
    until(lambda: not any(map(alive, pids)))
    assert not folder.exists()


def test_what_a_living_runner_has_is_left_alone(orphan):
    folder, process = orphan
    (folder / "owner").write_text(cluster.owners.my_name())
    cluster.clear_dead(folder.parent)
    assert alive(process.pid)
    assert folder.exists()


@NEEDS_RAY
def test_nothing_of_ray_listens_off_loopback(link):
    """Test 38: every socket of every process of the head, and those of the driver."""
    pids = {*process_tree.members(link.node.session, link.node.folder), os.getpid()}
    listening = [line.split() for line in subprocess.check_output(["ss", "-Hltnp"], text=True).splitlines()]
    theirs = [fields[3] for fields in listening if any(f"pid={pid}," in fields[-1] for pid in pids)]
    assert len(theirs) >= 8
    assert [
        address for address in theirs if not address.startswith(("127.0.0.1:", "[::ffff:127.0.0.1]:", "[::1]:"))
    ] == []


@NEEDS_RAY
@pytest.mark.parametrize(("token", "status"), [("", 401), ("0" * 64, 403)])
def test_without_the_token_the_head_answers_nothing(link, token, status):
    import urllib.error
    import urllib.request

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    for path in ("/api/version", "/api/jobs/", "/nodes"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(link.address.jobs + path, headers=headers), timeout=10)
        assert refused.value.code == status


@NEEDS_RAY
def test_the_head_runs_at_low_priority_and_in_a_session_of_its_own(link):
    session = link.node.session
    members = process_tree.members(session, link.node.folder)
    assert session in members
    assert os.getsid(session) == session != os.getsid(0)
    assert os.getpriority(os.PRIO_PROCESS, session) >= 10
    group = Path(f"/proc/{session}/autogroup")
    assert not group.exists() or group.read_text().endswith("nice 5\n")
    assert len(members) >= 5
