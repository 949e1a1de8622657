"""Observing by Ray's workers: the same bytes as the child's, cancelled within two seconds, lost workers named."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import tempfile
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
from tests.processes.waiting import alive, until
from tests.ray import big
from tests.ray.conftest import CLUSTER, NEEDS_RAY

pytestmark = NEEDS_RAY
SLEEP_SECONDS = 180
GUARD_SECONDS = 60.0
"""Nothing takes so long; on a busy machine it may still take some seconds."""


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
    """A native call that holds on to the interpreter."""
    Path(what[-1]["note"]).write_text(str(os.getpid()))
    ctypes.PyDLL(None).sleep(SLEEP_SECONDS)


def sleep_in_python(_code, _plan, _chunks, what):
    Path(what[-1]["note"]).write_text(str(os.getpid()))
    for _ in range(SLEEP_SECONDS * 100):
        time.sleep(0.01)


def misbehave(*_):
    raise ZeroDivisionError


@pytest.fixture
def note():
    """Where a worker notes its process id: outside the folder that a cluster elsewhere cannot read."""
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        yield Path(folder) / "note"


@pytest.fixture
def warm(link):
    """Workers that were killed by the test before are replaced: until they are, the child does everything."""
    return until(lambda: link.ready and link, GUARD_SECONDS)


def under_way(executor, segment, tmp_path, note) -> tuple[threading.Thread, list[BaseException], int]:
    """Start observing in a thread; the worker's process id once it is at it."""
    raised = []

    def observe() -> None:
        try:
            executor.observe(segment, "calibration", {"note": str(note)}, tmp_path / "out")
        except Exception as error:  # noqa: BLE001
            raised.append(error)

    thread = threading.Thread(target=observe)
    thread.start()
    return thread, raised, int(until(lambda: note.exists() and note.read_text(), GUARD_SECONDS))


def test_the_state_is_the_childs_to_the_bit(warm, child, segment, tmp_path):
    executor = RayExecutor(child, warm, rows=1)
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


def test_the_child_process_agrees(warm, child, monkeypatch, tmp_path):
    monkeypatch.undo()
    path = tmp_path / "segment.parquet"
    big.write(path, 150_000)
    RayExecutor(child, warm, rows=1).observe(path, "calibration", {}, tmp_path / "ray")
    child.observe(path, "calibration", {}, tmp_path / "child")
    assert (tmp_path / "ray").read_bytes() == (tmp_path / "child").read_bytes()


def test_small_segments_stay_with_the_child(warm, child, segment, tmp_path):
    executor = RayExecutor(child, warm, rows=30_001)
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


def test_refusals_arrive_as_they_would_from_the_child(warm, child, segment, tmp_path):
    executor = RayExecutor(child, warm, rows=1)
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


def test_a_mistake_in_a_worker_is_no_lost_worker(warm, child, segment, tmp_path):
    with pytest.raises(RuntimeError):
        RayExecutor(child, warm, 1, task=misbehave).observe(segment, "calibration", {}, tmp_path / "out")


@pytest.mark.parametrize("task", [sleep_in_python, sleep_in_c], ids=["python", "native"])
def test_cancelled_at_once_and_the_worker_ends_wherever_it_is(warm, child, segment, tmp_path, note, task):
    """It would sleep for minutes."""
    executor = RayExecutor(child, warm, 1, task=task)
    thread, raised, worker = under_way(executor, segment, tmp_path, note)
    executor.cancel()
    thread.join(GUARD_SECONDS)
    assert isinstance(raised[0], Conflict)
    assert raised[0].code == "cancelled"
    until(lambda: not alive(worker), GUARD_SECONDS)


def test_after_a_cancellation_the_next_request_is_served(warm, child, segment, tmp_path):
    executor = RayExecutor(child, warm, rows=1)
    executor.cancel()
    executor.observe(segment, "calibration", {}, tmp_path / "out")
    assert (executor.backend, (tmp_path / "out").exists()) == ("ray", True)


def test_a_killed_worker_is_a_loss_and_not_a_failure(warm, child, segment, tmp_path, note):
    executor = RayExecutor(child, warm, 1, task=sleep_in_python)
    thread, raised, worker = under_way(executor, segment, tmp_path, note)
    os.kill(worker, signal.SIGKILL)
    thread.join(GUARD_SECONDS)
    assert isinstance(raised[0], WorkerLostError)


def test_what_never_comes_back_is_given_up_and_the_child_does_the_next(warm, child, segment, tmp_path, monkeypatch):
    monkeypatch.setattr("jobs.ray_executor.STALLED_SECONDS", 0.5)
    executor = RayExecutor(child, warm, 1, task=sleep_in_python)
    with pytest.raises(WorkerLostError):
        executor.observe(segment, "calibration", {"note": str(tmp_path / "note")}, tmp_path / "out")
    executor.observe(segment, "calibration", {}, tmp_path / "out")
    assert executor.backend == "child"
