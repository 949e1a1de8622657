"""`python -m benchmarks.faults.breaks [--only 41,42]`: does each fault notice a product that is broken on purpose?

A copy of the tree is broken in one place, then the fault is done to it: it has to fail. Writes results/faults_breaks.md
and exits 1 where a break went unnoticed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.faults.broken import BREAKS as PROCESS_BREAKS
from benchmarks.faults.broken import Break
from benchmarks.faults.broken_access import ACCESS_BREAKS
from benchmarks.faults.table import rows_of
from benchmarks.measure import RESULTS, write_table
from engine.settings import ROOT

BREAKS = (*PROCESS_BREAKS, *ACCESS_BREAKS)
HEAD = ("test", "broken on purpose", "noticed", "seconds", "the first thing that was said")
NOTE = """Each row is a copy of the product with a line or two changed (`benchmarks/faults/broken*.py`). The fault of
that number was done to it and has to fail: only so a table of faults without failures means something."""


def main() -> int:
    """Try every break; 1 where one went unnoticed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults.breaks", description=__doc__)
    parser.add_argument("--only", default="", help="numbers of faults, such as 41,42")
    wanted = [word for word in parser.parse_args().only.split(",") if word]
    rows = [_tried(one) for one in BREAKS if not wanted or one.fault in wanted]
    return 1 if any(row[2] != "yes" for row in rows) else 0


def _tried(broken: Break) -> list[str]:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="break-") as folder:
        tree = Path(folder) / "tree"
        _copy(tree)
        path = tree / broken.path
        text = path.read_text(encoding="utf-8")
        if text.count(broken.old) != 1:
            raise ValueError(f"{broken.path} does not hold this once: {broken.old}")
        path.write_text(text.replace(broken.old, broken.new), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.faults", "--only", broken.fault, "--times", str(broken.times)]
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    said = [line.strip() for line in done.stdout.splitlines() if line.startswith("     ")]
    noticed = "yes" if done.returncode == 1 else "no"
    row = [broken.fault, broken.what, noticed, f"{time.monotonic() - began:.0f}", (said or ["–"])[-1][:200]]
    print(" | ".join(row), flush=True)
    _keep(row)
    return row


def _keep(row: list[str]) -> None:
    """Put a row in its place in the table, beside those that were tried before."""
    rows = {(cells[0], cells[1]): cells for cells in rows_of(RESULTS / "faults_breaks.md", len(HEAD))}
    rows[(row[0], row[1])] = [" ".join(cell.replace("|", "/").split()) for cell in row]
    order = [(one.fault, one.what) for one in BREAKS]
    write_table("faults_breaks", "Broken on purpose", HEAD, [rows[key] for key in order if key in rows], NOTE)


def _copy(tree: Path) -> None:
    """The files under version control, as they are now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tree / name)


if __name__ == "__main__":
    sys.exit(main())
