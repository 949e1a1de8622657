"""From a line that a trainer writes to the curve in the browser: `python -m benchmarks.live_curves`.

Part of `benchmarks.live` too. Lines are appended to a log in the inbox, then rows are sent through the API; a point has
arrived when the picture that holds it has been drawn. Writes benchmarks/results/live_curves.md.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from benchmarks.measure import load, write_table
from benchmarks.waits import row, wait_for_dataset
from plumbline_client import ask
from tests.browser import chromium, context, sign_in
from tests.product import Product

BEFORE = 500
"""Steps that the log holds before it is followed."""

LINES = 40
GAP = 400
"""Milliseconds between two lines."""

OBSERVE = """() => {
  const chart = document.querySelector('[data-chart="curves"]');
  const seen = window.__curve = [];
  new MutationObserver(() => {
    const x = chart.querySelector('.pl-plot').data?.[0]?.x;
    if (x?.length) seen.push([performance.timeOrigin + performance.now(), Number(x[x.length - 1])]);
  }).observe(chart, {attributes: true, attributeFilter: ['data-drawn']});
}"""


def measured(home: Path, page: Page, product: Product) -> list[list[str]]:
    """The rows of the table."""
    log = home / "inbox" / "bench" / "trainer.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(_line(step) for step in range(BEFORE)))
    dataset = wait_for_dataset(home, "trainer")

    def append(step: int) -> None:
        with log.open("a") as target:
            target.write(_line(step))

    inbox = _waits(page, f"{product.url}/curves?dataset={dataset}", append, BEFORE)
    send = _sender(home, product)
    for step in range(BEFORE):
        if step % 250 == 0:
            send(range(step, step + 250))
    dataset = wait_for_dataset(home, "program")
    api = _waits(page, f"{product.url}/curves?dataset={dataset}", lambda step: send(range(step, step + 1)), BEFORE)
    return [
        row("line of a trainer in the inbox → curve drawn", inbox, 500, complete=len(inbox) == LINES),
        row("row sent through the API → curve drawn", api, 150, complete=len(api) == LINES),
    ]


def _line(step: int) -> str:
    rng = np.random.default_rng(step)
    told = {
        "step": step,
        "reward": round(1 - float(np.exp(-step / 300)) + rng.normal() / 20, 4),
        "loss": 0.5,
        "kl": 0.01,
    }
    return json.dumps(told) + "\n"


def _waits(page: Page, address: str, give: Callable[[int], None], first: int) -> list[float]:
    """Milliseconds from giving each step until a picture that holds it was drawn."""
    page.goto(address)
    page.wait_for_selector('[data-chart="curves"][data-drawn]')
    page.wait_for_timeout(2_000)
    page.evaluate(OBSERVE)
    given = []
    for step in range(first, first + LINES):
        given.append((time.time() * 1_000, step))
        give(step)
        page.wait_for_timeout(GAP)
    page.wait_for_timeout(3_000)
    seen = page.evaluate("window.__curve")
    found = [next((at for at, last in seen if last >= step), float("inf")) - at_first for at_first, step in given]
    return [wait for wait in found if np.isfinite(wait)]


def _sender(home: Path, product: Product) -> Callable[[range], None]:
    """What sends the steps of a range as one request of the API."""
    os.environ["PLUMBLINE_HOME"] = str(home)
    from engine.actions import tokens
    from engine.types import Who

    secret = tokens.create(Who(1, "ada", "admin"), "benchmark", "write")
    path = f"{product.url}/api/v1/projects/bench/datasets/program/rows"

    def send(steps: range) -> None:
        body = "".join(map(_line, steps)).encode()
        key = f"curve-{steps.start}-{steps.stop}"
        answer = ask(path, secret, "POST", body, {"Content-Type": "application/x-ndjson", "Idempotency-Key": key}, 10.0)
        if answer.status >= 300:
            raise RuntimeError(f"the API said {answer.status}: {answer.told}")

    return send


def main() -> int:
    """Run it alone; 0 when each limit holds."""
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        home = Path(folder)
        with Product(home, environment={"PLUMBLINE_DEMO": "0"}) as product, chromium() as browser:
            page = context(browser).new_page()
            sign_in(page, product.link)
            rows = measured(home, page, product)
    head = ["measure", "n", "p50", "p95", "p99", "max", "limit on p95", "holds"]
    note = f"A line every {GAP} ms, on a log of {BEFORE} steps; one machine with two cores runs all of it. {load()}"
    path = write_table("live_curves", "From a line of a trainer to its curve (milliseconds)", head, rows, note)
    sys.stdout.write(path.read_text(encoding="utf-8"))
    return 0 if all(row[-1] == "yes" for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
