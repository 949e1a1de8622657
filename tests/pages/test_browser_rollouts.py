"""The browser of answers in a real browser: sorted, narrowed, opened, read by keyboard, followed from step to step."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.pages import tabs
from tests.pages.tabs import BROWSER, HOSTILE
from tests.pages.test_rollouts import answers

pytestmark = BROWSER


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Somebody in front of 240 answers whose prompts are hostile."""
    made = answers().replace("<img src=x onerror=alert(1)>", HOSTILE)
    with tabs.tab(tmp_path_factory.mktemp("browser"), "rolls.jsonl", made) as page:
        page.wait_for_url("**/rollouts**", timeout=150_000)
        page.wait_for_selector(".pl-roll tbody tr")
        expect.set_options(timeout=30_000)
        yield page
        expect.set_options(timeout=5_000)


def numbers(tab: Page, place: int) -> list[float]:
    cells = tab.locator(f".pl-roll tbody td:nth-child({place})").all_inner_texts()
    return [float(text.replace("−", "-").replace(",", "")) for text in cells]


def address(tab: Page, pattern: str) -> None:
    tab.wait_for_function("(pattern) => new RegExp(pattern).test(location.search)", arg=pattern)


def test_answers_are_sorted_and_the_order_is_in_the_address(tab: Page) -> None:
    expect(tab.get_by_text("1 to 50 of 240 answers")).to_be_visible()
    assert numbers(tab, 2) == sorted(numbers(tab, 2), reverse=True)
    tab.get_by_label("Sort by").select_option("length")
    tab.get_by_role("button", name=re.compile("^Highest first")).click()
    expect(tab.locator('th[aria-sort="ascending"]')).to_have_text("Length")
    assert numbers(tab, 3) == sorted(numbers(tab, 3))
    address(tab, "sort=length.*order=asc|order=asc.*sort=length")
    tab.get_by_role("button", name="Next page").click()
    expect(tab.get_by_text("51 to 100 of 240 answers")).to_be_visible()
    address(tab, "at=2")


def test_a_mark_of_the_picture_narrows_the_answers_to_its_steps(tab: Page) -> None:
    plot = tab.locator('[data-chart="reward"] .pl-plot')
    plot.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "Enter"):
        plot.press(key)
    address(tab, r"steps=2\.\.2")
    expect(tab.get_by_label("First step")).to_have_value("2")
    expect(tab.get_by_text(re.compile(r"^1 to \d+ of \d\d answers$"))).to_be_visible()
    assert set(numbers(tab, 1)) == {2.0}
    tab.get_by_role("button", name="All answers").click()
    expect(tab.get_by_text("of 240 answers")).to_be_visible()


def test_text_is_found_and_shown_as_text(tab: Page) -> None:
    tab.get_by_label("Find in prompts and answers").fill("ONERROR=window.__hit=1> 17")
    expect(tab.get_by_text("1 to 4 of 4 answers")).to_be_visible()
    expect(tab.locator(".pl-roll-prompt").first).to_contain_text(HOSTILE)
    tab.get_by_label("Find in prompts and answers").fill("")
    expect(tab.get_by_text("of 240 answers")).to_be_visible()


def test_an_answer_opens_is_read_token_by_token_and_leads_to_the_next(tab: Page) -> None:
    first = tab.locator(".pl-roll-open").first
    first.focus()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowUp")
    expect(first).to_be_focused()
    tab.keyboard.press("Enter")
    window = tab.get_by_role("dialog", name=re.compile("^Reward "))
    expect(window).to_contain_text("of 240")
    address(tab, r"open=\d+")
    tokens = window.get_by_role("group", name=re.compile("^Tokens"))
    tokens.focus()
    expect(window.get_by_role("status")).to_contain_text("Token 1 ")
    tab.keyboard.press("ArrowRight")
    expect(window.get_by_role("status")).to_contain_text("Token 2 ")
    tab.keyboard.press("2")
    expect(window.get_by_role("button", name="2 Log-prob")).to_have_attribute("aria-pressed", "true")
    address(tab, "shade=logprob")
    window.get_by_role("button", name="Table").click()
    twin = window.get_by_role("region", name="Tokens as a table")
    expect(twin.locator("tbody tr")).to_have_count(window.locator(".pl-tokens span").count())
    before = window.locator(".pl-facts").inner_text()
    tab.keyboard.press("n")
    expect(window.locator(".pl-facts")).not_to_have_text(before)
    expect(window).to_contain_text("The same prompt from step to step")
    expect(window.locator(".pl-diff")).to_have_count(2)
    window.get_by_label("Answer on the left").select_option(index=2)
    address(tab, r"pair=\d+\.\d+")
    opened = tab.evaluate("location.href")
    tab.keyboard.press("Escape")
    expect(window).to_have_count(0)
    tab.goto(opened)
    again = tab.get_by_role("dialog", name=re.compile("^Reward "))
    expect(again.get_by_label("Answer on the left")).to_be_visible()
    assert again.get_by_label("Answer on the left").evaluate("select => select.selectedIndex") == 2
    tab.keyboard.press("Escape")
    expect(again).to_have_count(0)
