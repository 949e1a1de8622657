"""A link made beside an answer and opened by somebody without an account; an embed where it may stand and where not."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import product as launching
from tests.browser import chromium, context, watch_console
from tests.pages.tabs import BROWSER
from tests.processes.conftest import installed
from tests.product import Product
from tests.web.serving import register
from tests.web.sharing import answered
from web.gate import COOKIE

pytestmark = BROWSER
expect.set_options(timeout=30_000)
SENTENCE = '[data-live="sentence"]'


@contextmanager
def site(snippet: list[str]) -> Iterator[str]:
    """A page elsewhere that holds the snippet as soon as there is one; its address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(f"<!doctype html><title>wiki</title>{''.join(snippet)}".encode())

        def log_message(self, *_said: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """An installation with an answer; its administrator is there already, so that no link is printed."""
    home, quiet = tmp_path_factory.mktemp("sharing") / "home", {"PLUMBLINE_DEMO": "false", "PLUMBLINE_RAY": "off"}
    with installed(home):
        ada = register("ada")
        answered(ada.who)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launching, "LINK", re.compile("runs at"))
        with Product(home, environment=quiet) as running:
            running.link = ada.cookie
            yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def tab(product: Product, browser: Browser) -> Page:
    """Somebody signed in, in front of an answer."""
    own = context(browser)
    own.add_cookies([{"name": COOKIE, "value": product.link, "url": product.url}])
    page = own.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{product.url}/calibration?dataset=1")
    expect(page.locator(SENTENCE)).to_contain_text("fident", timeout=150_000)
    return page


def shared(tab: Page, *, site: str = "", frozen: bool = False) -> str:
    """What the dialog shows once: an address, or the HTML of an embed."""
    tab.get_by_role("button", name="Share…").press("Enter")
    dialog = tab.get_by_role("dialog")
    if site:
        dialog.get_by_text("Embed in a page").click()
        dialog.get_by_role("textbox", name="Sites that may show it").fill(site)
    if frozen:
        dialog.get_by_text("As it is now").click()
    dialog.get_by_role("button", name="Make the embed" if site else "Make the link").click()
    text = dialog.locator(".pl-secret code").first.inner_text()
    tab.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    return text


def test_a_link_shows_the_answer_to_somebody_without_an_account(product: Product, browser: Browser, tab: Page) -> None:
    said = tab.locator(SENTENCE).inner_text()
    address, errors = shared(tab), list[str]()
    reader = context(browser, color_scheme="dark", viewport={"width": 390, "height": 800})
    page = reader.new_page()
    watch_console(page, errors)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text(said)
    expect(page.locator(".plot .main-svg").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert reader.cookies() == []
    token = address.rpartition("/")[2]
    for path in ("/", "/calibration?dataset=1", "/settings", f"/people?token={token}"):
        assert "/signin" in page.request.get(f"{product.url}{path}", headers={"accept": "text/html"}).url
    for path in ("/view/calibration?dataset=1", "/export/calibration.json?dataset=1", "/api/v1/datasets/1", "/live"):
        assert page.request.get(f"{product.url}{path}", headers={"sec-fetch-mode": "cors"}).status == 401, path
    assert errors == []
    tab.goto(f"{product.url}/settings")
    row = tab.locator("tr", has_text="scores.jsonl")
    expect(row).to_contain_text("1 time")
    revoke = row.get_by_role("button", name="Revoke")
    revoke.click()
    expect(revoke).to_have_text("Revoke for good?")
    revoke.click()
    expect(tab.get_by_text("Nothing is shared.")).to_be_visible()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("heading", level=1)).to_contain_text("does not open anything any more")
    expect(page.locator("#answer")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("does not open anything")
    reader.close()


def test_an_embed_shows_on_the_sites_it_was_made_for_and_on_no_other(
    product: Product, browser: Browser, tab: Page
) -> None:
    tab.goto(f"{product.url}/calibration?dataset=1")
    expect(tab.locator(SENTENCE)).to_contain_text("fident", timeout=60_000)
    said = tab.locator(SENTENCE).inner_text()
    made: list[str] = []
    with site(made) as allowed, site(made) as other:
        made.append(shared(tab, site=allowed, frozen=True))
        page = context(browser).new_page()
        page.goto(allowed)
        frame = page.frame_locator("iframe")
        expect(frame.get_by_role("heading", level=1)).to_have_text(said)
        expect(frame.locator(".plot .main-svg").first).to_be_visible()
        page.goto(other)
        page.wait_for_timeout(1000)
        assert all("/embed/" not in one.url for one in page.frames)
        page.context.close()
