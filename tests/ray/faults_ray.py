"""Ray killed and knocked at while the product observes through it: `python -m benchmarks.faults --only 37,43,R1,R2,R3`.

Every segment goes to Ray here, however small, and a run over a large one is always under way; beside it people append,
upload and read as in the other faults.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import psutil

from benchmarks.faults import said
from benchmarks.faults.case import Fault, Round
from benchmarks.faults.installation import IMPATIENT, LAUNCH, Installation, until
from benchmarks.faults.workload import Workload
from engine.actions import runs
from engine.analysis import ANALYSES
from engine.errors import StoreUnavailable
from engine.queries.states import Observed
from engine.settings import get_settings
from engine.store import datasets
from engine.store.engine import fetch
from jobs import cluster, process_tree
from jobs.observing import observe_here
from tests.ray import big

ROWS = 600_000
READY = b"Ray is ready"
STARTING = 0.2
"""Share of the kills that meet a head that is only just starting."""

WORKERS = ("ray::IDLE", "ray::observe_part", "ray::prepare")
COMPARED = 5
"""Runs whose states are made again in this process and compared to the bit."""

SAID = "SELECT id, state, backend, attempt, params, error FROM run WHERE kind = 'observe' AND state <> 'cancelled'"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROUTES = (
    "/api/version",
    "/api/jobs/",
    "/api/jobs/x",
    "/api/jobs/x/stop",
    "/api/jobs/x/logs",
    "/api/packages/gcs/x.zip",
    "/api/cluster_status",
    "/api/actors/kill",
    "/api/component_activities",
    "/api/serve/applications/",
    "/api/v0/tasks",
    "/api/v0/logs",
    "/api/v0/logs/file",
    "/nodes",
    "/nodes/x",
    "/logical/actors",
    "/events",
    "/worker/traceback?pid=1",
    "/worker/cpu_profile?pid=1",
    "/memory_profile?pid=1",
    "/task/traceback?task_id=x",
)
"""What Ray's dashboard answers that tells or changes something."""

HEALTH = ("/api/gcs_healthz", "/api/healthz", "/api/local_raylet_healthz")
"""What Ray leaves open on purpose: that it lives, and nothing else."""

GONE_SECONDS = 10.0
BACK_SECONDS = 400.0
"""How long a head may take on a busy machine, where it has the least priority, and after others that did not start."""


class Observing:
    """Asks for one run after another over a large segment, always with another parameter, until left."""

    def __init__(self, product: Installation) -> None:
        self.product = product
        self.stop = threading.Event()
        self.asked = 0
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Observing:
        self.dataset, self.sha256 = big.dataset(self.product.home, ROWS, project="faults")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        self._thread.join(100)

    def _ask(self) -> None:
        while not self.stop.is_set():
            self.asked += 1
            observe = {"scale": 1 + self.asked / 1000}
            params = {"analysis": "calibration", "observe": observe, "segments": [self.sha256]}
            with contextlib.suppress(StoreUnavailable, TimeoutError):
                run = runs.request(self.product.who, self.dataset, "observe", params)
                until(lambda run=run: _ended(run), 90, f"the end of run {run}", 0.05)

    def audit(self, kept: Round) -> None:
        """Each run ended with one state that is the right one, or with its reason."""
        found = fetch(SAID)
        done = [row for row in found if row[1] == "done"]
        backends, attempts = Counter(row[2] for row in done), Counter(row[3] for row in found)
        lost = sum(row[1] == "failed" for row in found)
        kept.check(backends["ray"] > 0, "Ray observed nothing")
        kept.check(not any("internal" in str(row[5]) for row in found), "a run failed by a mistake of ours")
        for _, _, _, _, params, _ in kept.rng.sample(done, min(COMPARED, len(done))):
            self._compare(kept, params)
        kept.notes.append(
            f"{len(found)} runs over {ROWS:,} rows ({backends['ray']} by Ray, {backends['child']} by the child, "
            f"{lost} given up with the reason), attempts {dict(sorted(attempts.items()))}; "
            "slowest: a run's end after it was asked for, or after the last kill before"
        )

    def _compare(self, kept: Round, params: object) -> None:
        wanted = json.loads(params) if isinstance(params, str) else params
        assert isinstance(wanted, dict)
        state, _ = observe_here(datasets.existing_segment(self.sha256), "calibration", wanted["observe"])
        key = Observed(ANALYSES["calibration"], wanted["observe"]).key(self.sha256)
        kept.check(datasets.read_state(key) == state, f"the state for {wanted['observe']} is another one")


def _ended(run: int) -> bool:
    return bool(fetch("SELECT 1 FROM run WHERE id = :id AND state NOT IN ('queued', 'running')", {"id": run}))


# ------------------------------------------------------------------ what is killed


