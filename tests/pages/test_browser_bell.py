"""The bell in a real browser: it moves when a run fails, and its action tries again, all by keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.actions.test_mappings import odd
from tests.pages import tabs
from tests.pages.tabs import BROWSER

pytestmark = BROWSER
BROKEN = b"PK\x03\x04 not a zip at all"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Somebody signed in, in front of a file whose columns nobody knows: the reading of it failed."""
    with tabs.tab(tmp_path_factory.mktemp("browser"), "odd.csv", odd()) as page:
        expect(page.get_by_role("heading", name="This file could not be read")).to_be_visible(timeout=60_000)
        yield page


def test_the_bell_moves_live_and_leads_to_the_columns(tab: Page) -> None:
    bell = tab.locator("[data-bell]").first
    expect(bell).to_have_accessible_name("Notifications, 1 not read", timeout=10_000)
    bell.focus()
    tab.keyboard.press("Enter")
    panel = tab.get_by_role("dialog", name="Notifications")
    expect(panel.locator(".pl-bell-open")).to_be_focused()
    expect(panel).to_contain_text("odd.csv could not be read")
    tab.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(bell).to_be_focused()
    tab.keyboard.press("Enter")
    expect(panel.locator(".pl-bell-open")).to_be_focused()
    tab.keyboard.press("ArrowRight")
    expect(panel.get_by_role("button", name="Name the columns")).to_be_focused()
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/columns?dataset=1**")
    expect(bell).to_have_accessible_name("Notifications")
