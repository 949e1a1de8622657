"""The one place that brings CSS to the page, and the two themes as the browser asks Streamlit for them."""

from __future__ import annotations

import tomllib
from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import Any

import streamlit as st

from engine.figures import css_variables
from engine.settings import ROOT

THEMES = ("light", "dark", "system")
DENSITIES = ("comfortable", "compact")
_SHEET = ROOT / "web" / "assets" / "plumb.css"
_BASES = {"light": 0, "dark": 1}
_RENAMED = {"font": "bodyFont"}


LOGO = 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
"""Keeps the place of the logo; the style sheet puts the picture of the theme there, which need not travel each time."""


@cache
def icon() -> str:
    """The icon of the browser's tab; as an address, since Streamlit reads and encodes a file anew each rerun."""
    return "data:image/svg+xml;base64," + b64encode((_SHEET.parent / "icon.svg").read_bytes()).decode()


def apply() -> None:
    """Declare the palette and bring in the style sheet."""
    st.html(_style())


@cache
def _style() -> str:
    version = sha256(_SHEET.read_bytes()).hexdigest()[:12]
    return f'<style>@import url("/assets/plumb.css?v={version}");{css_variables()}</style>'


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
