"""The report in chromium, offline: it draws, fits a phone, and no hostile text runs."""

import pytest

from engine.reports.html import render
from tests.browser import chromium, chromium_path, context, watch_console
from tests.hostile import PAYLOADS
from tests.reports.payloads import hostile
from tests.reports.sample import sample

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium_path() is None, reason="no chromium on this machine"),
]


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (1200, "dark"), (390, "light")])
def test_draws_offline_and_fits(browser, tmp_path, width, scheme):
    page, errors = _open(
        browser, tmp_path, render(sample()), viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    assert page.locator("#chart-reliability .main-svg").count() > 0
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert errors == []
    page.context.close()


def test_nothing_hostile_runs(browser, tmp_path):
    page, errors = _open(browser, tmp_path, render(hostile(*PAYLOADS)))
    for summary in page.locator("summary").all():
        summary.click()
    assert page.locator("article.pair").count() == 2 * len(PAYLOADS)
    assert page.evaluate("window.__x") is None
    assert errors == []
    page.context.close()


def _open(browser, folder, content, **options):
    path = folder / "report.html"
    path.write_bytes(content)
    errors = []
    page = context(browser, offline=True, **options).new_page()
    watch_console(page, errors)
    page.on("dialog", lambda dialog: errors.append(f"dialog: {dialog.message}"))
    page.goto(path.as_uri())
    page.wait_for_selector("#chart-reliability .main-svg", state="attached")
    return page, errors
