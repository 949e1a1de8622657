"""How long a PDF of a whole decision takes, cold and warm, and what it needs: `python -m benchmarks.reports`.

Four answers with two figures each, drawn and set as the runner does. Writes `benchmarks/results/reports.md`.
"""

from __future__ import annotations

import io
import os
import resource
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pypdf import PdfReader

from engine.reports.document import Document, of_results
from engine.reports.pdf import render_pdf
from engine.types import Result
from jobs import process_tree
from jobs.drawing import MARK, Drawing, drawn
from tests.figures.results import result

OUT = Path(__file__).with_name("results") / "reports.md"
TARGET_SECONDS = 6.0
PAGE = os.sysconf("SC_PAGE_SIZE")
REPEATS = 3


def document(shift: float) -> Document:
    """Four chapters of two figures; `shift` makes the figures new, so that none is known from before."""
    answers: list[Result] = []
    for chapter in range(4):
        one = result()
        reliability = dict(one.pictures["reliability"])
        reliability["observed"] = [None if y is None else y - shift - chapter / 500 for y in reliability["observed"]]
        slices = [{**entry, "effect": entry["effect"] + shift + chapter / 500} for entry in one.slices]
        pictures = {"reliability": reliability, "corp": one.pictures["corp"]}
        answers.append(replace(one, pictures=pictures, slices=slices))
    return of_results(answers, "trust", "Benchmark", "main", "nobody", datetime(2026, 11, 30, tzinfo=UTC))


class Watching:
    """The most memory that this process and what draws held at once."""

    def __init__(self, drawing: Drawing) -> None:
        self.most = 0
        self._drawing = drawing
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            child = self._drawing.pid or 0
            below = process_tree.members(child, Path("/none"), MARK) if child else []
            self.most = max(self.most, sum(proportional(pid) for pid in (os.getpid(), *below)))


def proportional(pid: int) -> int:
    """The memory of a process, what it shares divided among those that share it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def once(drawing: Drawing, made: Document) -> tuple[float, float, float, int]:
    """Seconds drawing, setting, of processor time of what was set, and the pages."""
    began = time.perf_counter()
    images = drawn(drawing, made.figures(), "png", lambda *_: None)
    at = time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    pages = len(PdfReader(io.BytesIO(render_pdf(made, images))).pages)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return at - began, time.perf_counter() - at, spent, pages


def main() -> None:
    """Measure, print and write."""
    drawing = Drawing()
    with Watching(drawing) as watching:
        cold = once(drawing, document(0.0))
        warm = min(
            (once(drawing, document(0.001 * place)) for place in range(1, REPEATS + 1)), key=lambda one: one[0] + one[1]
        )
    drawing.stop()
    figures = len(document(0.0).figures())
    told = f"""# PDF of a whole decision

{warm[3]} pages, {figures} figures, on {os.cpu_count()} processors at a load of {os.getloadavg()[0]:.1f} while it ran:
seconds grow with what else runs. Warm is the best of {REPEATS}, with figures that were never drawn before. Target:
{TARGET_SECONDS:g} s warm.

| | drawing, s | setting, s | together, s | processor time of setting, s |
|---|---|---|---|---|
| cold (chromium started) | {cold[0]:.1f} | {cold[1]:.1f} | {cold[0] + cold[1]:.1f} | {cold[2]:.1f} |
| warm | {warm[0]:.1f} | {warm[1]:.1f} | {warm[0] + warm[1]:.1f} | {warm[2]:.1f} |

Most memory at once, this process with chromium, shared pages counted once: {watching.most / 2**20:.0f} MiB.
"""
    print(told)
    OUT.write_text(told)


if __name__ == "__main__":
    main()
