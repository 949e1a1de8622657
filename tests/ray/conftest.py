"""A head of its own for the tests, connected to this process; Ray has to be installed."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.settings import Settings
from jobs.ray_link import Link
from tests.processes.conftest import installed

NEEDS_RAY = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
PORTS = os.environ.get("PLUMBLINE_TEST_RAY_PORTS", "")
CLUSTER = json.loads(os.environ.get("PLUMBLINE_TEST_CLUSTER", "{}"))
"""A cluster to do the tests against instead of a head of their own: settings, and `hidden`, what it cannot read."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ray warns of its own doings, and its first start takes long on a busy machine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore"))
            item.add_marker(pytest.mark.timeout(300))


def settings_of(home: Path, **fields: object) -> Settings:
    """Settings of an installation whose Ray is local, or the cluster that the tests are done against."""
    if CLUSTER:
        return Settings(home=home, **CLUSTER["settings"], **fields)
    return Settings(home=home, ray="local", ray_ports=PORTS, ray_cpus=1, **fields)


def connect(link: Link, seconds: float = 240.0) -> Link:
    """Tick until it is ready, as the runner's main loop does."""
    deadline = time.monotonic() + seconds
    while not link.ready and time.monotonic() < deadline:
        link._due = 0.0
        link.tick()
        time.sleep(0.02)
    assert link.ready, "Ray did not start"
    link.tick()
    return link


@pytest.fixture(scope="session")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Link]:
    """The connection of this process to a head of its own."""
    home = tmp_path_factory.mktemp("ray-home")
    made = connect(Link(settings_of(home), lambda: None, lambda: None))
    yield made
    import ray

    ray.shutdown()
    made.stop()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Settings]:
    """An installation for one test."""
    with installed(tmp_path / "home") as settings:
        yield settings
