"""A surface in a real browser: first picture, fine tiles, keys, cuts, the address, no WebGL."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.pages import samples, tabs
from tests.pages.tabs import BROWSER

pytestmark = BROWSER
SOON = 30_000
"""Milliseconds that a picture in three dimensions may take where shaders run in software."""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Somebody in front of the surface of a sweep whose runs have names that mean something elsewhere."""
    with tabs.tab(tmp_path_factory.mktemp("browser"), "sweep.csv", samples.sweep(names=tabs.HOSTILE)) as page:
        page.wait_for_url("**/curves**", timeout=200_000)
        origin = page.url.split("/", 3)[:3]
        page.goto("/".join(origin) + "/surface?dataset=1")
        page.wait_for_selector("[data-refined], h2:has-text('Nothing for')", timeout=120_000)
        if page.get_by_text("Nothing for Surface in this file").count():
            pytest.skip("needs a reader that takes config.<name> columns")
        yield page


def test_a_sketch_comes_first_then_the_fine_grid(tab: Page) -> None:
    surface = tab.locator(".pl-surface")
    first, drawn, refined = (int(surface.get_attribute(f"data-{name}") or -1) for name in ("first", "drawn", "refined"))
    assert 0 <= first <= drawn <= refined
    assert surface.get_attribute("data-grid") == "200"
    assert surface.get_attribute("data-kind") == "deep"


def test_keys_turn_it_and_the_address_follows(tab: Page) -> None:
    plot = tab.locator(".pl-surface-plot")
    plot.focus()
    plot.press("2")
    expect(tab.locator(".pl-surface")).to_have_attribute("data-camera", "-90.00 89.00 1.90", timeout=SOON)
    plot.press("ArrowLeft")
    plot.press("+")
    expect(tab.locator(".pl-surface")).to_have_attribute("data-camera", "-97.50 89.00 1.67", timeout=SOON)
    tab.wait_for_url("**view=cam*")
    plot.press("r")
    expect(tab.locator(".pl-surface")).to_have_attribute("data-camera", "-50.00 28.00 2.05", timeout=SOON)
    tab.wait_for_url(lambda url: "view=" not in url)


def test_what_the_page_answers_takes_neither_the_focus_nor_a_later_turn(tab: Page) -> None:
    """The page answers every turn of a while ago; keys pressed before and after its answer all count."""
    plot = tab.locator(".pl-surface-plot")
    plot.focus()
    tab.keyboard.press("2")
    tab.wait_for_url("**view=cam*")
    for turned in range(1, 4):
        tab.keyboard.press("ArrowLeft")
        expect(tab.locator(".pl-surface")).to_have_attribute("data-camera", f"{-90 - 7.5 * turned:.2f} 89.00 1.90")
        tab.wait_for_url(f"**view=cam%3A-{[97, 105, 112][turned - 1]}%3A89*")
        tab.wait_for_selector('[data-test-script-state="notRunning"]')
    expect(plot).to_be_focused()
    tab.keyboard.press("r")


def test_a_slider_cuts_it_and_the_address_knows_where(tab: Page) -> None:
    slider = tab.get_by_role("slider", name="Cut at beta")
    before = slider.get_attribute("aria-valuetext")
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    expect(slider).not_to_have_attribute("aria-valuetext", before or "", timeout=SOON)
    tab.wait_for_url("**cut_y=*")
    expect(tab.get_by_role("img", name=re.compile(r"^reward along learning_rate at beta"))).to_be_visible()


def test_it_can_be_seen_from_above_and_as_a_table(tab: Page) -> None:
    tab.locator(".pl-surface").get_by_role("button", name="Contours").click()
    expect(tab.locator(".pl-surface")).to_have_attribute("data-kind", "flat", timeout=SOON)
    tab.locator(".pl-surface").get_by_role("button", name="Table").click()
    expect(tab.locator(".pl-surface .pl-twin table").first).to_contain_text(tabs.HOSTILE)
    tab.locator(".pl-surface").get_by_role("button", name="Contours").click()
    expect(tab.locator(".pl-surface")).to_have_attribute("data-kind", "deep", timeout=SOON)


def test_without_webgl_the_contours_stand_in(tab: Page) -> None:
    tab.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        "  return kind.startsWith('webgl') ? null : get.call(this, kind, ...rest); };"
    )
    tab.reload()
    tab.wait_for_selector('.pl-surface[data-kind="flat"][data-refined]', timeout=120_000)
    expect(tab.get_by_text("This browser has no WebGL")).to_be_visible()
