"""The keyboard in a real browser: what is asked in the palette, what closes, where the focus goes, what never fires."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from engine.actions import datasets, runs
from engine.settings import ROOT, get_settings
from jobs.work import perform
from tests.browser import chromium, context, watch_console
from tests.pages import samples
from tests.pages.tabs import BROWSER
from tests.processes.here import Here
from tests.web import serving
from web.gate import COOKIE

pytestmark = BROWSER
LINE = "[data-palette] input"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Somebody in front of an answer; the web process alone, for nothing here is read or computed."""
    errors: list[str] = []
    with pytest.MonkeyPatch.context() as patch, chromium() as browser:
        patch.setattr(serving, "SERVE", ROOT / "server.py")
        waiting = serving.Served(tmp_path_factory.mktemp("palette"))
        waiting.patience = 240.0
        with waiting as served:
            ada = serving.register("ada")
            text = samples.pairs()
            file = get_settings().uploads / "scores.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            digest = hashlib.sha256(text.encode()).hexdigest()
            datasets.receive_upload(ada.who, "main", "scores.csv", file, digest, len(text))
            while work := runs.claim("test", ("read", "observe")):
                perform(work, Here())
            profile = context(browser, color_scheme="light")
            profile.add_cookies([{"name": COOKIE, "value": ada.cookie, "url": served.url}])
            page = profile.new_page()
            page.set_default_timeout(60_000)
            watch_console(page, errors)
            page.goto(f"{served.url}/calibration?dataset=1")
            page.wait_for_selector('[data-chart="reliability"][data-version]')
            yield page
            assert errors == []
            page.close()


def seek(tab: Page, sought: str) -> None:
    """Open the palette, type, go on with the first hit."""
    tab.keyboard.press("Control+k")
    tab.keyboard.type(sought)
    tab.keyboard.press("Enter")


def test_what_is_asked_can_be_gone_back_to_and_errors_keep_what_was_answered(tab: Page) -> None:
    seek(tab, "make a project")
    line, note = tab.locator(LINE), tab.locator(".pl-palette-note")
    tab.keyboard.press("Enter")
    expect(note).to_contain_text("needed")
    tab.keyboard.type("main")
    tab.keyboard.press("Enter")
    expect(line).to_have_attribute("placeholder", "Name")
    tab.keyboard.press("Shift+Tab")
    expect(line).to_have_value("main")
    tab.keyboard.press("Enter")
    tab.keyboard.type("Twice")
    tab.keyboard.press("Enter")
    expect(note).to_have_class("pl-palette-note pl-palette-error")
    expect(line).to_have_value("Twice")
    tab.keyboard.press("Escape")
    expect(line).to_have_value("main")
    tab.keyboard.type("other")
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")
    expect(line).to_be_hidden(timeout=30_000)


def test_what_takes_away_is_asked_about_first(tab: Page) -> None:
    seek(tab, "remove scores")
    expect(tab.locator(".pl-palette-note")).to_contain_text("brought back")
    tab.keyboard.press("Escape")
    expect(tab.locator(LINE)).to_have_value("remove scores")
    tab.keyboard.press("Escape")
    expect(tab.locator(LINE)).to_be_hidden()


def test_a_control_of_the_page_is_set(tab: Page) -> None:
    seek(tab, "bins 20")
    tab.wait_for_url("**bins=20**")
    expect(tab.locator('[data-card="evidence"]')).to_contain_text("20")


def test_the_sheet_of_keys_opens_narrows_and_closes_alone(tab: Page) -> None:
    button = tab.locator('[data-chart="reliability"] [aria-label="Large view"]')
    button.focus()
    tab.keyboard.press("?")
    sheet = tab.locator("[data-sheet]")
    expect(sheet.locator("dd", has_text="Training curves")).to_be_visible()
    tab.keyboard.type("first and last")
    expect(sheet.locator("dd", has_text="Training curves")).to_have_count(0)
    tab.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(button).to_be_focused()


def test_escape_closes_only_what_is_on_top(tab: Page) -> None:
    tab.get_by_role("button", name="Export").click()
    tab.keyboard.press("Control+k")
    expect(tab.locator(".pl-menu:popover-open")).to_have_count(0)
    tab.keyboard.type("rename dataset")
    tab.keyboard.press("Enter")
    tab.keyboard.press("Escape")
    expect(tab.locator(LINE)).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.locator(LINE)).to_be_hidden()


def test_nothing_fires_while_somebody_types(tab: Page) -> None:
    address = tab.url
    tab.get_by_role("button", name="Save view").click()
    name = tab.get_by_label("Name of this view")
    expect(name).to_be_focused()
    tab.keyboard.type("g d ? / n")
    expect(name).to_have_value("g d ? / n")
    expect(tab.locator("[data-sheet]:popover-open, [data-palette]:popover-open")).to_have_count(0)
    tab.keyboard.press("Escape")
    tab.evaluate("document.activeElement.blur()")
    composing = "new KeyboardEvent('keydown', {key: '?', bubbles: true, isComposing: true})"
    tab.evaluate(f"document.body.dispatchEvent({composing})")
    expect(tab.locator("[data-sheet]:popover-open")).to_have_count(0)
    assert tab.url == address


def test_rows_of_a_table_are_walked(tab: Page) -> None:
    tab.keyboard.press("g")
    tab.keyboard.press("r")
    tab.wait_for_url("**/runs**")
    rows = tab.locator(".pl-runs tbody tr")
    rows.first.wait_for()
    tab.focus(".pl-runs-frame")
    tab.keyboard.press("ArrowDown")
    expect(rows.first).to_be_focused()
    tab.keyboard.press("End")
    expect(rows.last).to_be_focused()
    tab.keyboard.press("Home")
    expect(rows.first).to_be_focused()
    tab.keyboard.press("Escape")
    expect(tab.locator(".pl-runs-frame")).to_be_focused()
