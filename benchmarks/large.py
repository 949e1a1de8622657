"""Pages with many rows behind them: the filter's wait in the browser, the CPU of a rerun over the wire."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from playwright.sync_api import Page

from benchmarks.protocol import Visitor
from benchmarks.waits import SETTLED, mean_row, row, wait_for_dataset
from tests.product import Product

PAIRS = int(os.environ.get("PLUMBLINE_BENCH_ROWS", "10000000"))
BATTLES = 2_000_000
MODELS = 20
CHOICES = 4
"""Values of the slice column that the filter is set to, in turn."""


@dataclass(frozen=True, slots=True)
class Large:
    """A page, the picture that has to be drawn again, and what makes its rows."""

    page: str
    chart: str
    rows: int
    make: Callable[[int, np.random.Generator], pa.Table]

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{self.page}, {self.rows:,} rows"


def pairs(rows: int, rng: np.random.Generator) -> pa.Table:
    """Scored pairs of an over-confident reward model."""
    margin = rng.normal(0.6, 1.8, rows)
    label = (rng.random(rows) < 1 / (1 + np.exp(-margin / 1.5))).astype(np.float32)
    prompts = rng.integers(0, rows // 4, rows)
    return pa.table({"prompt_id": prompts, "margin": margin, "label": label, "domain": _domains(rows, rng)})


def battles(rows: int, rng: np.random.Generator) -> pa.Table:
    """Battles of models, a tenth of them ties."""
    strength = rng.normal(0, 0.6, MODELS)
    first = rng.integers(0, MODELS, rows)
    second = (first + rng.integers(1, MODELS, rows)) % MODELS
    won = rng.random(rows) < 1 / (1 + np.exp(strength[second] - strength[first]))
    outcome = np.where(rng.random(rows) < 0.1, 2, np.where(won, 0, 1)).astype(np.int8)
    names = [f"model-{number:02}" for number in range(MODELS)]
    columns = {
        "question_id": rng.integers(0, rows // 4, rows),
        "model_a": pa.DictionaryArray.from_arrays(first.astype(np.int8), names),
        "model_b": pa.DictionaryArray.from_arrays(second.astype(np.int8), names),
        "winner": pa.DictionaryArray.from_arrays(outcome, ["model_a", "model_b", "tie"]),
    }
    return pa.table({**columns, "domain": _domains(rows, rng)})


def _domains(rows: int, rng: np.random.Generator) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        rng.integers(0, CHOICES, rows).astype(np.int8), ["math", "code", "chat", "safety"]
    )


LARGE = (Large("calibration", "reliability", PAIRS, pairs), Large("ranking", "forest", BATTLES, battles))


def measured(home: Path, page: Page, product: Product) -> list[list[str]]:
    """The rows of the table, three a page."""
    return [line for large in LARGE for line in _measured(large, home, page, product)]


def _measured(large: Large, home: Path, page: Page, product: Product) -> list[list[str]]:
    _drop(large, home / "inbox" / "bench" / f"large-{large.page}.parquet")
    dataset = wait_for_dataset(home, f"large-{large.page}", 600)
    page.goto(f"{product.url}/{large.page}?dataset={dataset}")
    page.wait_for_selector(f'[data-chart="{large.chart}"][data-version]')
    filters = _filter_waits(page, large.chart)
    cookie = "; ".join(f"{c['name']}={c['value']}" for c in page.context.cookies())
    reruns = _reruns(Visitor(product.url, cookie, large.page, f"dataset={dataset}"), _web_process(product))
    with ThreadPoolExecutor(1) as other:  # this thread's loop is Playwright's
        cpu, wall = other.submit(asyncio.run, reruns).result()
    return [
        row(f"{large.name}: filter chosen → new picture", filters, 200),
        mean_row(f"{large.name}: a rerun's CPU (limit on the mean)", cpu, 9),
        row(f"{large.name}: a rerun, wall", wall, 200),
    ]


def _drop(large: Large, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.with_name("." + path.name)
    pq.write_table(large.make(large.rows, np.random.default_rng(3)), hidden)
    hidden.rename(path)


def _filter_waits(page: Page, chart: str, count: int = 24) -> list[float]:
    """From the click on a slice in the list to the moment at which the chart says it was drawn."""
    page.evaluate("() => addEventListener('click', () => { window.__clicked = performance.now(); }, true)")
    drawn = f"() => Number(document.querySelector('[data-chart=\"{chart}\"]').dataset.drawn)"
    waits = []
    for number in range(count):
        before = page.evaluate(drawn)
        page.get_by_role("combobox", name="Rows", exact=True).click()
        page.get_by_role("option").nth(1 + number % CHOICES).click()
        page.wait_for_function(f"before => ({drawn})() > before", arg=before)
        page.wait_for_timeout(SETTLED)
        waits.append(page.evaluate(drawn) - page.evaluate("window.__clicked"))
    return waits


def _web_process(product: Product) -> psutil.Process:
    assert product.process is not None
    children = psutil.Process(product.process.pid).children(recursive=True)
    return next(child for child in children if "server.py" in " ".join(child.cmdline()))


async def _reruns(
    visitor: Visitor, web: psutil.Process, batches: int = 20, size: int = 10
) -> tuple[list[float], list[float]]:
    cpu, wall = [], []
    async with visitor:
        for _ in range(10):
            await visitor.rerun()
        for _ in range(batches):
            before = sum(web.cpu_times()[:2])
            wall += [await visitor.rerun() * 1000 for _ in range(size)]
            cpu.append((sum(web.cpu_times()[:2]) - before) * 1000 / size)
    if visitor.exceptions:
        raise RuntimeError(f"the page showed an exception: {visitor.exceptions[0]}")
    return cpu, wall
