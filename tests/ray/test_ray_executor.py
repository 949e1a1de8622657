"""Observing by Ray's workers: the same bytes as the child's, cancelled within two seconds, lost workers named."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from engine.errors import Conflict, InputRefused, UsageError
from engine.formats import parts
from jobs import ray_worker
from jobs.children import Child
from jobs.executor import WorkerLostError
from jobs.observing import observe_here
from jobs.ray_executor import RayExecutor
from tests.ray import big
from tests.ray.conftest import CLUSTER, NEEDS_RAY

pytestmark = NEEDS_RAY
PARTS = 3


@pytest.fixture(scope="module")
def segment(tmp_path_factory):
    path = tmp_path_factory.mktemp("segment") / "segment.parquet"
    big.write(path, 30_000, group=5_000)
    return path


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(parts, "PART_ROWS", 10_000)


@pytest.fixture(scope="module")
def child(link):
    import ray

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    with Child() as started:
        yield started


def sleep_in_c(_code, _plan, _chunks, what):
    """A native call that holds on to everything for half a minute."""
    Path(what[2]["note"]).write_text(str(os.getpid()))
    ctypes.PyDLL(None).sleep(30)


def sleep_in_python(_code, _plan, _chunks, what):
    Path(what[2]["note"]).write_text(str(os.getpid()))
    for _ in range(3000):
        time.sleep(0.01)


def misbehave(*_):
    raise ZeroDivisionError


def under_way(executor, segment, tmp_path) -> tuple[threading.Thread, list[BaseException], int]:
    """Start observing in a thread; the worker's process id once it is at it."""
    note, raised = tmp_path / "note", []

    def observe() -> None:
        try:
            executor.observe(segment, "calibration", {"note": str(note)}, tmp_path / "out")
        except Exception as error:  # noqa: BLE001
            raised.append(error)

    thread = threading.Thread(target=observe)
    thread.start()
    deadline = time.monotonic() + 30
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return thread, raised, int(note.read_text())


def test_the_state_is_the_childs_to_the_bit(link, child, segment, tmp_path):
    executor = RayExecutor(child, link, rows=1)
    told = []
    done = executor.observe(
        segment, "calibration", {}, tmp_path / "ray", lambda state, rows, of: told.append((rows, of, state))
    )
    again = []
    expected, _ = observe_here(segment, "calibration", {}, lambda state, rows, of: again.append((rows, of, state)))
    assert (tmp_path / "ray").read_bytes() == expected
    assert told == again
    assert [rows for rows, *_ in told] == [5_000, 10_000, 20_000]
    assert (done.rows, executor.backend) == (30_000, "ray")


def test_the_child_process_agrees(link, child, monkeypatch, tmp_path):
    monkeypatch.undo()
    path = tmp_path / "segment.parquet"
    big.write(path, 150_000)
    RayExecutor(child, link, rows=1).observe(path, "calibration", {}, tmp_path / "ray")
    child.observe(path, "calibration", {}, tmp_path / "child")
    assert (tmp_path / "ray").read_bytes() == (tmp_path / "child").read_bytes()


def test_small_segments_stay_with_the_child(link, child, segment, tmp_path):
    executor = RayExecutor(child, link, rows=30_001)
    executor.observe(segment, "calibration", {}, tmp_path / "out")
    assert executor.backend == "child"


def test_workers_see_nothing_of_ours(link):
    import ray

    seen = ray.get(ray.remote(ray_worker.prepare).remote(link.code), timeout=60)
    assert seen[0] == "sent"
    assert [name for name in seen[1:] if name.startswith("PLUMBLINE")] == []


@pytest.mark.skipif(not CLUSTER, reason="only against a cluster elsewhere (test_remote.py)")
def test_a_cluster_elsewhere_cannot_read_our_home(link, tmp_path):
    import ray

    secret = Path(CLUSTER["hidden"]) / "secret"
    assert secret.read_text() == "ours"
    reads = ray.remote(lambda path: Path(path).exists())
    assert ray.get(reads.remote(str(secret)), timeout=60) is False
    assert link.address.ours is False


def test_refusals_arrive_as_they_would_from_the_child(link, child, segment, tmp_path):
    executor = RayExecutor(child, link, rows=1)
    with pytest.raises(UsageError):
        executor.observe(segment, "astrology", {}, tmp_path / "out")
    with pytest.raises(UsageError):
        executor.observe(segment, "calibration", {"bins": "seven"}, tmp_path / "out")
    broken = tmp_path / "broken.parquet"
    big.write(broken, 20_000, group=5_000, bad_label=True)
    with pytest.raises(InputRefused) as refused:
        executor.observe(broken, "calibration", {}, tmp_path / "out")
    assert refused.value.field == "label"
    assert not (tmp_path / "out").exists()


def test_a_mistake_in_a_worker_is_no_lost_worker(link, child, segment, tmp_path):
    with pytest.raises(RuntimeError):
        RayExecutor(child, link, 1, task=misbehave).observe(segment, "calibration", {}, tmp_path / "out")


@pytest.mark.parametrize("task", [sleep_in_python, sleep_in_c], ids=["python", "native"])
def test_cancelled_within_two_seconds_wherever_the_worker_is(link, child, segment, tmp_path, task):
    executor = RayExecutor(child, link, 1, task=task)
    thread, raised, worker = under_way(executor, segment, tmp_path)
    began = time.monotonic()
    executor.cancel()
    thread.join(10)
    assert time.monotonic() - began < 2.0
    assert isinstance(raised[0], Conflict)
    assert raised[0].code == "cancelled"
    if task is sleep_in_c:
        while Path(f"/proc/{worker}").exists():
            assert time.monotonic() - began < 2.0
            time.sleep(0.01)


def test_after_a_cancellation_the_next_request_is_served(link, child, segment, tmp_path):
    executor = RayExecutor(child, link, rows=1)
    executor.cancel()
    executor.observe(segment, "calibration", {}, tmp_path / "out")
    assert (tmp_path / "out").exists()


def test_a_killed_worker_is_a_loss_and_not_a_failure(link, child, segment, tmp_path):
    executor = RayExecutor(child, link, 1, task=sleep_in_python)
    thread, raised, worker = under_way(executor, segment, tmp_path)
    os.kill(worker, signal.SIGKILL)
    thread.join(20)
    assert isinstance(raised[0], WorkerLostError)


def test_what_never_comes_back_is_given_up(link, child, segment, tmp_path, monkeypatch):
    monkeypatch.setattr("jobs.ray_executor.STALLED_SECONDS", 0.5)
    executor = RayExecutor(child, link, 1, task=sleep_in_python)
    thread, raised, _ = under_way(executor, segment, tmp_path)
    thread.join(10)
    assert isinstance(raised[0], WorkerLostError)
