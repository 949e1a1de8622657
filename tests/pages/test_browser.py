"""The parts in a real browser: palette, files, chart, theme; not one console error on the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import chromium, chromium_path, context, sign_in, watch_console
from tests.pages import samples
from tests.product import Product

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(chromium_path() is None, reason="needs chromium"),
]
CHART = '[data-chart="reliability"]'


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Somebody signed in, with one file read, looking at its answer."""
    folder = tmp_path_factory.mktemp("browser")
    file = folder / "scores.csv"
    file.write_text(samples.pairs())
    errors: list[str] = []
    with Product(folder / "home", environment={"PLUMBLINE_DEMO": "false"}) as product, chromium() as browser:
        page = context(browser, color_scheme="light").new_page()
        page.set_default_timeout(60_000)
        watch_console(page, errors)
        sign_in(page, product.link)
        page.wait_for_selector("[data-dropzone]")
        page.set_input_files("[data-upload]", str(file))
        page.wait_for_selector(f"{CHART}[data-version]")
        yield page
    assert errors == []


def test_a_file_becomes_an_answer(tab: Page) -> None:
    expect(tab.locator('[data-live="sentence"]')).to_contain_text("Over-confident: calibration error")
    expect(tab.locator('[data-live="estimate:accuracy"]')).to_contain_text("%")
    assert "dataset=" in tab.url


def test_points_are_read_aloud_by_arrow_keys(tab: Page) -> None:
    tab.focus(f"{CHART} .pl-plot")
    tab.keyboard.press("ArrowRight")
    expect(tab.locator(f"{CHART} [aria-live]")).to_contain_text("Says 5")
    tab.keyboard.press("Escape")
    expect(tab.locator(f"{CHART} .pl-ring")).to_be_hidden()


def test_the_large_view_shows_the_table_and_gives_the_focus_back(tab: Page) -> None:
    button = tab.locator(f'{CHART} [aria-label="Large view"]')
    button.click()
    dialog = tab.locator("dialog.pl-large[open]")
    expect(dialog.locator("tbody tr").first).to_be_visible()
    tab.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()


def test_the_palette_finds_by_a_few_letters_and_closes_by_escape(tab: Page) -> None:
    tab.keyboard.press("Control+k")
    palette = tab.locator("[data-palette]")
    expect(palette).to_be_visible()
    tab.keyboard.type("datst")
    expect(palette.locator('[aria-selected="true"]')).to_contain_text("Datasets")
    tab.keyboard.press("Escape")
    expect(palette).to_be_hidden()


def test_a_theme_is_followed_by_page_and_chart(tab: Page) -> None:
    ground = tab.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    tab.keyboard.press("Control+k")
    tab.keyboard.type("dark theme")
    tab.keyboard.press("Enter")
    tab.wait_for_selector('html[data-theme="dark"]', state="attached")
    tab.wait_for_function(
        "before => getComputedStyle(document.querySelector('.stApp')).backgroundColor !== before", arg=ground
    )
    tab.wait_for_function(f"() => document.querySelector('{CHART} .xtick text')?.style.fill === 'rgb(167, 178, 196)'")


def test_choosing_a_slice_filters_and_the_address_keeps_it(tab: Page) -> None:
    tab.focus('[data-chart="slices"] .pl-plot')
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**slice=source**")
    expect(tab.locator('[data-live="rows"]')).to_have_text("150")
    tab.reload()
    expect(tab.locator('[data-live="rows"]')).to_have_text("150")


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_scrolls_sideways(tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.wait_for_function("most => document.querySelector('[data-testid=stMain]').scrollWidth <= most", arg=width)
