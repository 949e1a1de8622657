"""Two distributions of one feature: as bars over each other, and as distribution functions."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from engine.figures import words
from engine.figures.chart import Cell, Chart, Table, figure

HEIGHT = 280


def distribution(picture: Mapping[str, Any] | None) -> Chart | None:
    """Shares of the reference and of the window by bar; None where there are none."""
    if not picture or not picture["before"]:
        return None
    edges = picture.get("edges")
    labels = [words.plain(str(label), 22) for label in picture["labels"]]
    places = [(low + high) / 2 for low, high in pairwise(edges)] if edges else list(range(len(labels)))
    said = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)] if edges else labels
    overlaid = "overlay" if edges else "group"
    data = [
        _bars(picture, "before", _reference(picture), "$reference/0.55", places, said),
        _bars(picture, "after", words.plain(str(picture["window"])), "$first/0.55", places, said),
    ]
    named = {} if edges else {"tickmode": "array", "tickvals": places, "ticktext": labels}
    layout = {
        "height": HEIGHT,
        "barmode": overlaid,
        "bargap": 0.04 if edges else 0.3,
        "xaxis": {"title": {"text": words.plain(str(picture["feature"]))}, "tickformat": "~g", **named},
        "yaxis": {"tickformat": ".0%", "nticks": 5, "title": {"text": "Share of rows"}},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    }
    moved = max(range(len(said)), key=lambda place: abs(picture["after"][place] - picture["before"][place]))
    before, after = (words.percent(picture[side][moved]) for side in ("before", "after"))
    alt = (
        f"Distribution of {words.plain(str(picture['feature']))}; {said[moved]} went from {before} to {after} of rows."
    )
    rows: list[list[Cell]] = [list(row) for row in zip(said, picture["before"], picture["after"], strict=True)]
    return Chart("Distribution", figure(data, **layout), alt, Table(["Value", "Reference", "Window"], rows))


def _reference(picture: Mapping[str, Any]) -> str:
    return f"reference {words.plain(str(picture['reference']))}"


def _bars(
    picture: Mapping[str, Any], side: str, name: str, tone: str, places: list[float], said: list[str]
) -> dict[str, Any]:
    values = words.finite(picture[side])
    trace: dict[str, Any] = {
        "type": "bar",
        "x": places,
        "y": values,
        "name": name,
        "showlegend": False,
        "marker": {"color": tone},
        "customdata": [[label] for label in said],
        "hovertemplate": f"{name}<br>%{{customdata[0]}}: %{{y:.1%}}<extra></extra>",
        "meta": {
            "key": side,
            "rank": 1 if side == "before" else 2,
            "points": side == "after",
            "read": [f"{label}: {words.percent(value)}" for label, value in zip(said, values, strict=True)],
        },
    }
    if side == "after" and any(picture["wheres"]):
        trace["customdata"] = [[label, where] for label, where in zip(said, picture["wheres"], strict=True)]
        trace["meta"] |= {"where": 1, "named": 0}
    return trace


def ecdf(picture: Mapping[str, Any] | None) -> Chart | None:
    """Both distribution functions; None for names and for few values."""
    found = (picture or {}).get("ecdf")
    if not picture or not found:
        return None
    lines = [("before", _reference(picture), "$reference"), ("after", words.plain(str(picture["window"])), "$first")]
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": found["x"],
            "y": found[side],
            "name": name,
            "showlegend": False,
            "line": {"color": tone, "width": 2, "shape": "hv"},
            "hovertemplate": f"{name}<br>%{{y:.1%}} are at most %{{x:.4~g}}<extra></extra>",
            "meta": {
                "key": side,
                "rank": rank,
                "points": side == "after",
                "read": [
                    f"{words.percent(y)} are at most {x:.4g}" for x, y in zip(found["x"], found[side], strict=True)
                ],
            },
        }
        for rank, (side, name, tone) in enumerate(lines, start=1)
    ]
    layout = {
        "height": HEIGHT,
        "xaxis": {"title": {"text": words.plain(str(picture["feature"]))}, "tickformat": "~g"},
        "yaxis": {"tickformat": ".0%", "nticks": 5, "title": {"text": "Rows up to there"}},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    }
    widest = max(abs(one - two) for one, two in zip(found["before"], found["after"], strict=True))
    alt = f"Distribution functions of {words.plain(str(picture['feature']))}, at most {words.number(widest)} apart."
    rows: list[list[Cell]] = [list(row) for row in zip(found["x"], found["before"], found["after"], strict=True)]
    return Chart("Distribution functions", figure(data, **layout), alt, Table(["Value", "Reference", "Window"], rows))
