"""Hostile text in every place that takes text, and every page that shows it, in one real browser (tests 14 to 16).

Nothing of it runs, links, loads or turns into markup, although the browser is told to forget the content security
policy: what the pages make of text has to be harmless by itself.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Dialog, Page, Request

from pages.parts.ways import FILES
from tests import product as launching
from tests.access.counts import times
from tests.browser import chromium, context
from tests.hostile import outward
from tests.listener import listening
from tests.pages.hostile_home import Filled, fill
from tests.pages.tabs import BROWSER
from tests.processes.conftest import installed
from tests.product import Product
from web.gate import COOKIE

pytestmark = [*BROWSER, pytest.mark.timeout(900)]

INTRUDERS = """() => {
    const found = [];
    const ours = location.origin;
    const made = 'iframe[srcdoc], object, embed, base, marquee, meta[http-equiv=refresh], img[src="x"], .katex,'
        + '[href^="javascript:" i], [action]:not([action^="/auth/"]), [formaction], [style*="127.0.0.1"]';
    const handlers = ['onerror', 'onload', 'onmouseover', 'onfocus', 'ontoggle', 'onbegin', 'onstart'];
    const leaves = one => one.localName === 'a' && new URL(one.href, ours).origin !== ours;
    const loads = one => one.localName === 'img' && !/^(data:|blob:)/.test(one.src) && !one.src.startsWith(ours);
    const runs = one => one.localName === 'script' && /__x/.test(one.textContent);
    const look = root => {
        for (const one of root.querySelectorAll('*')) {
            const handles = handlers.some(name => one.hasAttribute(name));
            if (handles || leaves(one) || loads(one) || runs(one) || one.matches(made))
                found.push(one.outerHTML.slice(0, 200));
            if (one.shadowRoot) look(one.shadowRoot);
        }
    };
    look(document);
    return found;
}"""
"""What no page of ours has, but the payloads would make."""

SAID = """() => {
    const said = [];
    const look = root => {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) said.push(walker.currentNode.data);
        for (const one of root.querySelectorAll('*')) {
            if (one.shadowRoot) look(one.shadowRoot);
            if (one.placeholder || one.value) said.push(String(one.value));
        }
    };
    look(document.body);
    return said.join(' ');
}"""


@dataclass
class Watch:
    """Everything that ran, asked or left while pages were looked at."""

    page: Page
    own: str
    texts: list[str]
    filled: Filled
    heard: list[str]
    fired: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    seen: dict[str, set[str]] = field(default_factory=dict)

    def begin(self) -> None:
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._request)
        self.page.on("popup", lambda popup: self.outside.append(f"popup {popup.url}"))

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.own, "data:image/", "data:font/", "blob:", "about:")):
            self.outside.append(request.url)

    def look(self, where: str) -> None:
        """Note what ran on the page in front, and which payloads are shown there as they were typed."""
        if self.page.evaluate("window.__x") is not None:
            self.fired.append(where)
        self.fired += [f"{where}: {one}" for one in self.page.evaluate(INTRUDERS)]
        said = " ".join(self.page.evaluate(SAID).split())
        self.seen[where] = {text for text in self.texts if " ".join(text.replace("\0", " ").split()) in said}

    def open(self, path: str) -> None:
        """A page of the product, once it stands still."""
        self.page.goto(f"{self.own}{path}")
        self.settle()

    def settle(self) -> None:
        self.page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
        self.page.wait_for_selector("h1")
        self.page.wait_for_timeout(300)  # what is drawn beside the script: charts, lists, rows


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """One product on a home full of hostile text, and a browser without its policy."""
    home = tmp_path_factory.mktemp("hostile") / "home"
    quiet = {"PLUMBLINE_DEMO": "false", "PLUMBLINE_RAY": "off"}
    with listening() as (address, heard):
        texts = outward(address.removeprefix("http://"))
        with installed(home):
            filled = fill(texts)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(launching, "LINK", re.compile("runs at"))
            with Product(home, environment=quiet) as product, chromium() as browser:
                own = context(browser, bypass_csp=True, color_scheme="light")
                own.add_cookies([{"name": COOKIE, "value": filled.ada.cookie, "url": product.url}])
                page = own.new_page()
                page.set_default_timeout(60_000)
                watching = Watch(page, product.url, texts, filled, heard)
                watching.begin()
                yield watching
    assert (watching.fired, watching.dialogs, watching.outside, heard) == ([], [], [], [])


def addresses(filled: Filled) -> dict[str, str]:
    """An address for every page, with the dataset whose file it is about, by what it shows."""
    of = filled.datasets
    like = {"audit": "compare", "whatif": "calibration", "monitor": "curves", "tradeoff": "overoptimisation",
            "hackwatch": "rollouts", "timeline": "drift", "surface": "sweep", "forecast": "curves"}  # fmt: skip
    made = {page: f"/{page}" for page in FILES} | {"home": "/"}
    made |= {page: f"/{page}?dataset={of[file]}" for page in FILES if (file := like.get(page, page)) in of}
    made["columns"] = f"/columns?dataset={of['calibration']}"
    return made | {
        "people, projects": "/people?section=Projects",
        "people, audit": "/people?section=Audit",
        "runs, of one": "/runs?run=1",
    }


LISTING = ("datasets", "runs", "settings", "people")
"""Pages that show more than half of the payloads, as they were typed."""


def test_nothing_typed_is_more_than_text_on_any_page(watch: Watch) -> None:
    shown = addresses(watch.filled)
    assert {name.partition(",")[0] for name in shown} == set(FILES)
    for name, address in shown.items():
        watch.open(address)
        if name in LISTING:
            watch.page.get_by_text("__x").first.wait_for(state="attached")
        watch.look(name)
    everywhere = set().union(*watch.seen.values())
    told(watch, len(shown))
    for page in LISTING:
        assert len(watch.seen[page]) > len(watch.texts) // 2, page
    assert len(everywhere) > len(watch.texts) * 0.9


def test_neither_the_palette_nor_the_bell_makes_more_of_it(watch: Watch) -> None:
    watch.open("/reports")
    watch.page.keyboard.press("Control+k")
    for letters in ("script", "img", "svg", "127"):
        watch.page.locator("[data-palette] input").fill(letters)
        watch.page.wait_for_timeout(150)
        watch.look(f"palette, {letters}")
    watch.page.keyboard.press("Escape")
    watch.page.locator("[data-bell]").first.click()
    watch.page.wait_for_timeout(300)
    watch.look("bell")
    told(watch, len(watch.seen))


def test_neither_do_shares_embeds_and_reports(watch: Watch) -> None:
    filled, few = watch.filled, times(3, 40)
    paths = [f"/share/{token}" for token in filled.links[:few]] + [f"/embed/{token}" for token in filled.embeds[:few]]
    for number, path in enumerate(paths):
        watch.page.goto(f"{watch.own}{path}")
        watch.page.wait_for_selector(".plot .main-svg")
        watch.look(f"share {number}")
    report = watch.page.request.get(f"{watch.own}/report/{filled.report}")
    assert report.ok
    watch.page.set_content(report.text())
    watch.page.wait_for_timeout(500)
    assert watch.page.evaluate("window.__x") is None
    told(watch, len(paths) + 1)


def test_no_figure_links_or_runs_what_it_shows(watch: Watch) -> None:
    """Test 15: the marks of three figures under the mouse, and no link in any."""
    hovered = 0
    for page, name in (("ranking", "forest"), ("calibration", "reliability"), ("curves", "curves")):
        watch.open(addresses(watch.filled)[page])
        chart = watch.page.locator(f'[data-chart="{name}"]').first
        if not chart.count():
            chart = watch.page.locator("[data-chart]").first
        chart.scroll_into_view_if_needed()
        chart.locator(".main-svg").first.wait_for()
        assert chart.locator("a").count() == 0
        place = chart.locator(".nsewdrag").first.bounding_box()
        assert place is not None
        for step in range(12):
            down = place["y"] + place["height"] * (step + 0.5) / 12
            for across in (0.25, 0.5, 0.75):
                watch.page.mouse.move(place["x"] + place["width"] * across, down)
                hovered += 1
        watch.look(f"figure of {page}")
    sys.stdout.write(f"{hovered} places of 3 figures under the mouse: {len(watch.fired)} fired, 0 links\n")


def told(watch: Watch, pages: int) -> None:
    places = len(watch.filled.places)
    sys.stdout.write(
        f"{len(watch.texts)} payloads x {places} places on {pages} pages: {len(watch.fired)} fired, "
        f"{len(watch.dialogs)} dialogs, {len(watch.outside)} requests outside, {len(watch.heard)} heard\n"
    )
