"""Slices as a forest: how much each one deviates from the rest after the global recalibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.figures import words
from engine.figures.chart import Cell, Chart, Table, figure
from engine.words import amount

MOST = 16
"""Slices drawn; the table holds all of them."""

ROW_HEIGHT = 30
HOVER = "%{customdata[0]}<br>%{x:+.3f} against the rest<br>%{customdata[1]}, %{customdata[2]}<extra></extra>"


def slices(entries: Sequence[Mapping[str, Any]]) -> Chart | None:
    """The forest of the slices that have an effect, the largest deviation first; None where there is none.

    An entry has `column`, `value`, `prompts`, `rows`, `effect` (mean of recalibrated prediction less outcome, in the
    slice less in its complement, in probability: above 0 is over-confident), `low`, `high` and `confirmed`.
    """
    known = [entry for entry in entries if entry.get("effect") is not None]
    if not known:
        return None
    ranked = sorted(known, key=lambda entry: -abs(entry["effect"]))
    shown = ranked[:MOST][::-1]
    return Chart(
        title="Slices",
        figure=figure([_marks(shown)], **_layout(shown)),
        alt=_alternative(ranked),
        table=_table(ranked),
    )


def finding(entry: Mapping[str, Any]) -> str:
    """What is known about a slice, in words."""
    if not entry.get("confirmed"):
        return "not confirmed"
    return "over-confident here" if entry["effect"] > 0 else "under-confident here"


def label(entry: Mapping[str, Any]) -> str:
    """`column=value`, as the filter writes it."""
    return f"{entry['column']}={entry['value']}"


def _prompts(entry: Mapping[str, Any]) -> str:
    return amount(entry.get("prompts") or 0, "prompt", approximate=bool(entry.get("prompts_approximate")))


def _marks(shown: list[Mapping[str, Any]]) -> dict[str, Any]:
    low = [_or_effect(entry, "low") for entry in shown]
    high = [_or_effect(entry, "high") for entry in shown]
    effect = [float(entry["effect"]) for entry in shown]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": effect,
        "y": list(range(len(shown))),
        "customdata": [
            [
                words.plain(label(entry)),
                _prompts(entry),
                finding(entry),
                label(entry),
            ]
            for entry in shown
        ],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [top - middle for top, middle in zip(high, effect, strict=True)],
            "arrayminus": [middle - bottom for bottom, middle in zip(low, effect, strict=True)],
            "color": "$axis",
            "thickness": 2,
            "width": 0,
        },
        "marker": {"size": 10, "color": [_tone(entry) for entry in shown], "line": {"color": "$card", "width": 1.5}},
        "hovertemplate": HOVER,
        "name": "Slices",
        "showlegend": False,
        "meta": {"key": "slices", "points": True, "pick": 3, "read": [_aloud(entry) for entry in shown]},
    }


def _aloud(entry: Mapping[str, Any]) -> str:
    interval = words.interval("", entry.get("low"), entry.get("high"))
    return f"{label(entry)}: {words.number(entry['effect'])} {interval} against the rest, {finding(entry)}"


def _or_effect(entry: Mapping[str, Any], side: str) -> float:
    value = entry.get(side)
    return float(entry["effect"] if value is None else value)


def _tone(entry: Mapping[str, Any]) -> str:
    if not entry.get("confirmed"):
        return "$reference"
    return "$bad" if entry["effect"] > 0 else "$third"


def _layout(shown: list[Mapping[str, Any]]) -> dict[str, Any]:
    reach = max(max(abs(_or_effect(entry, side)) for side in ("low", "high")) for entry in shown) * 1.1 or 0.1
    return {
        "height": 64 + ROW_HEIGHT * len(shown),
        "xaxis": {
            "title": {"text": "← under-confident   ·   over-confident →"},
            "range": [-reach, reach],
            "tickformat": "~g",
            "showgrid": True,
            "nticks": 7,
        },
        "yaxis": {
            "tickmode": "array",
            "tickvals": list(range(len(shown))),
            "ticktext": [words.plain(label(entry), 32) for entry in shown],
            "range": [-0.7, len(shown) - 0.3],
            "showgrid": False,
            "fixedrange": True,
        },
        "shapes": [
            {
                "type": "line",
                "x0": 0,
                "x1": 0,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": {"color": "$reference", "width": 1.25, "dash": "dot"},
            }
        ],
        "margin": {"l": 8, "r": 12, "t": 4, "b": 8},
    }


def _alternative(ranked: list[Mapping[str, Any]]) -> str:
    first = ranked[0]
    confirmed = sum(bool(entry.get("confirmed")) for entry in ranked)
    return (
        f"{amount(len(ranked), 'slice')} against the rest of the data after recalibration, "
        f"{confirmed} confirmed on held-out prompts. "
        f"The largest deviation is {words.plain(label(first))} with {words.number(first['effect'])}."
    )


def _table(ranked: list[Mapping[str, Any]]) -> Table:
    columns = ["Slice", "Prompts", "Rows", "Effect", "Low", "High", "Verdict"]
    rows: list[list[Cell]] = [
        [
            label(entry),
            entry.get("prompts"),
            entry.get("rows"),
            entry["effect"],
            entry.get("low"),
            entry.get("high"),
            finding(entry),
        ]
        for entry in ranked
    ]
    return Table(columns, rows)
