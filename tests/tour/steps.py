"""The steps of the tour, each a function that returns what it saw."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page

from pages.parts.four import DECISIONS
from tests.browser import context, sign_in, watch_console
from tests.product import Product

SIZES = {"light": ("light", 1440, 1000), "dark": ("dark", 1440, 1000), "phone": ("light", 390, 844)}
SENTENCE = '[data-live="sentence"]'
DRAWN = '[data-chart="reliability"][data-version]'
TRUST = '[data-card="trust"]'
PATIENCE = 180_000


@dataclass
class Tour:
    """One newcomer: the product, a browser window in light, dark and on a phone, and the pictures taken."""

    product: Product
    browser: Browser
    target: Path
    data: Path
    errors: list[str] = field(default_factory=list)
    pages: dict[str, Page] = field(default_factory=dict)
    taken: int = 0

    @property
    def page(self) -> Page:
        """The window the newcomer works in."""
        return self.pages["light"]

    def open(self) -> None:
        """Open the three windows; the first one signs in, the others share its cookie."""
        for name, (scheme, width, height) in SIZES.items():
            profile = context(self.browser, color_scheme=scheme, viewport={"width": width, "height": height})
            self.pages[name] = profile.new_page()
            self.pages[name].set_default_timeout(PATIENCE)
            watch_console(self.pages[name], self.errors)

    def share_cookie(self) -> None:
        """Let the other windows be signed in as the first one is."""
        cookies = self.page.context.cookies()
        for name, page in self.pages.items():
            if name != "light":
                page.context.add_cookies([{**cookie, "url": self.product.url} for cookie in map(_bare, cookies)])  # type: ignore[list-item]

    def picture(self, name: str, *, whole: bool = True) -> None:
        """Take the page that the newcomer sees, in all three windows."""
        self.taken += 1
        address = self.page.url
        for look, page in self.pages.items():
            if page is not self.page:
                page.goto(address)
                settled(page)
            _take(page, self.target / f"{self.taken:02d}-{name}-{look}.png", whole=whole)
            if page is not self.page:
                page.goto("about:blank")  # one window is open at a time, as a newcomer has it

    def look(self, name: str, page: Page | None = None) -> None:
        """Take one window as it is: what is open in it would be gone in another."""
        self.taken += 1
        (page or self.page).screenshot(path=self.target / f"{self.taken:02d}-{name}.png", timeout=90_000)

    def sentence(self) -> str:
        """The answer that stands on the page now."""
        return self.page.locator(SENTENCE).first.inner_text()


def _bare(cookie: object) -> dict[str, object]:
    assert isinstance(cookie, dict)
    return {key: cookie[key] for key in ("name", "value", "httpOnly", "sameSite", "secure")}


def settled(page: Page) -> None:
    page.wait_for_selector("h1")
    page.wait_for_timeout(2500)


def _take(page: Page, path: Path, *, whole: bool) -> None:
    """Streamlit scrolls inside the window: make the window as tall as the page while the picture is taken."""
    size = page.viewport_size
    assert size is not None
    if whole:
        height = page.evaluate("() => document.querySelector('[data-testid=stMain]')?.scrollHeight ?? innerHeight")
        page.set_viewport_size({"width": size["width"], "height": max(size["height"], min(int(height), 5000))})
        page.wait_for_timeout(700)
    page.screenshot(path=path, timeout=90_000)
    page.set_viewport_size(size)
    overflow = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    if overflow > 0:
        raise AssertionError(f"{path.name}: the page is {overflow} px wider than its window")


# ------------------------------------------------------------------ the steps


def sign_in_by_link(tour: Tour) -> str:
    """The printed link leads to a page with the product on it."""
    tour.open()
    for page in tour.pages.values():
        page.goto(tour.product.link)
    tour.picture("signin", whole=False)
    began = time.monotonic()
    sign_in(tour.page, tour.product.link)
    tour.page.wait_for_selector("h1")
    tour.share_cookie()
    return f"first page {time.monotonic() - began:.1f} s after the form was sent"


def simulator_plays(tour: Tour) -> str:
    """Soon the answer on Trust and the picture have moved, and the model turned out over-confident."""
    tour.page.wait_for_selector(f"{TRUST} {SENTENCE}", timeout=PATIENCE)
    picture = tour.page.locator('[data-card="picture"] [data-chart][data-version]').first
    picture.wait_for(timeout=PATIENCE)
    assert tour.page.locator(".pl-four").count() == len(DECISIONS)
    first, version = tour.sentence(), picture.get_attribute("data-version")
    assert "Simulated" in tour.page.locator("[data-testid=stMain]").inner_text()
    tour.page.wait_for_function(
        "([selector, first]) => { const said = document.querySelector(selector)?.textContent;"
        " return said?.startsWith('Over-confident') && said !== first; }",
        arg=[f"{TRUST} {SENTENCE}", first],
        timeout=PATIENCE,
    )
    tour.page.wait_for_function(
        "version => Number(document.querySelector('[data-card=picture] [data-chart]')?.dataset.version) > version",
        arg=int(version or 0),
        timeout=PATIENCE,
    )
    said = tour.sentence()
    tour.picture("home-simulated")
    return f"{first!r} became {said!r}"


def opens_the_answer(tour: Tour) -> str:
    """From Home to the whole answer; its pictures are those of the README."""
    tour.page.locator(f"{TRUST} .pl-answer-title button").click()
    tour.page.wait_for_url("**/calibration?*")
    tour.page.wait_for_selector(DRAWN, timeout=PATIENCE)
    tour.picture("calibration-simulated")
    for look in ("light", "dark"):
        page = tour.pages[look]
        page.goto(tour.page.url)
        settled(page)
        page.screenshot(path=tour.target / f"91-readme-answer-{look}.png", timeout=90_000)
        page.locator('[data-card="worst"]').screenshot(path=tour.target / f"92-readme-pairs-{look}.png", timeout=90_000)
    tour.pages["dark"].goto("about:blank")
    return tour.sentence()


def _drop(tour: Tour, path: Path) -> float:
    """Give a file to the page and wait for its answer; the seconds between."""
    tour.page.goto(tour.product.url)
    tour.page.wait_for_selector("[data-dropzone]")
    began = time.monotonic()
    tour.page.locator("[data-upload]").set_input_files(path)
    tour.page.wait_for_url("**/calibration?*", timeout=60_000)
    tour.page.wait_for_selector(SENTENCE)
    return time.monotonic() - began


def drops_judgebench(tour: Tour) -> str:
    """A JudgeBench file: 350 pairs, the swapped duplicates not counted, accuracy .624."""
    path = next((tour.data / "judgebench" / "outputs").glob("*Skywork*.jsonl"), None)
    if path is None:
        return "skipped: no real data here (PLUMBLINE_REAL_DATA)"
    seconds = _drop(tour, path)
    tour.page.wait_for_selector(DRAWN)
    assert tour.page.locator('[data-live="rows"]').first.inner_text() == "350"
    assert tour.page.locator('[data-live="estimate:accuracy"]').first.inner_text().startswith("62.4")
    tour.picture("judgebench")
    return f"{seconds:.1f} s: {tour.sentence()!r}"


def drops_helpsteer(tour: Tour) -> str:
    """A JSON array of 100 chosen and rejected conversations with margins."""
    path = next((tour.data / "helpsteer2_gold_rm").rglob("*.json"), None)
    if path is None:
        return "skipped: no real data here (PLUMBLINE_REAL_DATA)"
    seconds = _drop(tour, path)
    assert tour.page.locator('[data-live="rows"]').first.inner_text() == "100"
    tour.picture("helpsteer2")
    return f"{seconds:.1f} s: {tour.sentence()!r}"


def _csv(path: Path, count: int = 900, factor: float = 2.0) -> None:
    rng = np.random.default_rng(5)
    truth = rng.normal(0.4, 1.2, count)
    label = rng.random(count) < 1 / (1 + np.exp(-truth))
    lines = ["prompt_id,score_a,score_b,label,domain"]
    for i in range(count):
        winner = "a" if label[i] else "b"
        lines.append(f"p{i // 2},{factor * truth[i]:.4f},0.0,{winner},{['math', 'chat', 'code'][i % 3]}")
    lines.insert(40, "p999,not a number,0.0,a,math")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def drops_own_csv(tour: Tour) -> str:
    """A CSV of one's own with one broken row: the row is named, the rest is answered."""
    path = tour.target / "own scores.csv"
    _csv(path)
    seconds = _drop(tour, path)
    path.unlink()
    tour.page.wait_for_selector(DRAWN)
    text = tour.page.locator("[data-testid=stMain]").inner_text()
    assert tour.sentence().startswith("Over-confident"), tour.sentence()
    assert "refused" in text
    tour.picture("own-csv")
    return f"{seconds:.1f} s: {tour.sentence()!r}"


