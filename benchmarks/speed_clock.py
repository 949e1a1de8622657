"""CPU time and extra memory of contestants that take turns, on one thread."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Contestant = Callable[[], float]
"""Does the work and returns the number it found, so that the answers can be compared."""


@dataclass(frozen=True)
class Timing:
    """CPU milliseconds of the fastest turn, the number found, peak extra memory in MB (None where not known)."""

    milliseconds: float
    found: float
    megabytes: float | None


def compare(contestants: dict[str, Contestant], turns: dict[str, int]) -> dict[str, Timing]:
    """Let the contestants take turns, each as often as `turns` says; memory is measured in a turn of its own.

    The fastest turn counts: whatever else the machine does can only add to the time of a turn. Garbage is collected
    before each; what was there before is left out of that, since looking through all of it empties the cache.
    """
    spent: dict[str, list[float]] = {name: [] for name in contestants}
    found: dict[str, float] = {}
    gc.collect()
    gc.freeze()
    for turn in range(max(turns.values())):
        for name, work in contestants.items():
            if turn < turns[name]:
                gc.collect()
                before = time.process_time()
                found[name] = work()
                spent[name].append(1e3 * (time.process_time() - before))
    gc.unfreeze()
    return {name: Timing(min(spent[name]), found[name], extra_memory(work)) for name, work in contestants.items()}


def extra_memory(work: Contestant) -> float | None:
    """Peak resident memory above the level before, in MB; None where the kernel does not tell."""
    gc.collect()
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    before = _status("VmRSS")
    work()
    return max(0.0, (_status("VmHWM") - before) / 1024)


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
