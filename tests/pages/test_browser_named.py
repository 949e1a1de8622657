"""Rows chosen on figures in a real browser: by lasso and by keyboard, named, used elsewhere, undone; their like."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.pages import samples, tabs
from tests.pages.tabs import BROWSER

pytestmark = BROWSER
RELATED = """async ([one, other]) => {
  const { conditions, related } = await import("/assets/linked.js");
  return related(conditions(one), conditions(other));
}"""
SILENT = """() => {
  window.__silent = false;
  addEventListener("plumb:linked", (event) => event.detail.where || (window.__silent = true));
}"""
"""Nothing is pointed at any more: figures say so a moment after it is so."""

POINTED = """(where) => dispatchEvent(new CustomEvent("plumb:linked", { detail: { where, from: null } }))"""
"""What a figure says of a mark that is pointed at."""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Somebody in front of the calibration of some pairs."""
    with tabs.tab(tmp_path_factory.mktemp("browser"), "pairs.csv", samples.pairs()) as page:
        page.wait_for_url("**/calibration**")
        page.wait_for_selector('[data-chart="reliability"][data-drawn]')
        yield page


def chosen(chart: Locator) -> Locator:
    return chart.get_by_role("group", name="Chosen marks")


def test_marks_are_chosen_by_lasso_named_used_on_another_page_and_undone(tab: Page) -> None:
    chart = tab.locator('[data-chart="reliability"]')
    chart.scroll_into_view_if_needed()
    chart.get_by_role("button", name="Choose marks").click()
    chart.get_by_role("button", name="Draw around marks freely").click()
    place = chart.locator(".nsewdrag").first.bounding_box()
    assert place is not None
    left, top, wide, high = place["x"], place["y"], place["width"], place["height"]
    tab.mouse.move(left + 0.5 * wide, top + 2)
    tab.mouse.down()
    for across, down in ((0.98, 0.01), (0.98, 0.95), (0.5, 0.95), (0.5, 0.02)):
        tab.mouse.move(left + across * wide, top + down * high, steps=6)
    tab.mouse.up()
    expect(chosen(chart)).to_contain_text("4 chosen")
    chosen(chart).get_by_role("button", name="Name…").click()
    chosen(chart).get_by_label("Name of these rows").fill("Sure ones")
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("Sure ones is among the rows to choose from now.")).to_be_visible()
    chosen(chart).get_by_role("button", name="Only these").click()
    expect(tab.get_by_text("Sure ones: only rows with confidence")).to_be_visible()
    expect(tab.get_by_role("heading", name="Compared with the others")).to_be_visible(timeout=60_000)
    tab.keyboard.press("Control+z")
    expect(tab.get_by_text("Sure ones: only rows with confidence")).to_have_count(0)
    assert "where=" not in tab.url
    tab.keyboard.press("Control+Shift+z")
    tab.wait_for_url("**where=**")
    expect(tab.get_by_text("Sure ones: only rows with confidence")).to_be_visible()
    tab.get_by_role("button", name="Undo", exact=True).click()
    expect(tab.get_by_text("Sure ones: only rows with confidence")).to_have_count(0)
    tab.goto(re.sub(r"/calibration.*", "/audit", tab.url))
    tab.wait_for_selector(".pl-actions")
    tab.keyboard.press("Control+k")
    tab.keyboard.type("only sure")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/audit?**where=**")
    expect(tab.get_by_text("Sure ones: only rows with confidence")).to_be_visible()


def test_what_is_chosen_by_keyboard_stands_out_elsewhere_without_a_rerun(tab: Page) -> None:
    tab.goto(re.sub(r"/(audit|calibration).*", "/calibration", tab.url))
    tab.wait_for_selector('[data-chart="reliability"][data-drawn]')
    tab.wait_for_selector('[data-chart="slices"][data-drawn]')
    reliability, slices = (tab.locator(f'[data-chart="{name}"]') for name in ("reliability", "slices"))
    plot = reliability.locator(".pl-plot")
    plot.focus()
    plot.press("End")
    plot.press("Space")
    expect(chosen(reliability)).to_contain_text("Says")
    assert slices.locator(".pl-link").count() == 0, "slices share no column with a confidence"
    plot.press("Shift+ArrowLeft")
    expect(chosen(reliability)).to_contain_text("2 chosen")
    tab.evaluate(SILENT)
    plot.press("Escape")
    expect(chosen(reliability)).to_be_hidden()
    tab.wait_for_function("() => window.__silent === true")
    tab.evaluate(POINTED, "slice.source=math")
    expect(slices.locator(".pl-link-ring")).to_have_count(1)
    assert reliability.locator(".pl-link").count() == 0


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("item=a|b", "item=b", True),
        ("item=a", "item=b", False),
        ("item=a", "rater=a", False),
        ("step=1..5", "run=x;step=5..9", True),
        ("confidence=0.5..0.599999994", "confidence=0.599999997..0.7", False),
        ("step=3..3", "step=1..5", True),
        ("run=x;step=3..3", "run=y;step=3..3", False),
        ("time=2026-01-01T00:00:00..2026-01-02T00:00:00", "time=2026-01-01T12:00:00..2026-01-05T00:00:00", True),
        ("time=2026-01-01T00:00:00..2026-01-02T00:00:00", "time=2026-01-03T00:00:00..", False),
    ],
)
def test_what_belongs_together(tab: Page, one: str, other: str, alike: bool) -> None:
    assert tab.evaluate(RELATED, [one, other]) is alike
    assert tab.evaluate(RELATED, [other, one]) is alike
