"""A browser in front of a fresh installation that was given one file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser import chromium, chromium_path, context, sign_in, watch_console
from tests.product import Product

BROWSER = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(chromium_path() is None, reason="needs chromium"),
]
"""The marks of a module of tests in a browser."""

HOSTILE = "<img src=x onerror=window.__hit=1>"


@contextmanager
def tab(folder: Path, name: str, text: str) -> Iterator[Page]:
    """The page after the file was given, on an installation of its own without the simulator."""
    quiet = {"PLUMBLINE_DEMO": "false", "PLUMBLINE_RAY": "off"}
    with Product(folder / "home", environment=quiet) as product, opened(product, name, text) as page:
        yield page


@contextmanager
def opened(product: Product, name: str, text: str) -> Iterator[Page]:
    """The first administrator's page after the file was given. Until the end no console error, no foreign script."""
    file = product.home.parent / name
    file.write_text(text)
    errors: list[str] = []
    with chromium() as browser:
        page = context(browser, color_scheme="light").new_page()
        page.set_default_timeout(60_000)
        watch_console(page, errors)
        sign_in(page, product.link)
        page.wait_for_selector("[data-dropzone]")
        page.set_input_files("[data-upload]", str(file))
        yield page
        assert page.evaluate("window.__hit") is None
    assert errors == []
