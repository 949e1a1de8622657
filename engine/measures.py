"""What a process measures of itself, cheap enough for every rerun: durations in fixed buckets, and its own costs."""

from __future__ import annotations

import gc
import os
import threading
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

BOUNDS: Final = (
    *(round(step * 10.0**power, 7) for power in range(-4, 2) for step in (1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8)),
    100.0,
)
"""Upper bounds of the buckets in seconds, ten a decade (Renard's series R10): a quantile is off by at most 26 %."""

WINDOW_TURNS: Final = 60
"""Turns that quantiles look back: with one every 5 seconds, five minutes."""

QUANTILES: Final = (0.5, 0.95, 0.99)

Figures = Mapping[str, Any]


class Durations:
    """Durations in seconds by bucket, since the start and within the window. Any thread may record."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._sum = 0.0
        self._lock = threading.Lock()
        self._before: deque[list[int]] = deque([[0] * len(self._counts)], maxlen=WINDOW_TURNS)

    def record(self, seconds: float) -> None:
        """Count one duration."""
        place = bisect_left(BOUNDS, seconds)
        with self._lock:
            self._counts[place] += 1
            self._sum += seconds

    def turn(self) -> None:
        """Let the window move on by one turn."""
        with self._lock:
            self._before.append(self._counts.copy())

    def recent(self) -> dict[str, float]:
        """The quantiles of the window by their names; empty where nothing was recorded in it."""
        counts = self._window()
        return {str(share): quantile(counts, share) for share in QUANTILES} if any(counts) else {}

    def recently(self) -> int:
        """How many were recorded in the window."""
        return sum(self._window())

    def _window(self) -> list[int]:
        with self._lock:
            return [now - then for now, then in zip(self._counts, self._before[0], strict=True)]

    def figures(self) -> Figures:
        """All of it since the start: how many in each bucket, and their sum."""
        with self._lock:
            return {"buckets": self._counts.copy(), "sum": self._sum}


def quantile(counts: Sequence[int], share: float) -> float:
    """The value below which this share lies, in seconds: within its bucket by straight interpolation.

    `counts` has one entry a bucket and one beyond the last bound; at least one is above zero.
    """
    wanted, below = share * sum(counts), 0
    for place, count in enumerate(counts):
        if count and below + count >= wanted:
            low = BOUNDS[place - 1] if place else 0.0
            high = BOUNDS[min(place, len(BOUNDS) - 1)]
            return low + (high - low) * (wanted - below) / count
        below += count
    return BOUNDS[-1]


class Own:
    """What this process costs: processor, memory, collections of garbage, threads, open files."""

    def __init__(self) -> None:
        self._paused = 0.0
        self._began = 0.0
        self._last = (time.monotonic(), time.process_time())
        gc.callbacks.append(self._collecting)

    def close(self) -> None:
        """Stop timing collections."""
        gc.callbacks.remove(self._collecting)

    def figures(self) -> Figures:
        """The costs now; the share of a processor is that since the last call."""
        now = (time.monotonic(), time.process_time())
        wall, used = now[0] - self._last[0], now[1] - self._last[1]
        self._last = now
        return {
            "cpu_seconds_total": now[1],
            "cpu_busy_ratio": used / wall if wall > 0 else 0.0,
            "resident_memory_bytes": resident_bytes(),
            "gc_collections_total": {str(age): found["collections"] for age, found in enumerate(gc.get_stats())},
            "gc_pause_seconds_total": self._paused,
            "threads": threading.active_count(),
            "open_files": open_files(),
        }

    def _collecting(self, phase: str, _info: Mapping[str, Any]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self._paused += time.perf_counter() - self._began


def resident_bytes(pid: int | str = "self") -> int:
    """Memory of a process that lies in RAM, in bytes; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def open_files() -> int:
    """Open descriptors of this process; 0 where the system does not tell."""
    try:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are enough, and there may be thousands
    except OSError:
        return 0


class Tally(Counter[str]):
    """Counts by name, since the start; lost updates of concurrent threads are ruled out by a lock."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def add(self, name: str) -> None:
        """Count one."""
        with self._lock:
            self[name] += 1
