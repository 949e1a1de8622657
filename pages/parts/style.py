"""The one place that brings CSS to the page, and the two themes as the browser asks Streamlit for them."""

from __future__ import annotations

import tomllib
from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import Any
from zoneinfo import available_timezones

import streamlit as st

from engine.figures import css_variables
from engine.settings import ROOT

THEMES = {"light": "Light", "dark": "Dark", "system": "System"}
DENSITIES = {"comfortable": "Comfortable", "compact": "Compact"}
NUMBERS = {"point": "1,234.5", "comma": "1.234,5", "space": "1 234,5"}
USUAL = {"theme": "system", "density": "comfortable", "numbers": "point", "zone": "local"}
"""What is preferred where nobody chose."""

_ASSETS = ROOT / "web" / "assets"
_SHEETS = (
    "plumb.css",
    "shell.css",
    "home.css",
    "palette.css",
    "notifications.css",
    "cohorts.css",
    "export.css",
)
"""The style sheets, a part of the product each; those of pages without a session are not among them."""
_BASES = {"light": 0, "dark": 1}
_RENAMED = {"font": "bodyFont"}


LOGO = 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
"""Keeps the place of the logo; the style sheet puts the picture of the theme there, which need not travel each time."""


@cache
def zones() -> dict[str, str]:
    """The time zones to choose from, by the name that the browser knows."""
    named = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return {"local": "This device", "UTC": "UTC", **{name: name.replace("_", " ") for name in named}}


@cache
def icon() -> str:
    """The icon of the browser's tab; as an address, since Streamlit reads and encodes a file anew each rerun."""
    return "data:image/svg+xml;base64," + b64encode((_ASSETS / "icon.svg").read_bytes()).decode()


def apply() -> None:
    """Declare the palette and bring in the style sheet."""
    st.html(_style())


@cache
def _style() -> str:
    return f"<style>{''.join(_imported(sheet) for sheet in _SHEETS)}{css_variables()}</style>"


def _imported(sheet: str) -> str:
    version = sha256((_ASSETS / sheet).read_bytes()).hexdigest()[:12]
    return f'@import url("/assets/{sheet}?v={version}");'


@cache
def themes() -> dict[str, dict[str, Any]]:
    """Both themes of `.streamlit/config.toml` in full, as Streamlit's host message wants them."""
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    shared = {key: value for key, value in config.items() if key not in _BASES}
    return {mode: {"base": base, **_named({**shared, **config[mode]})} for mode, base in _BASES.items()}


def _named(options: dict[str, Any]) -> dict[str, Any]:
    return {
        _RENAMED.get(key, key): _named(value) if isinstance(value, dict) else value for key, value in options.items()
    }
