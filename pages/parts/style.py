"""The one place that brings CSS to the page, and the two themes as the browser asks Streamlit for them."""

from __future__ import annotations

import tomllib
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
