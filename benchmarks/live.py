"""What a person waits for, measured in Chromium and over the wire: `python -m benchmarks.live`.

The product runs on a home of its own. Times in the browser come from a MutationObserver and the page's own clock, times
of writing from this process; both clocks are the machine's. Writes benchmarks/results/live.md.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

from benchmarks import large, live_curves
from benchmarks.measure import write_table
from benchmarks.waits import SETTLED, row, wait_for_dataset
from tests.browser import chromium, context, sign_in
from tests.product import Product

EVENT_GAP = 125
"""Milliseconds between events: eight a second, twice what the simulator writes."""
OBSERVE = """name => {
  const seen = window.__seen = [];
  const read = () => { const e = document.querySelector(`[data-live="${name}"]`); return e ? e.textContent : ''; };
  let last = read();
  new MutationObserver(() => {
    const text = read();
    if (text !== last) { last = text; seen.push([performance.timeOrigin + performance.now(), text]); }
  }).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


def main() -> int:
    """Run every measurement, write the table, return 0 when each limit holds."""
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        home = Path(folder)
        with Product(home, environment={"PLUMBLINE_DEMO": "0"}) as product, chromium() as browser:
            tabs = _open_tabs(browser, product)
            dataset = _small_dataset(home)
            for tab in tabs:
                tab.goto(f"{product.url}/calibration?dataset={dataset}")
                tab.wait_for_selector('[data-chart="reliability"][data-version]')
            rows += _inbox_to_dom(home, tabs[0])
            rows += _event_to_dom(home, tabs, dataset)
            tabs[0].bring_to_front()  # a tab behind another draws a frame a second
            rows += _palette(tabs[0])
            rows += _walk(tabs[0])
            rows += _theme(tabs[0], f"{product.url}/calibration?dataset={dataset}")
            rows += live_curves.measured(home, tabs[0], product)
            rows += large.measured(home, tabs[0], product)
    head = ["measure", "n", "p50", "p95", "p99", "max", "limit on p95", "holds"]
    path = write_table("live", "What a person waits for (milliseconds)", head, rows, _NOTE)
    sys.stdout.write(path.read_text(encoding="utf-8"))
    return 0 if all(row[-1] == "yes" for row in rows) else 1


_NOTE = """One machine with two cores runs the product, the browser and the writer. A rerun's CPU is the web process's
own time, averaged over ten reruns at a time."""


def _open_tabs(browser: Browser, product: Product) -> list[Page]:
    profile = context(browser)
    first = profile.new_page()
    sign_in(first, product.link)
    return [first, profile.new_page()]


def _pairs(start: int, count: int, seed: int = 7) -> str:
    rng = np.random.default_rng([seed, start])
    margin = rng.normal(0.8, 1.5, count)
    lines = [
        {
            "prompt_id": f"p{(start + i) // 2}",
            "score_chosen": round(float(m), 4),
            "score_rejected": 0.0,
            "subset": ["math", "chat"][i % 2],
        }
        for i, m in enumerate(margin)
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


def _small_dataset(home: Path) -> int:
    folder = home / "inbox" / "bench"
    folder.mkdir(parents=True)
    (folder / "scores.jsonl").write_text(_pairs(0, 600))
    return wait_for_dataset(home, "scores")


def _inbox_to_dom(home: Path, page: Page, appends: int = 60) -> list[list[str]]:
    """A row appended to a followed file until its count stands on the page."""
    page.evaluate(OBSERVE, "rows")
    written: list[tuple[float, int]] = []
    total = 600
    with (home / "inbox" / "bench" / "scores.jsonl").open("a") as target:
        for number in range(appends):
            target.write(_pairs(10_000 + number, 1))
            target.flush()
            total += 1
            written.append((time.time() * 1000, total))
            page.wait_for_timeout(260)
    page.wait_for_timeout(1500)
    seen = page.evaluate("window.__seen")
    waits = [_first_at_least(seen, count) - at for at, count in written]
    shown = [wait for wait in waits if np.isfinite(wait)]
    return [row("row written in inbox → count in the DOM", shown, 500, complete=len(shown) == appends)]


def _first_at_least(seen: list[list[Any]], count: int) -> float:
    for at, text in seen:
        digits = "".join(character for character in text if character.isdigit())
        if digits and int(digits) >= count:
            return float(at)
    return float("inf")


def _event_to_dom(home: Path, tabs: list[Page], dataset: int, count: int = 240) -> list[list[str]]:
    """Events committed by another process until their number stands in both tabs; sockets are cut on the way."""
    for tab in tabs:
        tab.evaluate(OBSERVE, "estimate:calibration_error")
        tab.evaluate(
            """topic => { window.__ids = []; window.__plumb.on(topic, (kind, body, id) => window.__ids.push(id)); }""",
            f"dataset/{dataset}",
        )
    sent, ids = _publish(home, tabs, dataset, count)
    tabs[0].wait_for_timeout(1500)
    rows = []
    for number, tab in enumerate(tabs, start=1):
        seen = {text: at for at, text in reversed(tab.evaluate("window.__seen"))}
        waits = [seen[text] - at for at, text, cut in sent if text in seen and not cut]
        after_cut = [seen[text] - at for at, text, cut in sent if text in seen and cut]
        got = tab.evaluate("window.__ids")
        complete = [i for i in got if i in set(ids)] == ids
        rows.append(row(f"event committed → DOM, tab {number}", waits, 30, complete=complete))
        name = f"the same while its socket is cut, tab {number} (all seen once: {complete})"
        rows.append(row(name, after_cut, 2000))
    return rows


def _publish(home: Path, tabs: list[Page], dataset: int, count: int) -> tuple[list[tuple[float, str, bool]], list[int]]:
    os.environ["PLUMBLINE_HOME"] = str(home)
    from engine.store.transaction import transaction

    sent, ids = [], []
    for number in range(count):
        cut = number % 40 >= 36
        if number % 40 == 36:
            for tab in tabs:
                tab.evaluate("() => window.__plumb.socket?.close()")
        with transaction() as current:
            current.publish("bench", f"dataset/{dataset}", "version", _body(dataset, number))
        sent.append((time.time() * 1000, f"{_value(number):.3f}", cut))
        ids.append(current.event_ids[0])
        tabs[0].wait_for_timeout(EVENT_GAP)
    return sent, ids


def _value(number: int) -> float:
    return round(0.2 + number / 1000, 3)


def _body(dataset: int, number: int) -> dict[str, Any]:
    estimate = {"value": _value(number), "low": 0.1, "high": 0.9, "null_95": None}
    answer = {"analysis": "calibration", "verdict": "undecided", "rows": 1000 + number}
    answer["sentence"] = f"Measuring: event {number}"
    answer["estimates"] = {"calibration_error": estimate}
    return {"dataset": dataset, "version": 10_000 + number, "rows": 1000 + number, "answer": answer}


def _palette(page: Page, count: int = 40) -> list[list[str]]:
    opened, entered = [], []
    page.wait_for_timeout(SETTLED)
    for number in range(count):
        opened.append(page.evaluate(_PRESS_AND_SEE))
        target = ("Datasets", "Calibration")[number % 2]
        page.keyboard.type(target)
        began = time.perf_counter()
        page.keyboard.press("Enter")
        page.wait_for_function("title => document.querySelector('h1')?.textContent.includes(title)", arg=target)
        entered.append((time.perf_counter() - began) * 1000)
        page.wait_for_timeout(SETTLED)
    return [row("palette key → visible", opened, 20), row("palette Enter → first content of the page", entered, 250)]


_PRESS_AND_SEE = """() => new Promise(done => {
  const began = performance.now();
  const look = () => {
    const box = document.querySelector('[data-palette]');
    if (box && box.getClientRects().length) done(performance.now() - began); else requestAnimationFrame(look);
  };
  document.dispatchEvent(new KeyboardEvent('keydown', {key: 'k', code: 'KeyK', ctrlKey: true, bubbles: true}));
  look();
})"""


def _walk(page: Page, count: int = 40) -> list[list[str]]:
    """A page chosen in the navigation until its heading stands, and how long the page was bare on the way."""
    arrived, bare = [], []
    for number in range(count):
        page.wait_for_timeout(SETTLED)
        found = page.evaluate(_CLICK_AND_SEE, ("Calibration", "Journal", "Home", "Drift")[number % 4])
        arrived.append(found[0])
        bare.append(found[1])
    return [
        row("page chosen in the navigation → its heading", arrived, 300),
        row("of that, without any heading", bare, 50),
    ]


_CLICK_AND_SEE = """title => new Promise(done => {
  const links = [...document.querySelectorAll('[data-testid="stSidebarNavLink"]')];
  const began = performance.now();
  let bare = 0, last = began;
  const look = () => {
    const heading = document.querySelector('[data-testid="stMain"] h1'), now = performance.now();
    if (!heading) bare += now - last;
    last = now;
    if (heading?.textContent.trim() === title) done([now - began, bare]); else requestAnimationFrame(look);
  };
  links.find(link => link.textContent.trim().endsWith(title)).click();
  look();
})"""


def _theme(page: Page, address: str, count: int = 40) -> list[list[str]]:
    """A theme chosen in the head of the page until its words have it, and until its pictures were drawn in it."""
    page.goto(address)
    page.wait_for_selector("[data-chart][data-drawn]")
    words, pictures = [], []
    for number in range(count):
        page.wait_for_timeout(SETTLED)
        found = page.evaluate(_CHOOSE_AND_SEE, ("dark", "light")[number % 2])
        words.append(found[0])
        pictures.append(found[1])
    return [row("theme chosen → words in it", words, 300), row("theme chosen → pictures in it", pictures, 300)]


_CHOOSE_AND_SEE = """theme => new Promise(done => {
  const title = document.querySelector('h1'), chart = document.querySelector('[data-chart][data-drawn]');
  const before = getComputedStyle(title).color, began = performance.now();
  let words = 0;
  const look = () => {
    words ||= getComputedStyle(title).color !== before ? performance.now() - began : 0;
    if (words && Number(chart.dataset.drawn) > began) done([words, performance.now() - began]);
    else requestAnimationFrame(look);
  };
  document.querySelector(`[data-theme-choice="${theme}"]`).click();
  look();
})"""


if __name__ == "__main__":
    sys.exit(main())
