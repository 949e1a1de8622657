"""What a real browser makes of the cookie, and of where a sign-in leads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser import chromium, chromium_path, context
from tests.web.redirects import AWAY, STAYING
from tests.web.serving import PASSWORD, Served, register
from web.forms import safe_next
from web.gate import COOKIE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium_path() is None, reason="needs a system chromium (on Debian: make system)"),
]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield context(browser, bypass_csp=True).new_page()


def test_the_cookie_is_there_and_no_script_reads_it(served: Served, page: Page) -> None:
    register("browser ann")
    page.goto(f"{served.url}/signin?next=/first")
    page.get_by_label("Name").fill("browser ann")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button").first.click()
    page.wait_for_url(f"{served.url}/first")
    [cookie] = [one for one in page.context.cookies() if one["name"] == COOKIE]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    seen = page.evaluate("async () => document.cookie + JSON.stringify(await window.cookieStore?.getAll() ?? [])")
    assert COOKIE not in seen
    assert cookie["value"] not in seen


def test_a_browser_is_never_led_to_another_site(served: Served, page: Page) -> None:
    """Whatever is let through is an address of this site as a browser reads it, not only as we do."""
    page.goto(f"{served.url}/signin")
    targets = [safe_next(target) for target in (*AWAY, *STAYING)]
    script = "targets => targets.map(target => new URL(target, location.href).origin)"
    assert set(page.evaluate(script, targets)) == {served.url}
    assert page.evaluate(script, [AWAY[0]]) == ["http://evil.example"]
