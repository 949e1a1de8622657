"""A shell that allows few open files does not make the product refuse its two hundred and fiftieth visitor."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from engine.settings import ROOT
from tests.processes.waiting import pids, until

STANDINS = ROOT / "tests" / "processes" / "standins.py"


def test_children_of_the_launcher_may_open_as_many_files_as_the_machine_allows(tmp_path: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    started = subprocess.Popen(
        [sys.executable, str(STANDINS), str(tmp_path), "steady"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)),
    )
    try:
        child = until(lambda: pids(tmp_path / "steady"))[0]
        soft = resource.prlimit(child, resource.RLIMIT_NOFILE)[0]
        assert soft == (65_536 if hard == resource.RLIM_INFINITY else min(65_536, hard))
    finally:
        started.terminate()
        started.wait(20)
