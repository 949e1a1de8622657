"""How a part of the browser is mounted: what is gone is not heard, and only the last call may leave."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route

from pages.parts.component import LOADER
from tests.browser import chromium
from tests.pages.tabs import BROWSER

pytestmark = BROWSER
PROBE = """
export default ({ parentElement, setTriggerValue }) => {
  parentElement.say = () => setTriggerValue("changed", 1);
  return () => (parentElement.left = (parentElement.left ?? 0) + 1);
};
"""
MOUNT = """async () => {
  const { default: mount } = await import("/loader.js");
  const place = (window.place ??= document.body.appendChild(document.createElement("div")));
  window.heard ??= [];
  window.ends ??= [];
  window.ends.push(await mount({ parentElement: place, setTriggerValue: (...said) => window.heard.push(said) }));
}"""


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    """A page of its own with the loader of a part that does nothing but speak when it is asked to."""

    def answer(route: Route) -> None:
        path = route.request.url.partition(".test")[2]
        body = {"/loader.js": LOADER.replace("{name}", "probe"), "/assets/probe.js": PROBE}.get(path, "<body>")
        route.fulfill(body=body, content_type="text/javascript" if path.endswith(".js") else "text/html")

    with chromium() as browser:
        page = browser.new_page()
        page.route("**/*", answer)
        page.goto("http://plumbline.test/")
        yield page


def test_only_the_last_call_leaves_and_what_is_gone_is_not_heard(tab: Page) -> None:
    tab.evaluate(MOUNT)
    tab.evaluate(MOUNT)
    tab.evaluate("window.place.say()")
    tab.evaluate("window.ends[0]()")
    assert tab.evaluate("[window.heard, window.place.left ?? 0]") == [[["changed", 1]], 0]
    tab.evaluate("window.ends[1](), window.place.remove(), window.place.say()")
    assert tab.evaluate("[window.heard, window.place.left]") == [[["changed", 1]], 1]
