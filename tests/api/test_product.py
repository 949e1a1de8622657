"""The server as a process of its own: what docs/api.md says, and rows that arrive once whatever dies."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import plumbline_client
from engine.actions import runs, tokens
from engine.settings import ROOT, get_settings
from jobs.work import perform
from plumbline_client import Client
from tests.processes.here import Here
from tests.web.serving import Served, register

PAGE = (ROOT / "docs" / "api.md").read_text()
EXAMPLES = re.findall(r"```bash([^\n]*)\n(.*?)```", PAGE, re.DOTALL)
KILLS = 4


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture(scope="module")
def secret(served: Served) -> str:
    return tokens.create(register("program").who, "test", "write")


def shell(line: str, served: Served, secret: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PLUMBLINE_URL": served.url, "PLUMBLINE_TOKEN": secret}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    line = line.replace("curl -sS", 'curl -w "\\n%{http_code}" -sS').replace(
        "python plumbline", f"python {ROOT}/plumbline"
    )
    line = line.replace("curl", "curl --max-time 2") if "event-stream" in line else line
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_every_example_of_the_page_works(served: Served, secret: str, tmp_path: Path) -> None:
    asked = 0
    for mark, block in EXAMPLES:
        for line in block.strip().splitlines():
            done = shell(line, served, secret, tmp_path)
            if "curl" not in line:
                assert done.returncode == 0, (line, done.stderr)
                continue
            asked += 1
            body, _, status = done.stdout.rpartition("\n")
            if "stream" in mark:
                assert "event: dataset_added" in body
                continue
            wanted = {mark.partition("=")[2]} if "=" in mark else {"200", "201", "202"}
            assert status in wanted, (line, done.stdout)
            assert json.loads(body)
            while work := runs.claim("test", ("read", "observe")):
                perform(work, Here())
    assert asked >= 12
    rows = {name: len((get_settings().inbox / "main" / f"{name}.jsonl").read_bytes().splitlines()) for name in names()}
    assert rows == {"judge-v2": 2, "judge-v3": 2, "judge-v4": 2}


def names() -> list[str]:
    return [f"judge-v{number}" for number in (2, 3, 4)]


def test_rows_arrive_once_although_the_server_is_killed(
    served: Served, secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plumbline_client, "LONGEST_WAIT", 0.3)
    client = Client(served.url, secret, dataset="killed", spool=tmp_path, batch_rows=20, batch_seconds=0.05, timeout=10)
    stop, logged = threading.Event(), []

    def train() -> None:
        while not stop.is_set():
            client.log_row({"n": len(logged)})
            logged.append(len(logged))
            time.sleep(0.0005)

    trainer = threading.Thread(target=train)
    trainer.start()
    try:
        for kill in range(KILLS):
            wanted = client.stats["sent"] + 150 + 37 * kill
            deadline = time.monotonic() + 30
            while client.stats["sent"] < wanted:
                assert time.monotonic() < deadline, client.stats
                time.sleep(0.003)
            os.kill(served.process.pid, signal.SIGKILL)
            served.process.wait(10)
            served.start()
    finally:
        stop.set()
        trainer.join()
    assert client.close(60), client.stats
    lines = (get_settings().inbox / "main" / "killed.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["n"] for line in lines) == logged
    assert client.stats == {"logged": len(logged), "sent": len(logged), "waiting": 0, "dropped": 0, "refused": 0}
