"""Says at the end on which databases the tests ran."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.store.fixtures import BINARIES

_STORE = re.compile(r"\[[^\]]*\b(sqlite|postgres)\b")


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