def refuses_kindly(tour: Tour) -> str:
    """A file that holds nothing to calibrate is refused in words."""
    path = tour.target / "notes.txt"
    path.write_text("these are\nonly notes\n", encoding="utf-8")
    tour.page.goto(tour.product.url)
    tour.page.wait_for_selector("[data-dropzone]")
    tour.page.locator("[data-upload]").set_input_files(path)
    tour.page.wait_for_url("**/calibration?*", timeout=60_000)
    path.unlink()
    tour.page.wait_for_timeout(2500)
    tour.picture("refused")
    return tour.page.locator(".st-key-card-refused").inner_text().replace("\n", " ")[:160]


def appends_to_inbox(tour: Tour) -> str:
    """Rows appended to a followed file move two open browsers without a reload."""
    folder = tour.product.home / "inbox" / "nightly"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scores.jsonl"
    _append(path, 0, 400)
    tour.page.goto(f"{tour.product.url}/datasets?project=nightly")
    tour.page.get_by_text("scores.jsonl").first.wait_for(timeout=60_000)
    tour.page.get_by_text("scores.jsonl").first.click()
    tour.page.wait_for_url("**/calibration?*")
    other = tour.pages["dark"]
    other.goto(tour.page.url)
    for page in (tour.page, other):
        page.wait_for_selector(DRAWN)
        page.evaluate("() => { window.__same = true; }")
    before = [(page.locator(SENTENCE).inner_text(), _version(page)) for page in (tour.page, other)]
    _append(path, 400, 300)
    for page, (sentence, version) in zip((tour.page, other), before, strict=True):
        page.wait_for_function("() => document.querySelector('[data-live=\"rows\"]').textContent === '700'")
        page.wait_for_function(
            "v => document.querySelector('[data-chart=\"reliability\"]').dataset.version > v", arg=version
        )
        assert page.locator(SENTENCE).inner_text() != sentence
        assert page.evaluate("window.__same === true"), "the page was loaded again"
    tour.picture("inbox-live")
    return "sentence, numbers and chart moved in two browsers, no reload"


