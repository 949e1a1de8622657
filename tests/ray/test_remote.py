"""The same tests against a cluster that is not ours: another head, another folder, and a home it cannot read."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.settings import ROOT
from jobs import cluster, process_tree
from jobs.ray_link import _open
from tests.processes.waiting import until
from tests.ray.conftest import NEEDS_RAY, PORTS

pytestmark = NEEDS_RAY
HIDE = 'mount -t tmpfs none "$0" && exec "$@"'


def may_hide() -> bool:
    """Whether this user may give a process a view of the disk without our home."""
    asked = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"]
    return shutil.which("unshare") is not None and subprocess.run(asked, capture_output=True).returncode == 0


@pytest.fixture
def elsewhere(tmp_path) -> Iterator[dict[str, Any]]:
    """A head as another machine would have it: nothing of `hidden` can be read from it."""
    if not may_hide():
        pytest.skip("needs the right to mount (root): the cluster's view of the disk is made without our home")
    hidden = tmp_path / "home"
    hidden.mkdir()
    (hidden / "secret").write_text("ours")
    folder = Path(tempfile.mkdtemp(prefix="r"))
    token = folder / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    shutil.copy(token, hidden / "cluster-token")
    ports = cluster.free_ports(PORTS)
    gcs, jobs, client = next(ports), next(ports), next(ports)
    address = cluster.Address(f"127.0.0.1:{gcs}", f"http://127.0.0.1:{jobs}", token)
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        process_tree.MARK: str(folder),
        "RAY_TMPDIR": str(folder),
        **cluster.driver_environment(address),
    }
    start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=1"]
    start += [f"--port={gcs}", f"--dashboard-port={jobs}", f"--ray-client-server-port={client}"]
    start += ["--dashboard-agent-listen-port=0", "--min-worker-port=0", "--max-worker-port=0", "--disable-usage-stats"]
    start += [f"--temp-dir={folder}", "--object-store-memory=200000000"]
    head = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", HIDE, str(hidden), *start],
        env=environment,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until(lambda: _open("127.0.0.1", gcs) and _open("127.0.0.1", jobs), 60)
    settings = {"ray": address.gcs, "ray_jobs": f"127.0.0.1:{jobs}", "ray_token_file": str(hidden / "cluster-token")}
    yield {"settings": settings, "hidden": str(hidden)}
    process_tree.kill_all(head.pid, folder)
    head.wait()
    shutil.rmtree(folder, ignore_errors=True)


def test_the_same_tests_pass_against_a_cluster_that_cannot_read_our_home(elsewhere, tmp_path):
    chosen = "to_the_bit or nothing_of_ours or elsewhere or cancelled_at_once or killed_worker or keeps_its_log"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--basetemp={elsewhere['hidden']}/tests",
    ]
    command += ["-k", chosen, "tests/ray/test_ray_executor.py", "tests/ray/test_jobs.py"]
    environment = {**os.environ, "PLUMBLINE_TEST_CLUSTER": json.dumps(elsewhere), "TMPDIR": "/tmp"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "7 passed" in done.stdout, done.stdout[-500:]
