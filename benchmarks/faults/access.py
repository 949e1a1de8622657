"""Access: what has to be timed is done here, the rest are tests already: run by pytest (in full with FULL=1), counted.

6 does time tell which names exist · 9 how soon what is open ends · 12 does it start with secrets that protect nothing.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import time
import xml.etree.ElementTree as Tree
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from math import erfc, sqrt
from pathlib import Path

from benchmarks.faults.case import Fault, Round
from benchmarks.faults.installation import Installation
from engine.actions import passwords as changes
from engine.settings import ROOT
from engine.store.engine import get_store
from tests.product import free_port
from tests.web import test_lost_access as lost
from tests.web.serving import PASSWORD, Served
from tests.web.test_settings import WEAK
from web import passwords

FIVE_PERCENT, UNLIKELY = 0.05, 0.01

# ------------------------------------------------------------------ tests that are there

WEB, ACCESS = "tests/web/test_{}.py", "tests/access/test_{}.py"
GATE, SIGNIN, ROUTES, LOST = (WEB.format(name) for name in ("gate", "signin", "every_route", "lost_access"))
GUESSING, HEADERS, SETTINGS, OIDC = (WEB.format(name) for name in ("guessing", "headers", "settings", "oidc"))
SESSIONS, TOKENS, LINKS, CANARIES = (ACCESS.format(name) for name in ("sessions", "tokens", "links", "canaries"))

TESTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "1": (
        "a page reached around the router",
        (GATE, "tests/pages/test_pages.py", "-k", "deep_links or guard or nobody or no_page"),
    ),
    "2": (
        "anonymous HTTP and websockets",
        (GATE, ROUTES, "tests/api/test_access.py", "-k", "nobody or open_ or without_a"),
    ),
    "3": (
        "what belongs to others, by every function",
        (ACCESS.format("foreign"), ACCESS.format("others"), ACCESS.format("surface")),
    ),
    "4": ("role matrix, every cell", (ACCESS.format("matrix"),)),
    "5": ("one-time links: guessed, reused, expired", (LINKS,)),
    "7": ("guessing passwords", (GUESSING, SIGNIN, SESSIONS, "-k", "guess or lock or tried or try or checked or wait")),
    "8": ("flags of the cookie, also in a browser", (SIGNIN, WEB.format("browser"), "-k", "cookie")),
    "10": ("forged tokens, cookies, links, states and identities", (TOKENS, OIDC, "-k", "forged or changed or wrong")),
    "11": ("foreign Host and Origin", (ROUTES, GATE, "-k", "foreign or origin or other_site or tokens_pass")),
    "13": ("open redirects", (SIGNIN, OIDC, WEB.format("browser"), "-k", "lead")),
    "17": (
        "security headers",
        (HEADERS, ROUTES, "tests/monitoring/test_errors.py", "-k", "header or websocket or fails"),
    ),
    "18": (
        "errors show an id and nothing else",
        ("tests/monitoring/test_errors.py", GATE, "-k", "fail or error or away"),
    ),
    "63": (
        "secrets sent through everything, then looked for",
        (
            CANARIES,
            OIDC,
            "tests/monitoring/test_logs.py",
            GATE,
            "tests/access",
            "-k",
            "secret or log_holds or hash_only",
        ),
    ),
}
"""Number → what it is about, and what pytest is given."""


COUNTING = ("-o", "junit_family=xunit1")
"""Under which a test may say how often it repeated something."""


def counted(arguments: tuple[str, ...]) -> Callable[[Round], None]:
    """A fault that runs these tests. One that repeats something says how often as its property `runs`."""

    def run(kept: Round) -> None:
        report = kept.folder / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "--timeout=900", *COUNTING, f"--junitxml={report}", *arguments]
        subprocess.run(command, cwd=ROOT, capture_output=True, timeout=1800, check=False)
        suite = Tree.parse(report).getroot().find("testsuite")
        assert suite is not None
        for case in suite.iter("testcase"):
            _count(kept, case)
        kept.slowest = float(suite.get("time", "0"))
        kept.notes.append("slowest: all of them together")

    return run


def _count(kept: Round, case: Tree.Element) -> None:
    if case.find("skipped") is not None:
        return
    known = {one.get("name"): one.get("value", "") for one in case.iter("property")}
    kept.runs += int(known.get("runs", "1"))
    for kind in ("failure", "error"):
        wrong = case.find(kind)
        said = "" if wrong is None else wrong.get("message", "")
        kept.check(wrong is None, f"{case.get('classname')}.{case.get('name')}: {said[:200]}")


# ------------------------------------------------------------------ 6 time


def time_tells_nothing(kept: Round) -> None:
    """Wrong passwords for a name that exists and for names that do not, in turn: nobody can tell which by the time."""
    with Installation(kept.folder / "home") as product:
        changes.put(product.who.user_id, passwords.hasher().hash(PASSWORD))
        for part in range(3):
            known, unknown = [], []
            for number in range(kept.times):
                tries = [(known, "fault"), (unknown, f"nobody {part} {number}")]
                for durations, name in random.Random(number).sample(tries, 2):
                    durations.append(_wrong_sign_in(product, name))
            difference = statistics.median(known) / statistics.median(unknown) - 1
            p = mann_whitney(known, unknown)
            kept.runs += len(known) + len(unknown)
            kept.slowest = max(kept.slowest, *known, *unknown)
            said = f"medians {difference:+.1%}, p = {p:.2f}"
            kept.check(abs(difference) <= FIVE_PERCENT and p > UNLIKELY, said)
            kept.notes.append(said)


def _wrong_sign_in(product: Installation, name: str) -> float:
    with get_store().writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM lockout")
    began = time.perf_counter()
    answer = product.client.post("/auth/session", data={"name": name, "password": "a plumb line hangs false"})
    took = time.perf_counter() - began
    assert answer.status_code == 401, answer.status_code
    return took


def mann_whitney(first: list[float], second: list[float]) -> float:
    """How likely two samples as different as these are where there is no difference (normal approximation)."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks = sum(rank for rank, (_value, which) in enumerate(ranked, 1) if which == 0)
    n, m = len(first), len(second)
    z = (ranks - n * (n + m + 1) / 2) / sqrt(n * m * (n + m + 1) / 12)
    return erfc(abs(z) / sqrt(2))


