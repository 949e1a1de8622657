"""The steps of the workbench: the bell, a link, a report, rows with a name, Home and theme as one wants them."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser import context, watch_console
from tests.tour.steps import DRAWN, SENTENCE, TRUST, Tour, settled

SECONDS = 120_000
COHORT = "Sure ones"


def rings_the_bell(tour: Tour) -> str:
    """A file was refused before: the bell has counted it and says what can be done."""
    tour.page.goto(tour.product.url)
    bell = tour.page.locator("[data-bell]").first
    expect(bell).to_have_accessible_name(re.compile("not read"), timeout=SECONDS)
    bell.click()
    panel = tour.page.get_by_role("dialog", name="Notifications")
    expect(panel).to_contain_text("could not be read")
    said = panel.locator(".pl-bell-title bdi").first.inner_text()
    tour.look("bell")
    tour.page.keyboard.press("Escape")
    return said


def _answer(tour: Tour) -> None:
    """In front of the answer on Trust that Home leads to."""
    tour.page.goto(tour.product.url)
    tour.page.locator(f"{TRUST} .pl-answer-title button").click(timeout=SECONDS)
    tour.page.wait_for_url("**/calibration?*", timeout=SECONDS)
    tour.page.wait_for_selector(DRAWN, timeout=SECONDS)


def shares_an_answer(tour: Tour) -> str:
    """A link shows the answer to somebody without an account, on a phone, in dark."""
    _answer(tour)
    tour.page.get_by_role("button", name="Share…").click()
    dialog = tour.page.get_by_role("dialog")
    dialog.get_by_text("As it is now").click()
    dialog.get_by_role("button", name="Make the link").click()
    address = dialog.locator(".pl-secret code").first.inner_text()
    tour.look("share")
    tour.page.keyboard.press("Escape")
    reader = context(tour.browser, color_scheme="dark", viewport={"width": 390, "height": 844})
    page = reader.new_page()
    watch_console(page, tour.errors)
    page.goto(address)
    page.locator(".plot .main-svg").first.wait_for(timeout=SECONDS)
    tour.look("shared-phone", page)
    assert reader.cookies() == [], "a reader without an account was given a session"
    said = page.get_by_role("heading", level=1).inner_text()
    reader.close()
    return f"read without a session: {said}"


def exports_a_report(tour: Tour) -> str:
    """A PDF of the view, made in a run of its own, arrives in the browser by itself."""
    _answer(tour)
    tour.page.get_by_role("button", name="Export", exact=True).click()
    tour.look("export")
    with tour.page.expect_download(timeout=SECONDS) as waiting:
        tour.page.locator('.pl-exports [data-format="pdf"]').first.click()
    path = Path(waiting.value.path())
    head, size = path.read_bytes()[:5], path.stat().st_size
    assert head == b"%PDF-", head
    tour.page.goto(f"{tour.product.url}/reports")
    settled(tour.page)
    tour.picture("reports")
    return f"{waiting.value.suggested_filename}, {size // 1000} kB"


def names_a_cohort(tour: Tour) -> str:
    """Marks chosen by keyboard get a name, and the name is among the rows to choose from."""
    _answer(tour)
    chart = tour.page.locator(DRAWN).first
    plot = chart.locator(".pl-plot")
    plot.focus()
    for key in ("End", "Shift+ArrowLeft", "Shift+ArrowLeft"):
        plot.press(key)
    chosen = chart.get_by_role("group", name="Chosen marks")
    chosen.get_by_role("button", name="Name…").click()
    chosen.get_by_label("Name of these rows").fill(COHORT)
    tour.page.keyboard.press("Enter")
    tour.page.get_by_text(f"{COHORT} is among the rows").wait_for(timeout=SECONDS)
    chosen.get_by_role("button", name="Only these").click()
    tour.page.get_by_text(f"{COHORT}: only rows with").wait_for(timeout=SECONDS)
    tour.page.wait_for_selector(SENTENCE, timeout=SECONDS)
    settled(tour.page)
    tour.picture("named-cohort")
    return tour.sentence()


def arranges_home(tour: Tour) -> str:
    """Two cards change places by keyboard, and stand there when the page is opened again."""
    tour.page.goto(tour.product.url)
    cards = tour.page.locator("[data-card]:has(.pl-four)")
    cards.nth(3).wait_for(timeout=SECONDS)
    tour.page.get_by_role("button", name="Arrange the cards of this page").click()
    grip = tour.page.get_by_role("button", name=re.compile("^Move: ")).first
    grip.press("ArrowRight")
    tour.look("arranging")
    tour.page.get_by_role("button", name="Done").click()
    expect(cards.first).to_have_attribute("data-card", "ship")
    settled(tour.page)
    tour.page.reload()
    expect(cards.first).to_have_attribute("data-card", "ship", timeout=SECONDS)
    tour.page.get_by_role("button", name="Arrange the cards of this page").click()
    tour.page.get_by_role("button", name="As for everybody").click()
    tour.page.get_by_role("button", name="Done").click()
    expect(cards.first).to_have_attribute("data-card", "trust")
    settled(tour.page)
    return "Ship before Trust, also after a reload, and back"


def changes_the_theme(tour: Tour) -> str:
    """Dark by the head of the page: page and pictures follow, nothing is loaded again."""
    _answer(tour)
    tour.page.evaluate("() => { window.__same = true; }")
    said = []
    for chosen, theme in (("dark", "dark"), ("system", "light")):
        tour.page.locator(".pl-head-me").click()
        began = tour.page.evaluate("performance.now()")
        tour.page.locator(f'[data-theme-choice="{chosen}"]').click()
        tour.page.wait_for_selector(f'html[data-theme="{theme}"]', state="attached", timeout=SECONDS)
        said.append(f"{chosen} after {tour.page.evaluate('performance.now()') - began:.0f} ms")
        tour.page.keyboard.press("Escape")
        settled(tour.page)
        tour.look(f"theme-{chosen}")
    assert tour.page.evaluate("window.__same === true"), "the page was loaded again"
    return ", ".join(said)
