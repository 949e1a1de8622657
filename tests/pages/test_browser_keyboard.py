"""A whole decision in Chromium without the mouse: load, trust, ship, drift, stop, decide, export, share."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import FileChooser, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser import chromium, context, watch_console
from tests.pages import samples
from tests.pages.tabs import BROWSER
from tests.product import Product

pytestmark = [*BROWSER, pytest.mark.timeout(600)]
PATIENCE = 120_000
SENTENCE = '[data-live="sentence"]'
MOST_STEPS = 200
"""Presses of Tab after which something counts as out of reach."""

COUNT_THE_MOUSE = """
window.__mouse = 0;
for (const name of ["mousedown", "pointerdown", "touchstart", "wheel"]) {
  addEventListener(name, (event) => event.isTrusted && (window.__mouse += 1), true);
}
"""


@dataclass
class Hands:
    """Somebody who has a keyboard and nothing else."""

    page: Page
    folder: Path

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def reach(self, place: Locator, key: str = "Tab") -> None:
        """Press Tab until the focus is on it."""
        place.first.wait_for()
        for _step in range(MOST_STEPS):
            if place.first.evaluate(
                "element => element === document.activeElement || element.contains(document.activeElement)"
            ):
                return
            self.press(key)
        pytest.fail(f"{place} cannot be reached by {key}")

    def palette(self, words: str, title: str) -> None:
        """Open the palette, type, look at the first hit, take it."""
        self.page.wait_for_selector("[data-palette]", state="attached")
        self.press("Control+k")
        expect(self.page.locator("[data-palette] input")).to_be_focused()
        self.type(words)
        expect(self.page.locator("[data-palette] [role=option]").first).to_contain_text(title)
        self.press("Enter")

    def go(self, letter: str, title: str) -> None:
        """The keys "g" and another go to a page; again where the machine stood still between the two."""
        self.page.wait_for_selector("[data-palette]", state="attached")
        arrived = self.page.locator("h1").filter(has_text=re.compile(f"^{title}$"))
        for patience in (PATIENCE / 6, PATIENCE):
            self.press("g", letter)
            try:
                arrived.wait_for(timeout=patience)
            except PlaywrightTimeout:
                continue
            return
        pytest.fail(f"g {letter} does not lead to {title}")

    def load(self, name: str, text: str) -> None:
        """From anywhere to Datasets, to the place for files, and a file into it; its answer comes by itself."""
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        self.go("d", "Datasets")
        self._chooser().set_files(file)
        self.page.wait_for_url(re.compile(r"/\w+\?.*dataset=\d+"), timeout=PATIENCE)

    def _chooser(self) -> FileChooser:
        """Enter on the place for files; again while nothing asks for one: the page may still be made when it falls.

        One wait for all: a dialog nobody waits for is the browser's own, and none comes after it.
        """
        with self.page.expect_file_chooser(timeout=PATIENCE) as chooser:
            for _time in range(8):
                self.reach(self.page.locator("[data-dropzone]"))
                self.press("Enter")
                if self._comes(chooser.is_done):
                    break
        return chooser.value

    def _comes(self, is_done: Callable[[], bool]) -> bool:
        for _tick in range(100):
            if is_done():
                return True
            self.page.wait_for_timeout(100)
        return False

    def said(self) -> Locator:
        """The answer in front."""
        return self.page.locator(SENTENCE).first


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hands]:
    """A newcomer who signs in by keyboard, too."""
    folder = tmp_path_factory.mktemp("keyboard")
    errors: list[str] = []
    quiet = {"PLUMBLINE_DEMO": "false"}
    with Product(folder / "home", environment=quiet, patience=240) as product, chromium() as browser:
        profile = context(browser, color_scheme="light")
        profile.add_init_script(COUNT_THE_MOUSE)
        page = profile.new_page()
        page.set_default_timeout(PATIENCE)
        watch_console(page, errors)
        hands = Hands(page, folder)
        page.goto(product.link)
        for text in ("ada", "a plumb line hangs true"):
            hands.reach(page.locator("input:not([type=hidden])").nth(0 if text == "ada" else 1))
            hands.type(text)
        hands.press("Enter")
        page.wait_for_selector("[data-dropzone]")
        yield hands
    assert errors == []


def test_a_decision_without_the_mouse(hands: Hands) -> None:
    page = hands.page

    hands.load("scores.csv", samples.pairs())
    expect(page.locator("h1")).to_have_text("Calibration", timeout=PATIENCE)
    expect(hands.said()).to_contain_text("Over-confident: calibration error", timeout=PATIENCE)

    hands.palette("record decision", "Record a decision")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Because")).to_be_visible(timeout=PATIENCE)
    hands.reach(dialog.get_by_label("Because"))
    hands.type("Dividing margins by two repairs it on held-out prompts.")
    hands.reach(dialog.get_by_role("button", name="Record", exact=True))
    hands.press("Enter")
    expect(dialog).to_have_count(0, timeout=PATIENCE)

    hands.load("battles.csv", samples.battles())
    expect(page.locator("h1")).to_have_text("Ranking", timeout=PATIENCE)
    expect(hands.said()).to_contain_text("alpha leads", timeout=PATIENCE)

    hands.load("log.csv", samples.curve())
    expect(hands.said()).to_be_visible(timeout=PATIENCE)
    hands.go("n", "Alarms")
    expect(hands.said()).to_contain_text("alarm", timeout=PATIENCE)
    hands.go("o", "Over-optimisation")
    expect(hands.said()).to_contain_text("Stop: the gold reward has passed its peak", timeout=PATIENCE)

    if shutil.which("wkhtmltopdf"):
        with page.expect_download(timeout=PATIENCE) as download:
            hands.palette("export pdf", "Export this view as PDF")
        assert Path(download.value.path()).read_bytes().startswith(b"%PDF")

    hands.palette("share answer", "Share this answer")
    dialog = page.get_by_role("dialog")
    make = dialog.get_by_role("button", name="Make the link")
    expect(make).to_be_visible(timeout=PATIENCE)
    hands.reach(make)
    hands.press("Enter")
    shown = (
        dialog.locator("code, pre, input[readonly]").filter(has_text="/share/").or_(dialog.get_by_text("/share/")).first
    )
    expect(shown).to_be_visible(timeout=PATIENCE)
    address = re.search(r"https?://\S+/share/[\w-]+", dialog.inner_text())
    assert address is not None
    hands.press("Escape")
    expect(dialog).to_have_count(0, timeout=PATIENCE)

    guest = context(page.context.browser or pytest.fail("no browser")).new_page()
    guest.goto(address[0])
    expect(guest.locator("main, body").first).to_contain_text("the gold reward has passed its peak", timeout=PATIENCE)
    guest.close()

    hands.go("h", "Home")
    expect(page.locator(".pl-four")).to_have_count(4)
    for decision in ("Over-confident", "alpha leads", "Stop"):
        expect(page.locator(".pl-cards")).to_contain_text(decision)
    expect(page.locator('[data-card="journal"]')).to_contain_text("Over-confident")
    assert page.evaluate("window.__mouse") == 0
