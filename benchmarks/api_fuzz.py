"""Generated requests against the API of the running product: `python -m benchmarks.api_fuzz`.

schemathesis makes them from the OpenAPI document: values at their limits, random values that fit and that do not, and
chains of requests that use each other's answers. Writes benchmarks/results/api_fuzz.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.measure import write_table
from engine.actions import people, tokens
from tests.product import Product, free_port

WANTED = 2_000
SEED = 20261123
UNLIMITED = {"PLUMBLINE_DEMO": "0", "PLUMBLINE_API_REQUESTS_A_SECOND": "1000000"}
NOT_CHECKED = ("positive_data_acceptance", "missing_required_header")
"""What fits its schema may still name a dataset that is not there; and the API requires no header but the token's."""

ROWS = "".join(f'{{"prompt": "p{n}", "margin": {n % 7 - 3}, "label": {n % 2}}}\n' for n in range(400))


@dataclass
class Tally:
    """What was answered, by operation."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)

    def add(self, label: str, recorder: dict[str, Any]) -> None:
        """Count the cases of one scenario."""
        for name, interaction in recorder.get("interactions", {}).items():
            response = interaction.get("response") or {}
            self.cases[label] += 1
            self.statuses.setdefault(label, Counter())[int(response.get("status_code", 0))] += 1
            for check in recorder.get("checks", {}).get(name, []):
                self.checks[check["name"]] += 1
                self.failures[check["name"]] += check["status"] != "success"

    def over(self, status: int) -> int:
        """How many answers had this status or a greater one, or none at all."""
        every = sum(self.statuses.values(), Counter[int]())
        return sum(count for one, count in every.items() if one >= status or one == 0)


def main() -> int:
    """Fuzz, write the table; 0 where enough cases were run and nothing was found."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--examples", type=int, default=15, help="random cases an operation and phase")
    arguments.add_argument("--seed", type=int, default=SEED)
    arguments.add_argument("--seconds", type=int, default=300, help="when to stop chaining requests")
    arguments.add_argument("--port", type=int, default=0, help="of the product; any that is free by default")
    args = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        home = Path(folder) / "home"
        os.environ["PLUMBLINE_HOME"] = str(home)
        with Product(home, args.port or free_port(), UNLIMITED) as product:
            secret = _token_of(product)
            _fill(product.url, secret)
            found = Path(folder) / "cases.ndjson"
            began = time.monotonic()
            said = _fuzz(product.url, secret, found, args)
            seconds = time.monotonic() - began
            works = _ask(product.url, secret).status_code == 200
        tally = _tally(found)
    return _report(tally, args.seed, seconds, works, said)


def _token_of(product: Product) -> str:
    who = people.redeem_link(product.link.partition("token=")[2], "fuzz", "no password")
    return tokens.create(who, "fuzz", "admin", "", 1)


def _fill(url: str, secret: str) -> None:
    """A dataset that has been read, so that requests find something."""
    headers = {"authorization": f"Bearer {secret}"}
    path = f"{url}/api/v1/projects/main/datasets/live/rows"
    httpx2.post(path, content=ROWS, headers=headers, timeout=30).raise_for_status()
    deadline = time.monotonic() + 60
    while not httpx2.get(f"{url}/api/v1/datasets/1", headers=headers, timeout=30).json()["version"]:
        if time.monotonic() > deadline:
            raise TimeoutError("the first dataset was not read")
        time.sleep(0.1)


def _ask(url: str, secret: str) -> httpx2.Response:
    return httpx2.get(f"{url}/api/v1/projects", headers={"authorization": f"Bearer {secret}"}, timeout=30)


def _fuzz(url: str, secret: str, found: Path, args: argparse.Namespace) -> str:
    """Run schemathesis; what it printed."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/api/v1/openapi.json"]
    command += ["--header", f"Authorization: Bearer {secret}", "--seed", str(args.seed), "-n", str(args.examples)]
    command += ["--checks", "all", "--exclude-checks", ",".join(NOT_CHECKED), "--continue-on-failure", "--no-color"]
    command += ["--generation-database", "none", "--report", "ndjson", "--report-ndjson-path", str(found)]
    command += ["--max-time", str(args.seconds), "--request-timeout", "30"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=found.parent)
    return done.stdout + done.stderr


def _tally(found: Path) -> Tally:
    tally = Tally()
    for recorder in _recorders(found):
        for name, case in recorder.get("cases", {}).items():
            value = case["value"]
            one = {key: {name: recorder.get(key, {}).get(name)} for key in ("interactions", "checks")}
            if one["interactions"][name]:
                one["checks"][name] = one["checks"][name] or []
                tally.add(f"{value['method']} {value['path']}", one)
    return tally


def _recorders(found: Path) -> Iterator[dict[str, Any]]:
    with found.open() as lines:
        for line in lines:
            event = json.loads(line)
            if "ScenarioFinished" in event:
                yield event["ScenarioFinished"]["recorder"]


def _report(tally: Tally, seed: int, seconds: float, works: bool, said: str) -> int:
    total, server = sum(tally.cases.values()), tally.over(500)
    schema = sum(tally.failures[name] for name in tally.failures if name.endswith("_conformance"))
    failures = sum(tally.failures.values())
    head = ["operation", "cases", "statuses"]
    rows = [[label, f"{count:,}", _words(tally.statuses[label])] for label, count in sorted(tally.cases.items())]
    checks = ", ".join(sorted(tally.checks))
    note = (
        f"{total:,} cases in {seconds:.0f} s; answers 5xx or none: {server}; answers not as described: {schema}; "
        f"failed checks: {failures}. The token {'worked' if works else 'did not work'} to the end. "
        f"schemathesis {version('schemathesis')}; checks: {checks}."
    )
    path = write_table("api_fuzz", f"Generated requests against the API, seed {seed}", head, rows, note)
    print(note, f"Written to {path.relative_to(path.parent.parent.parent)}.", sep="\n")
    fine = total >= WANTED and works and not server and not failures
    if not fine:
        print(said[-8000:])
    return 0 if fine else 1


def _words(statuses: Counter[int]) -> str:
    return ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items()))


if __name__ == "__main__":
    sys.exit(main())
