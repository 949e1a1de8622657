"""Plays the simulated project: appends to its files in real time, faster than life, and goes on where it stopped."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.errors import UsageError
from jobs.simulator import preferences, training
from jobs.simulator.truth import TICK_SECONDS, Truth

WAKE_SECONDS = 0.25
TRAINING_TICKS = 40
"""The trainer's files are written in so many ticks at once, as trainers log: ten of its steps."""

OPENING_TICKS = 30
"""What the project has already collected when the play begins: enough for a first, undecided answer."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where and how fast a project plays. `duration` is in simulated minutes."""

    scores: Path
    background: Path | None = None
    speed: float = 60.0
    duration: float = 1200.0

    @property
    def last_tick(self) -> int:
        """The tick after which the project is over."""
        return int(self.duration * 60 / TICK_SECONDS)


@contextmanager
def only_player(folder: Path, stop: threading.Event, *, patient: bool) -> Iterator[None]:
    """Two players never write the same files: a patient one waits for the other to end, any other is refused."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".playing").open("w") as lock:
        while not stop.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if not patient:
                    raise UsageError("The simulated project is playing there already.", code="playing") from error
                stop.wait(1.0)
            else:
                break
        yield


def play(truth: Truth, stage: Stage, stop: threading.Event, playing: Callable[[], bool] = lambda: True) -> int:
    """Append tick after tick until the project is over or `stop` is set; returns the next tick.

    While `playing` says no, the simulated clock stands still. A file left by an earlier play of the same seed is
    continued after its last whole line; any other file there is replaced.
    """
    if stop.is_set():
        return 0
    tick = _resume(truth, stage)
    if tick == 0:
        tick = _append(truth, stage, 0, min(OPENING_TICKS, stage.last_tick))
    clock, before = float(tick), time.monotonic()
    while tick < stage.last_tick and not stop.wait(WAKE_SECONDS):
        now = time.monotonic()
        if playing():
            clock = min(clock + (now - before) * stage.speed / TICK_SECONDS, float(stage.last_tick))
            tick = _append(truth, stage, tick, int(clock))
        before = now
    return tick


def write(truth: Truth, stage: Stage) -> int:
    """Write the whole project at once; returns its ticks."""
    return _append(truth, stage, _resume(truth, stage), stage.last_tick)


def _append(truth: Truth, stage: Stage, first: int, end: int) -> int:
    """Append the lines of ticks first, …, end − 1, each file in one write; returns `end`."""
    collected: dict[Path, list[str]] = {}
    for tick in range(first, end):
        collected.setdefault(stage.scores, []).extend(preferences.lines(truth, tick))
    if stage.background is not None:
        for tick in range(_logged(stage, first), _logged(stage, end)):
            for name, rows in training.lines(truth, tick).items():
                collected.setdefault(stage.background / name, []).extend(rows)
    for path, rows in collected.items():
        _write_lines(path, rows)
    return max(first, end)


def _logged(stage: Stage, end: int) -> int:
    """How many of the first ticks the trainer has logged: whole lots of them, all at the end of the project."""
    return end if end >= stage.last_tick else end - end % TRAINING_TICKS


def _write_lines(path: Path, rows: Sequence[str]) -> None:
    with path.open("ab", buffering=0) as file:
        file.write("".join(f"{row}\n" for row in rows).encode())


def _resume(truth: Truth, stage: Stage) -> int:
    """The tick to go on with; completes what a killed process left half-written, or clears the way for a new play."""
    stage.scores.parent.mkdir(parents=True, exist_ok=True)
    if stage.background is not None:
        stage.background.mkdir(parents=True, exist_ok=True)
    last = _last_line(stage.scores)
    tick = _tick_of(truth, last)
    written = preferences.lines(truth, tick) if tick is not None else []
    if tick is None or last not in written:
        _start_over(stage)
        return 0
    _write_lines(stage.scores, written[written.index(last) + 1 :])
    if tick + 1 < stage.last_tick:
        _rewrite_background(truth, stage, tick + 1)
    return tick + 1


def _start_over(stage: Stage) -> None:
    stage.scores.unlink(missing_ok=True)
    for name in training.FILES:
        if stage.background is not None:
            (stage.background / name).unlink(missing_ok=True)


def _rewrite_background(truth: Truth, stage: Stage, end: int) -> None:
    """Bring the trainer's files to the same tick as the scores."""
    if stage.background is None:
        return
    ticks = [training.lines(truth, tick) for tick in range(_logged(stage, end))]
    for name in training.FILES:
        rows = [row for lines in ticks for row in lines.get(name, [])]
        (stage.background / name).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def _last_line(path: Path, tail_bytes: int = 65536) -> str:
    """The last whole line of a file; a half line after it is cut off."""
    if not path.is_file():
        return ""
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        start = file.seek(max(0, size - tail_bytes))
        tail = file.read()
        end = tail.rfind(b"\n") + 1
        file.truncate(start + end)
    return tail[:end].rstrip(b"\n").rpartition(b"\n")[2].decode("utf-8", errors="replace")


def _tick_of(truth: Truth, line: str) -> int | None:
    try:
        moment = datetime.fromisoformat(json.loads(line)["timestamp"])
        return int((moment - truth.start).total_seconds() // TICK_SECONDS)
    except (ValueError, KeyError, TypeError):
        return None
