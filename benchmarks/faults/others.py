"""The tests of the catalogue that are tests already: run by pytest, counted here."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as Tree
from collections.abc import Callable

from benchmarks.faults.case import Fault, Round, Skipped
from engine.settings import ROOT

GATE, SIGNIN, HEADERS, SETTINGS = (f"tests/web/test_{name}.py" for name in ("gate", "signin", "headers", "settings"))
SESSIONS, MATRIX, TOKENS = (f"tests/access/test_{name}.py" for name in ("sessions", "matrix", "tokens"))

TESTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "1": (
        "a page reached around the router",
        (GATE, "tests/pages/test_pages.py", "-k", "deep_links or guard or nobody"),
    ),
    "2": ("anonymous HTTP and websockets", (GATE, "tests/api/test_access.py", "-k", "nobody or open_is or without_a")),
    "3": ("what belongs to others, by every function", ("tests/access/test_others.py", "tests/access/test_surface.py")),
    "4": ("role matrix, every cell", (MATRIX,)),
    "5": ("one-time links: guessed, reused, expired", ("tests/access/test_links.py",)),
    "6": (
        "sign-in takes as long for names that do not exist",
        (SIGNIN, "tests/web/test_signin_time.py", "-k", "cost_one or time"),
    ),
    "7": ("guessing passwords", (SIGNIN, SESSIONS, "-k", "locked or lock or tried or checked or wait or forgiven")),
    "8": ("flags of the cookie", (SIGNIN, "-k", "cookie")),
    "9": (
        "sign-out, revoked sessions, changed roles",
        (GATE, SESSIONS, "-k", "closes or revoked or role or signing_out"),
    ),
    "10": ("forged tokens", (TOKENS,)),
    "11": ("foreign Host and Origin", (GATE, SIGNIN, "-k", "foreign or origin or elsewhere")),
    "12": (
        "unsafe settings, first administrator",
        (SETTINGS, "tests/access/test_links.py", "-k", "unsafe or plain_http or first"),
    ),
    "13": ("open redirects", (SIGNIN, "-k", "leads")),
    "17": ("security headers", (HEADERS,)),
    "18": ("errors show an id and nothing else", ("tests/monitoring/test_errors.py", GATE, "-k", "fail or error")),
    "63": (
        "secrets in logs and events",
        ("tests/monitoring/test_logs.py", GATE, "tests/access", "-k", "secret or log_holds or hash_only"),
    ),
}
"""Number → what it is about, and what pytest is given."""


def _counted(paths: tuple[str, ...]) -> Callable[[Round], None]:
    def run(kept: Round) -> None:
        present = [word for word in paths if not word.startswith("tests/") or (ROOT / word).exists()]
        if not any(word.startswith("tests/") for word in present):
            raise Skipped("its tests are not here yet")
        for _ in range(kept.times):
            _run(kept, present)

    return run


def _run(kept: Round, paths: list[str]) -> None:
    report = kept.folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *paths]
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
