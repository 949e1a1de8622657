"""Naming columns, deciding and withdrawing in a real browser, by keyboard; not one console error on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.actions.test_mappings import odd
from tests.pages import tabs
from tests.pages.tabs import BROWSER, HOSTILE

pytestmark = BROWSER


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Somebody signed in, in front of a file whose columns nobody knows."""
    text = odd(names=f"id,first,second,winner of it,{HOSTILE}")
    with tabs.tab(tmp_path_factory.mktemp("browser"), "odd.csv", text) as page:
        expect(page.get_by_role("heading", name="This file could not be read")).to_be_visible(timeout=60_000)
        yield page


def test_columns_are_named_by_keyboard(tab: Page) -> None:
    tab.get_by_role("button", name="Name the columns…").press("Enter")
    tab.wait_for_url("**/columns?dataset=1")
    for column, letters in (("first", "score a"), ("second", "score b"), ("winner of it", "label")):
        box = tab.get_by_role("combobox", name=f"{column}:")
        box.focus()
        tab.keyboard.type(letters)
        tab.keyboard.press("Enter")
        expect(box).to_have_value(re.compile(f"^{letters}$", re.IGNORECASE))
    expect(tab.get_by_text("Use it for every next file of these columns")).to_be_visible()
    tab.get_by_role("button", name="Read again").press("Enter")
    expect(tab.locator('[data-live="sentence"]')).to_contain_text("Over-confident", timeout=60_000)


def test_a_decision_is_recorded_and_withdrawn_by_keyboard(tab: Page) -> None:
    button = tab.get_by_role("button", name="Record decision…")
    button.focus()
    tab.keyboard.press("Enter")
    dialog = tab.get_by_role("dialog")
    expect(dialog.get_by_label("What was decided")).to_have_value("odd.csv: Over-confident")
    dialog.get_by_label("What was decided").fill(HOSTILE)
    because = dialog.get_by_role("textbox", name="Because")
    because.focus()
    tab.keyboard.type("It claims too much.")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    tab.locator("body").press("g")
    tab.keyboard.press("j")
    tab.wait_for_url("**/journal**")
    record = tab.locator('[data-decision="1"]')
    expect(record.get_by_role("heading")).to_have_text(HOSTILE)
    expect(record).to_contain_text("The data have not moved since.")
    record.locator("summary").press("Enter")
    expect(record.locator("dl")).to_contain_text("sha256")
    record.get_by_role("button", name="Withdraw").press("Enter")
    why = tab.get_by_role("dialog").get_by_role("textbox")
    why.focus()
    tab.keyboard.type("The labels were swapped.")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(record).to_contain_text("Withdrawn")
    expect(record).to_contain_text("The labels were swapped.")
    expect(record.get_by_role("button", name="Withdraw")).to_have_count(0)
    record.get_by_role("link", name="Open the view").press("Enter")
    tab.wait_for_url("**/calibration?dataset=1**")
