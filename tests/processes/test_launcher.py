"""The launcher keeps its children running and leaves none behind."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.settings import ROOT, Settings, get_settings
from jobs import preflight
from jobs.launcher import LONGEST_PAUSE, pause_after
from tests.processes.waiting import alive, kill, pids, until

STANDINS = Path(__file__).parent / "standins.py"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def launch(*names: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(STANDINS), str(tmp_path), *names]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env))
        return started[-1]

    yield launch
    for process in started:
        process.kill()
        process.communicate()
    for path in tmp_path.iterdir():
        for pid in pids(path) if path.is_file() else []:
            kill(pid, signal.SIGKILL)


def test_a_killed_child_is_started_again_and_the_others_run_on(start, tmp_path):
    start("steady", "second")
    first = until(lambda: pids(tmp_path / "steady"))[0]
    other = until(lambda: pids(tmp_path / "second"))[0]
    os.kill(first, signal.SIGKILL)
    began = time.monotonic()
    assert until(lambda: len(pids(tmp_path / "steady")) == 2)
    assert 0.4 < time.monotonic() - began < 3
    assert pids(tmp_path / "second") == [other]
    assert alive(other)


def test_a_child_that_keeps_falling_is_tried_less_and_less_often(start, tmp_path):
    launcher = start("crash")
    until(lambda: len(pids(tmp_path / "crash")) == 3)
    launcher.send_signal(signal.SIGTERM)
    said, _ = launcher.communicate(timeout=10)
    assert "exit status 3); starting it again in 0.5 s" in said
    assert "starting it again in 1 s" in said


def test_pauses_double_up_to_thirty_seconds_and_begin_anew_after_a_steady_run():
    pauses = [0.0]
    for _ in range(9):
        pauses.append(pause_after(pauses[-1], uptime=1.0))
    assert pauses[1:] == [0.5, 1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]
    assert pause_after(LONGEST_PAUSE, uptime=30.0) == 0.5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_takes_at_most_three_seconds_even_with_a_stubborn_child(start, tmp_path, number):
    launcher = start("steady", "stubborn", "parent")
    running = [
        until(lambda name=name: pids(tmp_path / name))[0] for name in ("steady", "stubborn", "parent", "grandchild")
    ]
    began = time.monotonic()
    launcher.send_signal(number)
    assert launcher.wait(timeout=10) == 0
    assert time.monotonic() - began < 3
    assert not any(alive(pid) for pid in running)


def test_a_child_set_up_wrongly_ends_the_launcher_with_its_own_words(start):
    launcher = start("steady", "refuse")
    said, _ = launcher.communicate(timeout=10)
    assert launcher.returncode == 2
    assert "PLUMBLINE_BIND is not safe" in said


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's parent-death signal")
def test_no_child_survives_a_killed_launcher(start, tmp_path):
    launcher = start("steady", "stubborn")
    running = [until(lambda name=name: pids(tmp_path / name))[0] for name in ("steady", "stubborn")]
    launcher.kill()
    launcher.wait()
    until(lambda: not any(alive(pid) for pid in running), seconds=3)


def logged(folder: Path) -> list[dict[str, str]]:
    path = folder / "log" / "plumbline.log"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_what_children_say_is_one_json_line_each_with_their_name(start, tmp_path):
    start("steady", "crash")
    said = until(lambda: [line for line in logged(tmp_path) if line["process"] == "steady"])[0]
    assert (said["event"], said["level"]) == ("working", "info")
    assert datetime.fromisoformat(said["time"]).tzinfo is UTC
    ended = until(lambda: [line for line in logged(tmp_path) if "crash ended, exit status 3" in line["event"]])
    assert (ended[0]["process"], ended[0]["level"]) == ("launcher", "warning")


def test_the_one_log_is_bounded_and_every_line_names_its_process(tmp_path, monkeypatch):
    monkeypatch.setattr(get_settings(), "log_bytes", 2_000)
    log = logging.Logger("one log")
    path = preflight.open_log(log, tmp_path)
    for number in range(200):
        log.info("line %d", number, extra={"from_process": "runner" if number % 2 else "web"})
    log.info("the launcher's own")
    for handler in log.handlers:
        handler.close()
    kept = sorted(path.parent.iterdir())
    assert [file.name for file in kept] == ["plumbline.log", *(f"plumbline.log.{number}" for number in (1, 2, 3))]
    assert all(file.stat().st_size <= 2_000 for file in kept)
    lines = [json.loads(line) for file in kept for line in file.read_text().splitlines()]
    assert {line["process"] for line in lines} == {"web", "runner", "launcher"}
    assert json.loads(path.read_text().splitlines()[-1])["event"] == "the launcher's own"


# ------------------------------------------------------------------ before the start


def settings(tmp_path: Path, **changes: object) -> Settings:
    return Settings(home=tmp_path / "home", port=8719, **changes)


def test_a_free_port_and_a_new_home_are_fine(tmp_path):
    preflight.check(settings(tmp_path))
    assert (tmp_path / "home").is_dir()


def test_a_port_in_use_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        used = Settings(home=tmp_path / "home", port=taken.getsockname()[1])
        with pytest.raises(UsageError, match=r"Port \d+ on 127.0.0.1 is not free. Set PLUMBLINE_PORT"):
            preflight.check(used)


def test_a_full_disk_is_refused_before_anything_starts(tmp_path):
    with pytest.raises(UsageError, match=r"MB are free"):
        preflight.check(settings(tmp_path, min_free_disk_bytes=2**60))


def test_a_home_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "home").write_text("")
    with pytest.raises(UsageError, match=r"cannot be written"):
        preflight.check(settings(tmp_path))


def test_two_launchers_do_not_share_a_home(tmp_path):
    taken = pytest.raises(UsageError, match=rf"already runs on this home folder \(process {os.getpid()}\)")
    with preflight.only_one(tmp_path), taken, preflight.only_one(tmp_path):
        pass
    with preflight.only_one(tmp_path):
        pass
