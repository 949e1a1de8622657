"""Browsers by name."""

from __future__ import annotations

import pytest

from pages.parts import agents

MOZILLA = "Mozilla/5.0 "
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (f"{MOZILLA}(X11; Linux x86_64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36", "Chrome 126 on Linux"),
        (
            f"{MOZILLA}(X11; Linux x86_64) {WEBKIT} HeadlessChrome/126.0 Safari/5",
            "Chrome without a window 126 on Linux",
        ),
        (f"{MOZILLA}(Windows NT 10.0; Win64) {WEBKIT} Chrome/126.0 Safari/5 Edg/125.0", "Edge 125 on Windows"),
        (f"{MOZILLA}(Macintosh; Intel Mac OS X 10.15; rv:131.0) Gecko/20100101 Firefox/131.0", "Firefox 131 on macOS"),
        (f"{MOZILLA}(iPhone; CPU iPhone OS 17_4 like Mac OS X) Version/17.4 Mobile Safari/604", "Safari 17 on iPhone"),
        (f"{MOZILLA}(Linux; Android 14) {WEBKIT} Chrome/126.0 Mobile Safari/537.36", "Chrome 126 on Android"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "unknown browser"),
    ],
)
def test_a_browser_has_a_name(agent: str, name: str) -> None:
    assert agents.named(agent) == name


def test_an_agent_that_is_not_known_is_cut_at_a_word() -> None:
    assert agents.named("robot " * 20) == "robot " * 9 + "robot…"
