"""The tests of the catalogue that are tests already: run by pytest, counted here."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as Tree
from collections.abc import Callable

from benchmarks.faults.case import Fault, Round, Skipped
from engine.settings import ROOT

TESTS: dict[str, tuple[str, tuple[str, ...]]] = {}


def _counted(paths: tuple[str, ...]) -> Callable[[Round], None]:
    def run(kept: Round) -> None:
        present = [path for path in paths if (ROOT / path).exists()]
        if not present:
            raise Skipped("its tests are not here yet")
        for _ in range(kept.times):
            _run(kept, present)

    return run


def _run(kept: Round, paths: list[str]) -> None:
    report = kept.folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-x", f"--junitxml={report}", *paths]
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=900, check=False)
    suite = Tree.parse(report).getroot().find("testsuite")
    assert suite is not None
    kept.runs += int(suite.get("tests", "0")) - int(suite.get("skipped", "0"))
    for case in suite.iter("testcase"):
        for kind in ("failure", "error"):
            if case.find(kind) is not None:
                kept.failures.append(f"{case.get('classname')}.{case.get('name')}")
    kept.slowest = max(kept.slowest, float(suite.get("time", "0")))


FAULTS = tuple(Fault(number, what, 1, 1, _counted(paths)) for number, (what, paths) in TESTS.items())
