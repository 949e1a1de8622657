"""The parts in a real browser: palette, files, chart, theme; not one console error on the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import context, sign_in
from tests.pages import samples
from tests.pages.tabs import BROWSER, opened
from tests.product import Product

pytestmark = BROWSER
CHART = '[data-chart="reliability"]'


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A fresh installation without the simulator."""
    home = tmp_path_factory.mktemp("browser") / "home"
    with Product(home, environment={"PLUMBLINE_DEMO": "false"}) as product:
        yield product


@pytest.fixture(scope="module")
def tab(product: Product) -> Iterator[Page]:
    """Somebody signed in, with one file read, looking at its answer."""
    with opened(product, "scores.csv", samples.pairs()) as page:
        page.wait_for_selector(f"{CHART}[data-version]")
        yield page


def test_a_file_becomes_an_answer(tab: Page) -> None:
    expect(tab.locator('[data-live="sentence"]')).to_contain_text("Over-confident: calibration error")
    expect(tab.locator('[data-live="estimate:accuracy"]')).to_contain_text("%")
    assert "dataset=" in tab.url


def test_points_are_read_aloud_by_arrow_keys(tab: Page) -> None:
    tab.focus(f"{CHART} .pl-plot")
    tab.keyboard.press("ArrowRight")
    expect(tab.locator(f"{CHART} .pl-unseen[aria-live]")).to_contain_text("Says 5")
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


def test_the_palette_keeps_the_focus_until_it_closes_and_gives_it_back(tab: Page) -> None:
    button = tab.locator(f'{CHART} [aria-label="Large view"]')
    button.focus()
    tab.keyboard.press("Control+k")
    letters = tab.locator("[data-palette] input")
    tab.keyboard.press("Tab")
    expect(letters).to_be_focused()
    tab.mouse.click(5, 5)
    expect(letters).to_be_hidden()
    expect(button).to_be_focused()


def test_the_palette_reaches_over_a_large_view(tab: Page) -> None:
    tab.locator(f'{CHART} [aria-label="Large view"]').click()
    tab.keyboard.press("Control+k")
    expect(tab.locator("dialog.pl-large[open]")).to_have_count(0)
    expect(tab.locator("[data-palette] input")).to_be_focused()
    tab.keyboard.press("Escape")
    expect(tab.locator("[data-palette]")).to_be_hidden()


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


def test_lines_that_are_switched_travel_in_the_address(tab: Page) -> None:
    corp = tab.get_by_role("button", name="CORP, without bins")
    corp.click()
    tab.wait_for_url("**overlays=**corp**")
    expect(corp).to_have_attribute("aria-pressed", "true")
    tab.reload()
    expect(corp).to_have_attribute("aria-pressed", "true")
    corp.click()
    tab.wait_for_url(lambda address: "overlays" not in address)
    expect(corp).to_have_attribute("aria-pressed", "false")


def test_the_place_of_a_chart_is_kept_while_it_loads(tab: Page) -> None:
    held: list[Route] = []
    other = tab.context.new_page()
    other.route("**/assets/plotly.js", lambda route: held.append(route))
    other.goto(tab.url)
    stage = other.locator(f"{CHART} .pl-stage")
    expect(stage).to_have_attribute("data-waiting", "")
    before = stage.bounding_box()
    while not held:
        other.wait_for_timeout(10)
    held[0].continue_()
    other.wait_for_selector(f"{CHART}[data-version]")
    after = stage.bounding_box()
    assert before is not None
    assert after is not None
    assert before["height"] > 300
    assert abs(after["height"] - before["height"]) < 2
    expect(stage).not_to_have_attribute("data-waiting", "")
    other.close()


