"""`python -m benchmarks.faults [--only 41,42] [--times N]`: do the faults, print the table, keep it.

A few repetitions of each by default; FULL=1 in the environment does as many as a release asks for. A row that is done
again takes the place of the one kept in results/faults.md, the others stay. Exits 1 on any failure.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
import time

from benchmarks.faults.case import Fault, Round, perform
from benchmarks.faults.table import keep

GROUPS = ("uploads", "arrivals", "contents", "limits", "kills", "queues", "disk", "visitors", "leaks", "access")
ELSEWHERE = "tests.ray.faults_ray"
SEED = 20261123


def main() -> int:
    """Do the faults asked for; 1 where one of them failed."""
    faults = catalogue()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--only", default="", help="numbers of faults, such as 41,42")
    parser.add_argument("--times", type=int, default=0, help="repetitions of each, instead of its own number")
    parser.add_argument("--seed", type=int, default=SEED, help="decides names, contents and moments")
    parser.add_argument("--list", action="store_true", help="name the faults and end")
    args = parser.parse_args()
    wanted = [word for word in args.only.split(",") if word] or list(faults)
    if args.list or set(wanted) - set(faults):
        print("\n".join(f"{fault.id:5}{fault.what}" for fault in faults.values()))
        return 0 if args.list else 2
    print(f"seed {args.seed}", flush=True)
    failed = 0
    for fault in (faults[word] for word in wanted):
        times = args.times or (fault.many if os.environ.get("FULL") else fault.few)
        failed += bool(_do(fault, times, args.seed, list(faults)).failures)
    print(f"{len(wanted)} faults, {failed} with failures")
    return 1 if failed else 0


def catalogue() -> dict[str, Fault]:
    """Every fault by its number, in the order of the groups."""
    modules = [importlib.import_module(f"benchmarks.faults.{name}") for name in GROUPS]
    if importlib.util.find_spec("tests.ray") and importlib.util.find_spec(ELSEWHERE):
        modules.append(importlib.import_module(ELSEWHERE))
    return {fault.id: fault for module in modules for fault in module.FAULTS}


def _do(fault: Fault, times: int, seed: int, order: list[str]) -> Round:
    began = time.monotonic()
    kept = perform(fault, times, seed)
    took = time.monotonic() - began
    print(f"{fault.id:5}{fault.what}: {kept.runs} runs, {len(kept.failures)} failures, {took:.0f} s", flush=True)
    for line in [*kept.notes, *dict.fromkeys(kept.failures)][:20]:
        print(f"     {line}", flush=True)
    keep(fault, kept, order)
    return kept


if __name__ == "__main__":
    sys.exit(main())
