"""What one fault is, and the notebook in which its repetitions are kept."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


class Skipped(Exception):
    """This machine cannot do the fault; the message says what is missing."""


@dataclass
class Round:
    """The repetitions of one fault: `runs` were done, `failures` went wrong, `slowest` is in seconds."""

    times: int
    rng: random.Random
    folder: Path
    runs: int = 0
    slowest: float = 0.0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def check(self, fine: bool, otherwise: str) -> bool:
        """Keep what went wrong."""
        if not fine:
            self.failures.append(otherwise)
        return fine

    def took(self, seconds: float, limit: float, what: str) -> None:
        """Keep a duration; one beyond its limit is a failure."""
        self.slowest = max(self.slowest, seconds)
        self.check(seconds <= limit, f"{what}: {seconds:.2f} s, limit {limit:g} s")

    @contextmanager
    def timed(self, limit: float, what: str) -> Iterator[None]:
        """Keep how long the block took."""
        began = time.monotonic()
        yield
        self.took(time.monotonic() - began, limit, what)


@dataclass(frozen=True)
class Fault:
    """A fault by its number in the catalogue: `few` repetitions by default, `many` as the release asks for."""

    id: str
    what: str
    few: int
    many: int
    run: Callable[[Round], None]


def perform(fault: Fault, times: int, seed: int) -> Round:
    """Do a fault `times` times in a folder of its own. Whatever it raises is a failure of it."""
    folder = Path(tempfile.mkdtemp(prefix=f"fault-{fault.id}-"))
    kept = Round(times, random.Random(f"{seed} {fault.id}"), folder)
    try:
        fault.run(kept)
    except Skipped as reason:
        kept.notes.append(f"skipped: {reason}")
    except Exception as error:  # noqa: BLE001 - a fault that cannot be finished is a finding
        kept.failures.append(f"{type(error).__name__}: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return kept
