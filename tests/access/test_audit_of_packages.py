"""`make audit`: an audit that looked nothing up is not passed."""

from __future__ import annotations

from datetime import date
from subprocess import CompletedProcess
from typing import Any

import pytest

from benchmarks import audit
from benchmarks.audit import Exempt, verdict

TODAY = date(2026, 11, 23)
FINE: dict[str, Any] = {"name": "fine", "version": "1", "vulns": []}
SKIPPED = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}
HOLED = {"name": "holed", "version": "2", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1"]}]}


def test_what_was_looked_up_and_is_clean_passes() -> None:
    assert verdict([FINE], {}, TODAY) == (audit.CLEAN, ["1 of 1 packages looked up, 0 known holes"])


@pytest.mark.parametrize("packages", [[], [SKIPPED], [FINE, SKIPPED]])
def test_what_was_not_looked_up_does_not_pass(packages: list[dict[str, Any]]) -> None:
    code, lines = verdict(packages, {}, TODAY)
    assert code == audit.UNKNOWN
    assert lines[-1].startswith(f"{len(packages) - packages.count(SKIPPED)} of {len(packages)} packages looked up")


def test_a_hole_is_named_with_its_mend() -> None:
    code, lines = verdict([HOLED, SKIPPED], {}, TODAY)
    assert (code, lines[0]) == (audit.HOLES, "holed 2: PYSEC-1, mended in 2.1")


@pytest.mark.parametrize(("until", "code"), [(TODAY, audit.CLEAN), (date(2026, 11, 22), audit.HOLES)])
def test_an_exception_ends(until: date, code: int) -> None:
    assert verdict([HOLED], {"CVE-1": Exempt("not reachable", until)}, TODAY)[0] == code


@pytest.mark.parametrize("printed", ["", "no JSON", "[]", '{"dependencies": null}', '{"dependencies": []}'])
def test_an_audit_that_fails_does_not_pass(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], printed: str
) -> None:
    ended = CompletedProcess([], 0, printed, "no such host")
    monkeypatch.setattr(audit.subprocess, "run", lambda *_args, **_more: ended)
    assert audit.main() == audit.UNKNOWN
    assert "looked up" in capsys.readouterr().out
