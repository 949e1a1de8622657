"""`make audit`: are there known holes in the packages that are pinned, and was every one of them looked up?

Exits 0 where each package was looked up and none has a hole without an exception below, 1 where one has, 2 where some
could not be looked up: an audit of nothing is no audit.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from engine.settings import ROOT

CLEAN, HOLES, UNKNOWN = 0, 1, 2


@dataclass(frozen=True)
class Exempt:
    """A hole that does not concern us: why, and until when somebody believes so."""

    why: str
    until: date


EXEMPT: Mapping[str, Exempt] = {}
"""By the name of the advisory."""


def main() -> int:
    """Look all packages up and say what was found."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(ROOT / "requirements.txt"), "-f", "json"]
    ran = subprocess.run([*command, "--progress-spinner", "off"], capture_output=True, text=True, check=False)
    try:
        packages = list(json.loads(ran.stdout)["dependencies"])
    except (ValueError, KeyError, TypeError):
        print(f"Nothing was looked up: pip-audit ended with {ran.returncode}.\n{ran.stderr.strip()[-2000:]}")
        return UNKNOWN
    code, lines = verdict(packages, EXEMPT, datetime.now(UTC).date())
    print("\n".join(lines))
    return code


def verdict(packages: Sequence[Mapping[str, Any]], exempt: Mapping[str, Exempt], today: date) -> tuple[int, list[str]]:
    """The exit code and what to say of the packages that pip-audit reports on."""
    skipped = [f"{one['name']} was not looked up: {one['skip_reason']}" for one in packages if "skip_reason" in one]
    found = [(one, hole) for one in packages for hole in one.get("vulns", ())]
    open_ = [_line(one, hole) for one, hole in found if not _is_exempt(hole, exempt, today)]
    said = f"{len(packages) - len(skipped)} of {len(packages)} packages looked up, {len(open_)} known holes"
    if len(found) > len(open_):
        said += f", {len(found) - len(open_)} with an exception"
    unknown = skipped or not packages
    return HOLES if open_ else UNKNOWN if unknown else CLEAN, [*open_, *skipped, said]


def _is_exempt(hole: Mapping[str, Any], exempt: Mapping[str, Exempt], today: date) -> bool:
    names = (hole["id"], *hole.get("aliases", ()))
    return any(name in exempt and today <= exempt[name].until for name in names)


def _line(package: Mapping[str, Any], hole: Mapping[str, Any]) -> str:
    fixed = ", ".join(hole.get("fix_versions", ())) or "no version"
    return f"{package['name']} {package['version']}: {hole['id']}, mended in {fixed}"


if __name__ == "__main__":
    sys.exit(main())