def _folder(product: Installation) -> Path:
    """Where the Ray of the present runner lives."""
    return cluster.folder_of(get_settings(), until(lambda: product.pid("runner"), 90, "a runner"))


def _ray(product: Installation) -> list[psutil.Process]:
    found = []
    for pid in process_tree.members(0, _folder(product)):
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(pid))
    return found


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()[:2])
    except psutil.Error:
        return ""


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)


def _ready(product: Installation) -> int:
    """How often Ray was ready since the start."""
    return sum(path.read_bytes().count(READY) for path in (product.home / "log").iterdir())


def _storm(kept: Round, strike: Callable[[Round, Installation], datetime]) -> None:
    """Strike again and again; each strike says when it killed, and a run's minute counts from the last of those.

    A killed head takes the runner with it, so that a run may be begun anew with each of them.
    """
    struck: list[datetime] = []
    surroundings = {"PLUMBLINE_RAY": "local", "PLUMBLINE_RAY_ROWS": "1"}
    with Installation(kept.folder / "home", IMPATIENT + LAUNCH, **surroundings) as product:
        until(lambda: _ready(product), BACK_SECONDS, "the start of Ray")
        with Workload(product, gap=1.0) as work, Observing(product) as observing:
            for _ in range(kept.times):
                time.sleep(kept.rng.uniform(0.1, 3.0))
                struck.append(strike(kept, product))
                kept.runs += 1
            before = _ready(product)
            until(lambda: product.pid("runner") and _up(product, before), BACK_SECONDS, "Ray again")
            asked = observing.asked
            until(lambda: observing.asked > asked + 1, BACK_SECONDS, "runs after the last kill")
            observing.__exit__(None, None, None)
            work.finish(kept, struck)
            observing.audit(kept)
            kept.notes.append(f"with all kills in between: {said.slowest_run():.0f} s")
        kept.check(not work.cut, f"{work.cut} requests got no answer, though nobody killed the web")
        folder = _folder(product)
        product.stop()
        kept.check(not process_tree.members(0, folder), "processes of Ray outlived the product")


def _up(product: Installation, before: int) -> bool:
    """Whether Ray is ready now: some of its workers are there, or it has become ready since."""
    return _ready(product) > before or bool(_workers(product, WORKERS))


def _workers(product: Installation, words: tuple[str, ...]) -> list[psutil.Process]:
    return [one for one in _ray(product) if _words(one).startswith(words)]


def worker_killed(kept: Round) -> None:
    """Whatever it is at: its run is done again by another worker."""

    def strike(kept: Round, product: Installation) -> datetime:
        with contextlib.suppress(TimeoutError):
            until(lambda: _workers(product, WORKERS[1:2]), 15, "a worker at work", 0.02)
            time.sleep(kept.rng.uniform(0.0, 0.5))
        _kill([kept.rng.choice(until(lambda: _workers(product, WORKERS), 90, "a worker of Ray", 0.1))])
        return datetime.now(UTC)

    _storm(kept, strike)


def control_store_killed(kept: Round) -> None:
    """Ray's memory of itself: the runner ends with it and another begins with another head."""

    def strike(kept: Round, product: Installation) -> datetime:
        return _strike_head(kept, product, lambda one: "gcs_server" in _words(one))

    _storm(kept, strike)


def head_killed(kept: Round) -> None:
    """Everything of Ray at once."""

    def strike(kept: Round, product: Installation) -> datetime:
        return _strike_head(kept, product, lambda _: True)

    _storm(kept, strike)


def _strike_head(kept: Round, product: Installation, chosen: Callable[[psutil.Process], bool]) -> datetime:
    """Kill it, ready or only just starting, and wait for another head: of another runner where this one used it.

    The moment of the kill.
    """
    gone = until(lambda: _keepers(product), BACK_SECONDS, "a head", 0.05)
    before = _ready(product)
    _kill(until(lambda: [one for one in _ray(product) if chosen(one)], 90, "Ray's processes", 0.05))
    killed = datetime.now(UTC)
    until(lambda: _keepers(product) - gone, BACK_SECONDS, "another head", 0.05)
    if kept.rng.random() >= STARTING:
        until(lambda: _ready(product) > before, BACK_SECONDS, "Ray again", 0.1)
    return killed


def launcher_killed(kept: Round) -> None:
    """All ends with it, Ray idle, at work or only just starting; another one takes the home over."""
    surroundings = {"PLUMBLINE_RAY": "local", "PLUMBLINE_RAY_ROWS": "1"}
    with Installation(kept.folder / "home", LAUNCH, **surroundings) as product, Observing(product):
        before = 0
        while kept.runs < kept.times:
            until(lambda: _ray(product), BACK_SECONDS, "Ray's processes", 0.05)
            if kept.rng.random() >= STARTING:
                until(lambda before=before: _ready(product) > before, BACK_SECONDS, "Ray")
            time.sleep(kept.rng.uniform(0.0, 2.0))
            with kept.timed(GONE_SECONDS, "everything below a killed launcher"):
                _behead(kept, product)
            kept.runs += 1
            before = _ready(product)
            product.start()
        kept.notes.append("runs under way all the while; slowest: kill to the end of the last process and folder")


