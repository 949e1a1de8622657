"""A browser by the name that people know it by."""

from __future__ import annotations

import re

_BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "HeadlessChrome": "Chrome without a window",
    "Chrome": "Chrome",
    "Version": "Safari",
}
"""What a user agent says, most particular first: most browsers also claim to be those below them."""
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
_LONGEST = 60


def named(agent: str) -> str:
    """Such as "Firefox 131 on Linux"; an agent that is not known is shown as it is, cut at a word."""
    system = next((name for mark, name in _SYSTEMS.items() if mark in agent), "")
    for mark, browser in _BROWSERS.items():
        if found := re.search(rf"\b{mark}/(\d+)", agent):
            return f"{browser} {found[1]} on {system}" if system else f"{browser} {found[1]}"
    shown = "".join(letter for letter in agent if letter.isprintable())
    return _cut(shown.strip()) or "unknown browser"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0] + "…"
