"""Every page with data, empty and in error, in light, dark and on a phone: pictures, what axe finds, what has moved.

The data are made up with a seed, so that the pictures can be held against the small ones that are kept in the
repository. Run alone: `python -m tests.tour.gallery`, with `--keep` to keep what is there now, with names of pages
to look at these alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError

from pages.parts.shell import ANALYSES, FILES
from tests.browser import chromium, context, sign_in, watch_console
from tests.product import ROOT, Product
from tests.tour import kept
from tests.tour.filling import EMPTY, REFUSED

TARGET = ROOT / "build" / "tour" / "gallery"
WINDOWS = {"desk": ((1440, 1000), ("light", "dark")), "phone": ((390, 844), ("phone",))}
"""The windows by size, and the looks that each is seen in: a page is opened once a window, the theme follows live."""

PATIENCE = 60_000
TALLEST = 5000
WAITING = "[data-testid=stSkeleton], [data-waiting], [data-testid=stApp][data-test-script-state=running]"
NOBODY = 999_999
"""A dataset that does not exist."""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {
    "light": {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]},
}
"""What axe looks for: all of it once, and in dark what colours alone can break."""

FILLED = {
    "calibration": "pairs.csv",
    "whatif": "pairs.csv",
    "audit": "battles.csv",
    "judge": "verdicts.csv",
    "compare": "checkpoints.csv",
    "ranking": "battles.csv",
    "agreement": "battles.csv",
    "bestofn": "answers.csv",
    "drift": "rollouts.csv",
    "timeline": "rollouts.csv",
    "rollouts": "rollouts.csv",
    "monitor": "log.csv",
    "curves": "log.csv",
    "overoptimisation": "kl.csv",
    "hackwatch": "log.csv",
    "forecast": "log.csv",
    "tradeoff": "log.csv",
    "sweep": "sweep.csv",
    "surface": "sweep.csv",
    "columns": "pairs.csv",
}
"""The file whose answer a page shows."""

MOVING = frozenset({"monitoring", "runs"})
"""Pages whose pictures are of the moment: not held against kept ones."""


@dataclass
class Gallery:
    """A product with known data, its pictures, and what was found on them."""

    product: Product
    browser: Browser
    numbers: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    findings: list[tuple[str, str, str, Counter[str], Counter[str]]] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    cookies: list[Any] = field(default_factory=list)
    only: frozenset[str] = frozenset()
    """Names of the pages to look at; all where empty."""

    def shown(self) -> Iterator[tuple[str, str, str]]:
        """Name, state and address of everything that is looked at."""
        for name in FILES:
            address = "" if name == "home" else name
            dataset = self.numbers.get(FILLED.get(name, ""))
            yield name, "filled", f"{address}?project=main" + (f"&dataset={dataset}" if dataset else "")
            if name != "columns":
                yield name, "empty", f"{address}?project={EMPTY}"
            if name in ANALYSES or name in ("timeline", "columns"):
                yield name, "error", f"{address}?project=main&dataset={NOBODY}"
        yield "calibration-refused", "error", f"calibration?project=main&dataset={self.numbers[REFUSED]}"

    def take(self, window: str, keep: bool) -> None:
        """All pictures of one window."""
        size, looks = WINDOWS[window]
        profile = self._profile(*size)
        page = profile.new_page()
        watch_console(page, self.errors)
        for name, state, address in self.shown():
            if self.only and name not in self.only:
                continue
            page.set_viewport_size({"width": size[0], "height": size[1]})
            try:
                page.goto(f"{self.product.url}/{address}")
                self._look(page, name, state, looks, keep=keep)
            except PlaywrightError as error:
                self.errors.append(f"{name}, {state}: {error.message.splitlines()[0]}")
        profile.close()

    def _look(self, page: Page, name: str, state: str, looks: tuple[str, ...], *, keep: bool) -> None:
        """One page in the looks of a window."""
        _settled(page)
        for look in looks:
            _themed(page, "dark" if look == "dark" else "light")
            if look != "phone":
                self.findings.append((name, state, look, *_violations(page, look)))
            still = name not in MOVING and state != "error"
            self._picture(page, f"{name}-{state}-{look}", keep=keep, still=still)
        _themed(page, "light")

    def _profile(self, width: int, height: int) -> BrowserContext:
        profile = context(
            self.browser,
            color_scheme="light",
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
            timezone_id="UTC",
        )
        profile.add_cookies(self.cookies)
        return profile

    def _picture(self, page: Page, name: str, *, keep: bool, still: bool) -> None:
        path = TARGET / f"{name}.png"
        page.screenshot(path=path, timeout=90_000)
        if page.evaluate("() => document.documentElement.scrollWidth - innerWidth") > 0:
            self.moved.append(f"{name}: wider than its window")
        if still and keep:
            kept.keep(path)
        elif still and (change := kept.change(path)):
            self.moved.append(f"{name}: {change}")


def fill(product: Product) -> dict[str, int]:
    """Give the files, wait until they have been read; their numbers by name."""
    said = subprocess.run(
        [sys.executable, "-m", "tests.tour.filling"],
        cwd=ROOT,
        env={**os.environ, "PLUMBLINE_HOME": str(product.home)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return {name: int(number) for name, number in (line.split("\t") for line in said.stdout.splitlines())}


def _settled(page: Page) -> None:
    """Wait until all of the page is there, in a window as tall as the page: some of it is read when it is seen."""
    page.wait_for_selector("h1", timeout=PATIENCE)
    page.wait_for_selector(".pl-header", timeout=PATIENCE)
    height = 0
    for _ in range(8):
        page.wait_for_timeout(500)
        before, height = height, _grow(page)
        page.wait_for_function(f"() => !document.querySelector('{WAITING}')", timeout=PATIENCE)
        if height == before:
            return


def _grow(page: Page) -> int:
    """Make the window as tall as the page; how tall that is."""
    size = page.viewport_size
    assert size is not None
    height = page.evaluate("() => document.querySelector('[data-testid=stMain]')?.scrollHeight ?? innerHeight")
    grown = max(size["height"], min(int(height), TALLEST))
    page.set_viewport_size({"width": size["width"], "height": grown})
    return grown


_THEMED = """
(theme) => {
  const root = document.documentElement, title = document.querySelector("h1"), probe = document.createElement("i");
  probe.style.color = "var(--pl-ink)";
  title.parentElement.append(probe);
  const same = getComputedStyle(probe).color === getComputedStyle(title).color;
  probe.remove();
  return (root.dataset.theme ?? "light") === theme && same;
}
"""


def _themed(page: Page, theme: str) -> None:
    """The system's theme changes; the page follows without being loaded again."""
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.wait_for_function(_THEMED, arg=theme, timeout=PATIENCE)
    page.wait_for_timeout(300)