# ------------------------------------------------------------------ 9 what is open


def access_ends_at_once(kept: Round) -> None:
    """The page's socket, `/live` and the API's stream of somebody whose rights change: all closed within a second."""
    with Served(kept.folder / "home") as served:
        lost.project("lost")
        admin = lost.register("lost admin")
        for _ in range(kept.times):
            for name, case in lost.CASES.items():
                kept.runs += 1
                kept.took(_until_closed(kept, served, admin, case), 1.0, name)


def _until_closed(kept: Round, served: Served, admin: lost.Person, case: lost.Case) -> float:
    who, opened = lost.somebody(admin), lost.threading.Event()
    with (
        served.socket("/_stcore/stream", who, subprotocols=["streamlit"]) as page,
        served.socket("/live", who) as live,
        ThreadPoolExecutor(1) as threads,
    ):
        live.send('{"since": null}')
        live.recv(timeout=lost.GUARD)
        streaming: Future[object] = threads.submit(lost.last_words, served, who, opened)
        opened.wait(lost.GUARD)
        case.change(admin, who, served)
        began = time.monotonic()
        codes = {lost.code_when_closed(socket) for socket in (live, page)}
        streaming.result(lost.GUARD)
        took = time.monotonic() - began
    kept.check(codes == {case.code}, f"closed with {codes}, not {case.code}")
    with served.client(who) as client:
        status = client.get("/api/v1/projects").status_code
    kept.check(status == (401 if case.out else 200), f"the old cookie was answered {status}")
    return took


# ------------------------------------------------------------------ 12 secrets that protect nothing


def weak_secrets_do_not_start(kept: Round) -> None:
    """`python -m jobs run` with an empty, short or placeholder secret ends with a reason, within five seconds."""
    for secret in WEAK[: kept.times]:
        file = kept.folder / "secret"
        file.write_text(secret)
        provider = {"PLUMBLINE_OIDC_ISSUER": "https://id.example", "PLUMBLINE_OIDC_CLIENT_ID": "plumbline"}
        for settings in (
            {"PLUMBLINE_METRICS_TOKEN_FILE": str(file)},
            {**provider, "PLUMBLINE_OIDC_CLIENT_SECRET_FILE": str(file)},
            {**provider, "PLUMBLINE_OIDC_CLIENT_SECRET": secret},
        ):
            kept.runs += 1
            _refused(kept, kept.folder / f"home{kept.runs}", settings)
    for settings in ({"PLUMBLINE_BIND": "0.0.0.0"}, {**provider, "PLUMBLINE_OIDC_ISSUER": "http://id.example"}):
        kept.runs += 1
        _refused(kept, kept.folder / f"home{kept.runs}", settings)


def _refused(kept: Round, home: Path, settings: dict[str, str]) -> None:
    own = {"PLUMBLINE_HOME": str(home), "PLUMBLINE_PORT": str(free_port()), "PLUMBLINE_RAY": "off"}
    environment = {**os.environ, "PLUMBLINE_DEMO": "false", **own, **settings}
    command = [sys.executable, "-m", "jobs", "run"]
    began = time.monotonic()
    try:
        ran = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False
        )
    except subprocess.TimeoutExpired:
        kept.check(False, f"it runs with {settings}")
        return
    kept.took(time.monotonic() - began, 5.0, f"refusing {settings}")
    said = ran.stdout + ran.stderr
    kept.check(
        ran.returncode == 2 and ("PLUMBLINE_" in said or "secret" in said),
        f"{settings}: ended with {ran.returncode}: {said}",
    )


FAULTS = (
    *(Fault(number, what, 1, 1, counted(arguments)) for number, (what, arguments) in TESTS.items()),
    Fault("6", "sign-in takes as long for names that do not exist", 20, 100, time_tells_nothing),
    Fault("9", "signed out, disabled, other role: what is open ends", 1, 20, access_ends_at_once),
    Fault("12", "start with secrets that protect nothing", 2, len(WEAK), weak_secrets_do_not_start),
)
