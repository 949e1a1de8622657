"""Marks of figures chosen by keyboard and mouse in a real browser: the rows behind them, and these rows alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.pages import samples, tabs
from tests.pages.tabs import BROWSER, HOSTILE

pytestmark = BROWSER
MODELS = ("alpha", HOSTILE, "gamma|;&", "delta")


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Somebody in front of the ranking of four models, two of which have names that mean something elsewhere."""
    with tabs.tab(tmp_path_factory.mktemp("browser"), "battles.csv", samples.battles(names=MODELS)) as page:
        page.wait_for_url("**/ranking**")
        page.wait_for_selector('[data-chart="forest"][data-version]')
        yield page


@pytest.fixture(autouse=True)
def all_rows(tab: Page) -> Iterator[None]:
    """Every test begins with all rows and ends without a window."""
    yield
    tab.keyboard.press("Escape")
    if tab.get_by_role("button", name="All rows").count():
        tab.get_by_role("button", name="All rows").click()
        expect(tab.get_by_text("Only rows with")).to_have_count(0)


def plot(tab: Page, name: str) -> Locator:
    """The picture of a chart, drawn."""
    tab.wait_for_selector(f'[data-chart="{name}"][data-drawn]')
    found = tab.locator(f'[data-chart="{name}"] .pl-plot')
    found.scroll_into_view_if_needed()
    return found


def test_enter_on_a_mark_shows_its_rows_and_escape_leads_back(tab: Page) -> None:
    forest = plot(tab, "forest")
    forest.focus()
    forest.press("ArrowDown")
    forest.press("Enter")
    rows = tab.get_by_role("dialog", name="Rows")
    expect(rows.get_by_role("heading", level=2)).to_have_text("alpha")
    expect(rows.get_by_text(re.compile(r"^The first 50 of \d+ rows$"))).to_be_visible()
    expect(rows.locator("article")).to_contain_text("alpha")
    expect(rows.locator("article")).to_contain_text("1 of 50")
    rows.locator("article").focus()
    tab.keyboard.press("n")
    expect(rows.locator("article")).to_contain_text("2 of 50")
    tab.keyboard.press("Escape")
    expect(rows).to_have_count(0)
    expect(forest).to_be_focused()


def test_a_cell_of_a_matrix_opens_its_rows(tab: Page) -> None:
    wins = plot(tab, "wins")
    wins.focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        wins.press(key)
    rows = tab.get_by_role("dialog", name="Rows")
    expect(rows.get_by_role("heading", level=2)).to_have_text(f"alpha · {HOSTILE}")
    expect(rows.locator("article")).to_contain_text(HOSTILE)
    expect(rows.locator("article")).to_contain_text("alpha")


def test_marks_chosen_with_shift_are_looked_at_alone_and_beside_the_others(tab: Page) -> None:
    forest = plot(tab, "forest")
    forest.focus()
    forest.press("End")
    forest.press("Shift+ArrowLeft")
    forest.press("Shift+ArrowLeft")
    bar = tab.locator('[data-chart="forest"]').get_by_role("group", name="Chosen marks")
    expect(bar).to_contain_text(f"3 chosen: gamma|;&, {HOSTILE}, alpha")
    bar.get_by_role("button", name="Only these").click()
    tab.wait_for_url("**where=**")
    expect(tab.get_by_text("Only rows with item")).to_contain_text(f"item gamma|;&, {HOSTILE}, alpha")
    board = tab.get_by_role("region", name="Leaderboard")
    expect(board.locator("tbody tr")).to_have_count(3, timeout=60_000)
    expect(tab.get_by_role("button", name=re.compile("^The others: all but item"))).to_be_visible(timeout=60_000)


def test_marks_are_chosen_with_the_mouse(tab: Page) -> None:
    forest = plot(tab, "forest")
    chart = tab.locator('[data-chart="forest"]')
    chart.get_by_role("button", name="Choose marks").click()
    place = chart.locator(".nsewdrag").first.bounding_box()
    assert place is not None
    tab.mouse.move(place["x"] + 3, place["y"] + 3)
    tab.mouse.down()
    tab.mouse.move(place["x"] + place["width"] - 3, place["y"] + place["height"] * 0.55, steps=5)
    tab.mouse.up()
    bar = chart.get_by_role("group", name="Chosen marks")
    expect(bar).to_contain_text("2 chosen")
    bar.get_by_role("button", name="Show rows").click()
    rows = tab.get_by_role("dialog", name="Rows")
    expect(rows.locator("article")).to_contain_text("preferred")
    tab.keyboard.press("Escape")
    bar.get_by_role("button", name="Clear").click()
    expect(bar).to_be_hidden()
    chart.get_by_role("button", name="Choose marks").click()
    expect(forest).to_be_visible()
