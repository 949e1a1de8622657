"""`python -m jobs logs` shows the one log as people read it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.settings import ROOT, Settings
from jobs.__main__ import main
from tests.processes.waiting import until


def line(event: str, level: str = "info", process: str = "web", **more: object) -> str:
    return json.dumps(
        {"time": "2026-11-23T09:00:00.123456Z", "level": level, "process": process, "event": event, **more}
    )


@pytest.fixture
def log(home: Settings) -> Path:
    path = home.home / "log" / "plumbline.log"
    path.parent.mkdir()
    (path.parent / "plumbline.log.2").write_text(line("oldest") + "\n")
    (path.parent / "plumbline.log.1").write_text(line("old", process="launcher") + "\n")
    told = [
        line("web started", port=8501),
        line("run 7 failed", "error", "runner", run_id=7, error_id="abc123", exception="Traceback\n  KeyError: 'x'"),
        line("run 8 was let go", "warning", "runner", run_id=8),
        "a line of another form",
    ]
    path.write_text("\n".join(told) + "\n")
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["logs", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_the_newest_lines_oldest_first_also_those_put_aside(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys)
    assert lines[0] == "2026-11-23 09:00:00.123 web       info     oldest"
    assert lines[1].split()[2:] == ["launcher", "info", "old"]
    assert lines[2].endswith("web started  port=8501")
    assert lines[-1].endswith("a line of another form")
    assert said(capsys, "--lines", "1") == lines[-1:]


@pytest.mark.parametrize(
    ("asked", "events"),
    [
        (["--process", "runner"], ["run 7 failed", "run 8 was let go"]),
        (["--run", "7"], ["run 7 failed"]),
        (["--level", "error"], ["run 7 failed"]),
        (["--level", "warning", "--process", "runner"], ["run 7 failed", "run 8 was let go"]),
        (["--find", "abc123"], ["run 7 failed"]),
        (["--find", "nothing like it"], []),
    ],
)
def test_only_what_was_asked_for(
    log: Path, capsys: pytest.CaptureFixture[str], asked: list[str], events: list[str]
) -> None:
    assert [json.loads(text)["event"] for text in said(capsys, "--json", *asked)] == events


def test_a_traceback_stands_below_its_line(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, *trace = said(capsys, "--run", "7")
    assert first.endswith("run 7 failed  run_id=7 error_id=abc123")
    assert trace == ["    Traceback", "      KeyError: 'x'"]


def test_a_log_that_is_not_there_is_said(home: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs"]) != 0
    assert "There is no log" in capsys.readouterr().err


def test_following_goes_on_also_when_the_log_is_put_aside(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("w") as output:
        command = [sys.executable, "-m", "jobs", "logs", "--follow", "--json", "--process", "runner"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, env={**os.environ})
    try:
        until(lambda: "run 8" in out.read_text())
        with log.open("a") as file:
            file.write(line("one more", process="runner") + "\n" + line("not this", process="web") + "\n")
        until(lambda: "one more" in out.read_text())
        log.rename(log.with_name("plumbline.log.1"))
        log.write_text(line("after the change", process="runner") + "\n")
        until(lambda: "after the change" in out.read_text())
        assert "not this" not in out.read_text()
    finally:
        process.terminate()
        process.wait(5)