_OURS = """
(selectors) => selectors.map((chain) => {
  let root = document, found = null;
  for (const selector of [chain].flat()) {
    found = root.querySelector(selector);
    root = found?.shadowRoot ?? found?.contentDocument ?? root;
  }
  return Boolean(found?.closest("[class^='pl-'], [class*=' pl-']"));
})
"""


def _violations(page: Page, look: str) -> tuple[Counter[str], Counter[str]]:
    """Elements that break a rule of axe, by rule: in our own parts, and in Streamlit's."""
    found = Axe().run(page, options=OPTIONS[look]).response["violations"]
    ours, theirs = Counter[str](), Counter[str]()
    for violation in found:
        own = page.evaluate(_OURS, [node["target"] for node in violation["nodes"]])
        ours[violation["id"]] += sum(own)
        theirs[violation["id"]] += len(own) - sum(own)
    return +ours, +theirs


def table(findings: list[tuple[str, str, str, Counter[str], Counter[str]]]) -> str:
    """What axe found, page by page, as Markdown."""

    def said(rules: Counter[str]) -> str:
        return ", ".join(f"{rule} {number}" for rule, number in sorted(rules.items())) or "none"

    lines = ["| page | state | look | ours | Streamlit's |", "|---|---|---|---|---|"]
    lines += [
        f"| {name} | {state} | {look} | {said(ours)} | {said(theirs)} |" for name, state, look, ours, theirs in findings
    ]
    return "\n".join(lines) + "\n"


def show(keep: bool = False, only: frozenset[str] = frozenset()) -> tuple[str, bool]:
    """Take everything, or some pages; what is to be said of it, and whether all is well."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for old in TARGET.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory(prefix="plumbline-gallery-") as folder:
        product = Product(Path(folder) / "home", environment={"PLUMBLINE_DEMO": "false"})
        with product, chromium() as browser:
            gallery = Gallery(product, browser, only=only)
            _sign_in(gallery)
            gallery.numbers = fill(product)
            for window in WINDOWS:
                gallery.take(window, keep)
    (TARGET / "axe.md").write_text(table(gallery.findings), encoding="utf-8")
    own = sum((ours for *_, ours, _theirs in gallery.findings), Counter[str]())
    theirs = sum((others for *_, others in gallery.findings), Counter[str]())
    for line in (*gallery.moved, *gallery.errors):
        sys.stdout.write(f"gallery: {line}\n")
    said = (
        f"{len(list(TARGET.glob('*.png')))} pictures, {len(gallery.moved)} moved; axe on {len(gallery.findings)}: "
        f"ours {dict(own) or 'none'}, Streamlit's {dict(theirs) or 'none'}"
    )
    return said, not (own or gallery.moved or gallery.errors)


def _sign_in(gallery: Gallery) -> None:
    profile = context(gallery.browser)
    page = profile.new_page()
    sign_in(page, gallery.product.link)
    page.wait_for_selector("h1", timeout=PATIENCE)
    names = ("name", "value", "httpOnly", "sameSite", "secure")
    gallery.cookies = [
        {**{key: dict(cookie)[key] for key in names}, "url": gallery.product.url} for cookie in profile.cookies()
    ]
    profile.close()


if __name__ == "__main__":
    told, well = show("--keep" in sys.argv, frozenset(one for one in sys.argv[1:] if not one.startswith("-")))
    sys.stdout.write(told + "\n")
    sys.exit(0 if well else 1)