def test_newer_rows_are_announced_and_fetched_on_demand(tab: Page, product: Product) -> None:
    file = product.home / "inbox" / "main" / "followed.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = samples.pairs(500).splitlines(keepends=True)
    hidden = file.with_name(".followed.csv")
    hidden.write_text("".join(rows[:301]))
    hidden.rename(file)
    tab.goto(f"{product.url}/datasets")
    tab.get_by_role("link", name="followed.csv").click()
    tab.wait_for_selector(f'{CHART}[data-version="1"]')
    chip = tab.get_by_role("button", name="Newer rows have arrived: refresh")
    evidence = tab.locator('[data-card="evidence"]')
    expect(chip).to_have_count(0)
    evidence.scroll_into_view_if_needed()
    with file.open("a") as growing:
        growing.write("".join(rows[301:]))
    expect(chip).to_be_in_viewport()
    expect(tab.locator('[data-live="rows"]')).to_have_text("500")
    tab.wait_for_selector(f'{CHART}[data-version="2"]')
    expect(evidence).to_contain_text("followed.csv, version 1")
    chip.click()
    expect(evidence).to_contain_text("followed.csv, version 2")
    expect(chip).to_have_count(0)


def test_home_shows_what_the_inbox_brings_by_itself(tab: Page, product: Product) -> None:
    tab.goto(product.url)
    tab.wait_for_selector(f"{CHART}[data-version]")
    (product.home / "inbox" / "main" / "arrived.csv").write_text(samples.pairs(200, seed=9))
    expect(tab.get_by_role("button", name="arrived.csv")).to_be_visible()


def test_a_refused_file_of_the_inbox_appears_by_itself(tab: Page, product: Product) -> None:
    tab.goto(f"{product.url}/datasets")
    tab.get_by_role("link", name="followed.csv").wait_for()
    (product.home / "inbox" / "main" / "again.csv").hardlink_to(product.home.parent / "scores.csv")
    expect(tab.get_by_text("it has several names (hard links)").filter(visible=True).first).to_be_visible()


def test_somebody_is_invited_and_kept_out_by_keyboard(tab: Page, product: Product) -> None:
    """With a name that would be markup, if anything made markup of it."""
    name = "<img src=x onerror=alert(1)>"
    tab.goto(f"{product.url}/people")
    tab.get_by_role("button", name="Invite somebody…").press("Enter")
    tab.get_by_role("button", name="Make link").press("Enter")
    link = tab.locator(".pl-secret code").inner_text()
    tab.keyboard.press("Escape")
    guest = context(tab.context.browser or pytest.fail("no browser")).new_page()
    sign_in(guest, link, name, "seventeen calm herons")
    expect(guest.get_by_text("You are not in a project yet")).to_be_visible()
    tab.reload()
    row = tab.locator(".pl-list tr", has_text=name)
    expect(row).to_contain_text("Member")
    expect(tab.locator(".pl-list img")).to_have_count(0)
    tab.get_by_label("Filter by name, role or project").fill("img member")
    expect(tab.locator(".pl-list tbody tr:visible")).to_have_count(1)
    row.get_by_role("button").press("Enter")
    tab.get_by_role("button", name="Disable account…").press("Enter")
    tab.get_by_role("dialog").get_by_role("button", name="Disable account").press("Enter")
    expect(row).to_contain_text("disabled")
    guest.wait_for_url("**/signin**")
    guest.context.close()
    tab.goto(f"{product.url}/people?section=Audit")
    newest = tab.locator(".pl-list tbody tr", has_text="Disabled an account")
    expect(newest).to_contain_text(name)
    expect(newest.locator("td").last).to_have_text("127.0.0.1")


@pytest.mark.parametrize("section", ["People", "Projects", "Audit"])
def test_the_people_page_fits_a_phone(tab: Page, product: Product, section: str) -> None:
    tab.set_viewport_size({"width": 390, "height": 900})
    tab.goto(f"{product.url}/people?section={section}")
    tab.wait_for_selector(".pl-list tbody tr")
    tab.wait_for_function("document.querySelector('[data-testid=stMain]').scrollWidth <= 390")
    assert tab.evaluate(
        "[...document.querySelectorAll('.pl-listing-frame')].every((f) => f.scrollWidth <= f.clientWidth)"
    )
    tab.set_viewport_size({"width": 1440, "height": 1000})


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_scrolls_sideways(tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.wait_for_function("most => document.querySelector('[data-testid=stMain]').scrollWidth <= most", arg=width)
