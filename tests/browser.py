"""Chromium as the browser tests and the tour use it: the system's own, offline flags, console errors collected."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]
HARMLESS = (
    "/_stcore/",  # a deep link asks below its own path first, then falls back
    "net::ERR_ABORTED",
)


def chromium_path() -> str | None:
    """Where the system's chromium is, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def context(browser: Browser, **options: Any) -> BrowserContext:
    """A fresh profile at a laptop's size unless told otherwise."""
    usual = {"viewport": {"width": 1440, "height": 1000}, "reduced_motion": "no-preference"}
    return browser.new_context(**{**usual, **options})


def watch_console(page: Page, errors: list[str]) -> None:
    """Append each console error and uncaught exception of the page that is not known to be harmless."""

    def take(text: str) -> None:
        if not any(part in text for part in HARMLESS):
            errors.append(text)

    def take_message(message: ConsoleMessage) -> None:
        if message.type == "error":
            take(f"{message.text} @ {message.location}")

    page.on("console", take_message)
    page.on("pageerror", lambda error: take(f"uncaught: {error}"))
    page.on("requestfailed", lambda request: take(f"failed: {request.url} {request.failure}"))


def sign_in(page: Page, link: str, name: str = "ada", password: str = "a plumb line hangs true") -> None:
    """Redeem the one-time link as the first administrator."""
    page.goto(link)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button").first.click()
    page.wait_for_selector("[data-testid=stApp]")
