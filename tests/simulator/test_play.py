"""The play appends in real time, stands still when asked, and goes on after a kill as if nothing had happened."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jobs.simulator import play as playing
from jobs.simulator import preferences, training
from jobs.simulator.play import Stage, only_player, play, write
from jobs.simulator.truth import Truth

TRUTH = Truth(seed=5)


def stage(folder: Path, duration: float = 10.0, speed: float = 1e6) -> Stage:
    return Stage(folder / preferences.FILE, folder / "training", speed, duration)


def whole(duration: float) -> str:
    ticks = int(duration * 4)
    return "".join(f"{line}\n" for tick in range(ticks) for line in preferences.lines(TRUTH, tick))


def test_a_play_writes_every_tick_once(tmp_path):
    assert play(TRUTH, stage(tmp_path), threading.Event()) == 40
    assert (tmp_path / preferences.FILE).read_text(encoding="utf-8") == whole(10)
    assert len((tmp_path / "training" / training.TRAINER_FILE).read_text(encoding="utf-8").splitlines()) == 10


def test_speed_says_how_much_is_due(tmp_path, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(playing.time, "monotonic", lambda: float(next(clock)))
    waits = iter([False, False, False, True])
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", lambda _seconds: next(waits))
    ticks = play(TRUTH, stage(tmp_path, duration=1200, speed=60), stop)
    assert ticks == playing.OPENING_TICKS + 3 * 4


@pytest.mark.parametrize("cut", [0, 1, 57, 2000])
def test_a_killed_play_is_completed_not_repeated(tmp_path, cut):
    write(TRUTH, stage(tmp_path))
    file = tmp_path / preferences.FILE
    content = file.read_bytes()
    file.write_bytes(content[: len(content) - cut])
    play(TRUTH, stage(tmp_path, duration=15), threading.Event())
    assert file.read_text(encoding="utf-8") == whole(15)
    logged = (tmp_path / "training" / training.TRAINER_FILE).read_text(encoding="utf-8").splitlines()
    assert len(logged) == 15


@pytest.mark.parametrize("before", [b"", b"prompt,label\n1,2\n", b'{"timestamp": "never"}\n', b"\xff\xfe no line end"])
def test_something_else_there_is_replaced(tmp_path, before):
    (tmp_path / preferences.FILE).write_bytes(before)
    play(TRUTH, stage(tmp_path), threading.Event())
    assert (tmp_path / preferences.FILE).read_text(encoding="utf-8") == whole(10)


def test_another_seed_starts_over_as_a_new_file(tmp_path):
    write(Truth(seed=6), stage(tmp_path))
    old = (tmp_path / preferences.FILE).stat()
    held = (tmp_path / preferences.FILE).open("rb")
    play(TRUTH, stage(tmp_path), threading.Event())
    assert (tmp_path / preferences.FILE).read_text(encoding="utf-8") == whole(10)
    assert (tmp_path / preferences.FILE).stat().st_ino != old.st_ino
    held.close()


def test_the_clock_stands_still_while_the_demo_is_off(tmp_path, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(playing.time, "monotonic", lambda: float(next(clock)))
    answers = iter([False, False, True])
    waits = iter([False, False, False, True])
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", lambda _seconds: next(waits))
    ticks = play(TRUTH, stage(tmp_path, duration=1200, speed=60), stop, lambda: next(answers))
    assert ticks == playing.OPENING_TICKS + 4


def test_the_command_writes_a_project_without_a_server(tmp_path):
    command = [
        sys.executable,
        "-m",
        "jobs",
        "simulate",
        "--at-once",
        "--out",
        str(tmp_path),
        "--duration",
        "10",
        "--seed",
        "5",
    ]
    subprocess.run(command, check=True, timeout=60)
    assert (tmp_path / preferences.FILE).read_text(encoding="utf-8") == whole(10)
    assert {path.name for path in (tmp_path / "training").iterdir()} == {*training.FILES, ".playing"}


def test_two_players_never_write_the_same_files(tmp_path):
    stop = threading.Event()
    command = [sys.executable, "-m", "jobs", "simulate", "--at-once", "--out", str(tmp_path), "--duration", "10"]
    with only_player(tmp_path / "training", stop, patient=False):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "is playing there already" in done.stderr
    assert not (tmp_path / preferences.FILE).exists()
    with only_player(tmp_path / "training", stop, patient=True):
        stop.set()


def test_a_command_without_sense_is_a_usage_error(tmp_path):
    command = [sys.executable, "-m", "jobs", "simulate", "--speed", "0", "--out", str(tmp_path)]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 2
    assert list(tmp_path.iterdir()) == []
