"""Which tests start processes, and on which databases the tests ran."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.store.fixtures import BINARIES

STARTING = {"api", "deploy", "faults", "monitoring", "processes", "ray", "tour", "web"}
"""Folders whose tests start servers, runners and the like; those in a browser do wherever they are."""

_HERE = Path(__file__).parent
_STORE = re.compile(r"\[[^\]]*\b(sqlite|postgres)\b")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts processes, before tests are chosen by their marks."""
    for item in items:
        if item.path.relative_to(_HERE).parts[0] in STARTING or item.get_closest_marker("browser"):
            item.add_marker("starts_processes")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ran = Counter(
        found.group(1) for report in terminalreporter.stats.get("passed", []) if (found := _STORE.search(report.nodeid))
    )
    if not ran:
        return
    release = BINARIES[-1].parent.name if BINARIES else ""
    postgres = f"PostgreSQL {release} ({ran['postgres']} passed)" if BINARIES else "PostgreSQL skipped"
    why = "" if BINARIES else ": no server in /usr/lib/postgresql (as root on Debian, `make test` installs it)"
    terminalreporter.write_line(f"stores: SQLite ({ran['sqlite']} passed), {postgres}{why}")