def _version(page: Page) -> str | None:
    return page.locator(DRAWN).first.get_attribute("data-version")


def _append(path: Path, start: int, count: int) -> None:
    rng = np.random.default_rng([11, start])
    truth = rng.normal(0.7, 1.0, count)
    right = rng.random(count) < 1 / (1 + np.exp(-truth))
    lines = []
    for i in range(count):
        margin = float(1.8 * truth[i] if right[i] else -1.8 * truth[i])
        line = {
            "prompt_id": f"n{(start + i) // 2}",
            "prompt": f"Question {(start + i) // 2}?",
            "chosen": "Yes.",
            "rejected": "No.",
        }
        lines.append(json.dumps({**line, "score_chosen": round(margin, 4), "score_rejected": 0.0}) + "\n")
    with path.open("a", encoding="utf-8") as target:
        target.write("".join(lines))


def palette_by_keyboard(tour: Tour) -> str:
    """Ctrl+K lists pages, datasets and actions; a few letters and Enter go there, no mouse."""
    page = tour.page
    page.goto(tour.product.url)
    settled(page)
    page.keyboard.press("Control+k")
    page.wait_for_selector("[data-palette]:popover-open")
    listed = page.locator("#pl-palette-list [role=option]").all_inner_texts()
    for name in ("Home", "Calibration", "Record a decision…", "Dark theme"):
        assert any(name in entry for entry in listed), f"{name} is not in the palette: {listed}"
    page.screenshot(path=tour.target / "90-palette-light.png")
    for word, title in (
        ("dtsets", "Datasets"),
        ("calibr", "Calibration"),
        ("runs", "Runs"),
        ("setings", "Settings"),
        ("home", None),
    ):
        if page.locator("[data-palette]:popover-open").count() == 0:
            page.keyboard.press("Control+k")
        page.keyboard.type(word)
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-palette]:not(:popover-open)", state="attached")
        if title:
            page.wait_for_function("title => document.querySelector('h1')?.textContent.includes(title)", arg=title)
    return f"{len(listed)} entries, five pages by a few letters each"


def other_pages(tour: Tour) -> str:
    """The other pages as they look with real content."""
    for name in ("datasets", "runs", "people", "monitoring", "settings"):
        tour.page.goto(f"{tour.product.url}/{name}")
        settled(tour.page)
        tour.picture(name)
    return "datasets, runs, people, monitoring, settings"