def _behead(kept: Round, product: Installation) -> None:
    assert product.process is not None
    folder, below = _folder(product), [*product.processes()[1:], *_ray(product)]
    product.process.kill()
    product.process.wait()
    until(lambda: not any(map(_runs, below)), BACK_SECONDS, "the end of every process below a killed launcher")
    until(lambda: not folder.exists(), BACK_SECONDS, "the end of Ray's folder")
    kept.check(not process_tree.members(0, folder), "processes of Ray outlived the launcher")


def _runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _keepers(product: Installation) -> set[int]:
    """What keeps the head of the present runner."""
    found = set()
    for one in _ray(product):
        with contextlib.suppress(psutil.Error):
            found |= {one.pid} if "jobs.head_main" in one.cmdline() else set()
    return found


# ------------------------------------------------------------------ who may speak with it


def closed(kept: Round) -> None:
    """No route, method or port answers without the token; nothing listens off loopback; open Ray is refused."""
    with Installation(kept.folder / "home", LAUNCH, PLUMBLINE_RAY="local") as product:
        until(lambda: _ready(product), BACK_SECONDS, "the start of Ray")
        processes = _ray(product)
        listening = _listening([*processes, psutil.Process(until(lambda: product.pid("runner"), 60, "a runner"))])
        outside = {one for one in listening if not one[0].startswith(("127.", "::1", "::ffff:127."))}
        kept.check(len(listening) >= 8 and not outside, f"sockets off loopback: {outside} of {len(listening)}")
        dashboards = [port for port in sorted({port for _, port in listening}) if _speaks_http(port)]
        kept.check(bool(dashboards), "no dashboard was found")
        for _ in range(kept.times):
            for port in dashboards:
                _knock_everywhere(kept, port)
            _refuses_to_be_open(kept)
        kept.notes.append(f"{len(listening)} sockets, all on loopback; dashboard ports {len(dashboards)}")


def _knock_everywhere(kept: Round, port: int) -> None:
    for route in ROUTES:
        for method in METHODS:
            for token, wanted in (("", 401), ("0" * 64, 403)):
                status = _status(f"http://127.0.0.1:{port}{route}", method, token)
                kept.check(status == wanted, f"{method} {route} with {'a wrong' if token else 'no'} token: {status}")
                kept.runs += 1
    for route in HEALTH:
        said = _said(f"http://127.0.0.1:{port}{route}")
        kept.check(set(said.split()) <= {"raylet:", "gcs:", "success"}, f"GET {route} tells {said[:40]}")
        kept.runs += 1


def _said(url: str) -> str:
    """What anybody is told; nothing where that is a refusal."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError:
        return ""


def _status(url: str, method: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = b"{}" if method in ("POST", "PUT", "PATCH") else None
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _speaks_http(port: int) -> bool:
    """Whether a port answers HTTP as the dashboard does."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as probe:
        probe.settimeout(2)
        probe.sendall(b"GET /api/version HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        return probe.recv(64).startswith(b"HTTP/1.1 4")
    return False


def _listening(processes: list[psutil.Process]) -> set[tuple[str, int]]:
    found = set()
    for process in processes:
        with contextlib.suppress(psutil.Error):
            sockets = process.net_connections("inet")
            found |= {(one.laddr.ip, one.laddr.port) for one in sockets if one.status == psutil.CONN_LISTEN}
    return found


def _refuses_to_be_open(kept: Round) -> None:
    environment = {**os.environ, "PLUMBLINE_RAY": "local", "RAY_AUTH_MODE": "disabled"}
    environment["PLUMBLINE_HOME"] = str(kept.folder / "open")
    command = [sys.executable, "-m", "jobs", "runner"]
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    kept.check(ended.returncode == 2 and b"RAY_AUTH_MODE" in ended.stderr, "a runner with an open Ray started")
    kept.runs += 1


FAULTS = (
    Fault("37", "Ray without its token: every route and method; open Ray is refused", 1, 3, closed),
    Fault("43", "a worker of Ray killed while it observes", 12, 50, worker_killed),
    Fault("R1", "Ray's control store killed", 4, 50, control_store_killed),
    Fault("R2", "the whole head of Ray killed", 4, 50, head_killed),
    Fault("R3", "the launcher killed with Ray up", 2, 50, launcher_killed),
)
