"""Colours and the Plotly template of the house, for the screen in light and dark and for print.

A figure is built once with colour tokens (`$ink`, `$first/0.14` for an opacity) and painted for a mode at the end; the
browser paints the same tokens from the CSS variables that `css_variables` declares. Tokens are replaced only under keys
that hold colours, so a user's text that looks like one stays text.

The categorical colours were searched in OKLab for distance under normal vision and three colour-vision deficiencies
(Machado 2009, severity 1); both modes keep the hue family of each slot.
"""

from __future__ import annotations

import re
from typing import Any, Literal

Mode = Literal["light", "dark", "print", "tokens"]

FONT = "Inter, 'Helvetica Neue', Arial, sans-serif"
LIGHT = {
    "canvas": "#F5F6F9",
    "card": "#FFFFFF",
    "line": "#DDE2EA",
    "ink": "#17202E",
    "muted": "#566275",
    "grid": "#E6EAF0",
    "axis": "#C3CBD7",
    "reference": "#7A8699",
    "quiet": "#D9DFE8",
    "accent": "#2A56C6",
    "first": "#2A56C6",
    "second": "#E5761A",
    "third": "#1F9E98",
    "fourth": "#6B1160",
    "good": "#13795B",
    "warn": "#B45309",
    "bad": "#C4314B",
    "good_soft": "#E3F4EE",
    "warn_soft": "#FCEFE0",
    "bad_soft": "#FBE9EC",
    "accent_soft": "#E8EEFB",
    "hover": "#17202E",
    "hover_ink": "#FFFFFF",
    "tide_a": "#141C54",
    "tide_b": "#23409F",
    "tide_c": "#2F6BC4",
    "tide_d": "#2F93BE",
    "tide_e": "#45B7A8",
    "tide_f": "#8FD3A0",
    "tide_g": "#EFEBAF",
}
DARK = {
    "canvas": "#0D121A",
    "card": "#151B24",
    "line": "#273140",
    "ink": "#E6EAF1",
    "muted": "#A7B2C4",
    "grid": "#222B38",
    "axis": "#3A4658",
    "reference": "#8794A8",
    "quiet": "#2A3546",
    "accent": "#8FB4FF",
    "first": "#4488F5",
    "second": "#EBA465",
    "third": "#38E2C8",
    "fourth": "#B04FA9",
    "good": "#3ED0A2",
    "warn": "#F5A35C",
    "bad": "#FF7A8E",
    "good_soft": "#10332B",
    "warn_soft": "#3A2613",
    "bad_soft": "#3A1B24",
    "accent_soft": "#182746",
    "hover": "#E6EAF1",
    "hover_ink": "#10161F",
    "tide_a": "#3B4BA3",
    "tide_b": "#3863C2",
    "tide_c": "#3A84CF",
    "tide_d": "#43A7C2",
    "tide_e": "#5CC3AB",
    "tide_f": "#9CDCA7",
    "tide_g": "#F3F0BB",
}
TIDE = [[place / 6, f"$tide_{name}"] for place, name in enumerate("abcdefg")]
"""A scale of colours from low to high; its lightness only grows, under colour-vision deficiencies as well."""

PALETTES: dict[str, dict[str, str]] = {"light": LIGHT, "dark": DARK, "print": {**LIGHT, "canvas": "#FFFFFF"}}

_AXIS: dict[str, Any] = {
    "gridcolor": "$grid",
    "gridwidth": 1,
    "zeroline": False,
    "linecolor": "$axis",
    "ticks": "",
    "automargin": True,
    "tickfont": {"size": 12, "color": "$muted"},
    "title": {"font": {"size": 12, "color": "$muted"}, "standoff": 10},
}
TEMPLATE: dict[str, Any] = {
    "layout": {
        "font": {"family": FONT, "size": 13, "color": "$ink"},
        "colorway": ["$first", "$second", "$third", "$fourth"],
        "paper_bgcolor": "$card",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "xaxis": {**_AXIS, "showgrid": False, "showline": True},
        "yaxis": _AXIS,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.03,
            "yanchor": "bottom",
            "font": {"size": 12, "color": "$muted"},
            "bgcolor": "rgba(0,0,0,0)",
        },
        "hoverlabel": {
            "bgcolor": "$hover",
            "bordercolor": "$hover",
            "font": {"family": FONT, "size": 12, "color": "$hover_ink"},
        },
        "hovermode": "closest",
        "bargap": 0.12,
        "barcornerradius": 3,
    }
}

COLOURED = ("color", "colorway", "colorscale")
"""How keys end that hold colours."""

_TOKEN = re.compile(r"\$([a-z_]+)(?:/(0?\.\d+|1|0))?")


def colour(token: str, palette: dict[str, str]) -> str:
    """The colour a token stands for: `#RRGGBB`, or `rgba(…)` where it names an opacity; other text as it is."""
    match = _TOKEN.fullmatch(token)
    if match is None or match[1] not in palette:
        return token
    tone = palette[match[1]]
    if match[2] is None:
        return tone
    red, green, blue = (int(tone[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{match[2]})"


def paint(figure: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """A copy of the figure with its colour tokens replaced for `mode` (mode "tokens" leaves them)."""
    if mode == "tokens":
        return figure
    painted = _painted(figure, PALETTES[mode], of_colour=False)
    assert isinstance(painted, dict)
    return painted


def _painted(value: Any, palette: dict[str, str], of_colour: bool) -> Any:
    if isinstance(value, dict):
        return {
            key: _painted(part, palette, key.endswith(("color", "colorway", "colorscale")))
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_painted(part, palette, of_colour) for part in value]
    return colour(value, palette) if of_colour and isinstance(value, str) else value


def css_variables() -> str:
    """The palette as CSS custom properties `--pl-<name>` that follow the colour scheme of the element using them."""
    pairs = (f"--pl-{name.replace('_', '-')}:light-dark({LIGHT[name]},{DARK[name]})" for name in LIGHT)
    return ":root{" + ";".join(pairs) + "}"
