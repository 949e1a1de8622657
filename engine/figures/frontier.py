"""Rewards over the KL to the reference: points, both fits with the band, the set of the peak, where the run is.

The axis is √KL, as in the forms of Gao et al., and is labelled in nats.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Cell, Chart, Table, figure

HEIGHT = 420
APART = 4.0
"""How many times the proxy may have moved as far as the gold reward before it gets an axis of its own."""

LABELS = 7
TITLES = {"bon": "Best-of-n form", "rl": "RL form"}
AXIS = "KL to the reference, nats (drawn by its root)"

HOVER = "step %{customdata[1]:,}, KL %{customdata[2]:.3~g}: %{y:.4~g}"

Picture = Mapping[str, Any]


def frontier(picture: Picture | None, rollouts: bool, verdict: str) -> Chart | None:
    """The chart of gold and proxy over √KL; None without a point."""
    lines: Sequence[Mapping[str, Any]] = picture["lines"] if picture else []
    if picture is None or not lines:
        return None
    gold = [line for line in lines if line["role"] == "gold"]
    proxy = [line for line in lines if line["role"] == "proxy"]
    apart = bool(gold and proxy) and _reach(proxy) > APART * _reach(gold)
    names = _names(gold, proxy, apart)
    data = _fitted(picture)
    for number, line in enumerate(proxy):
        data.append(_points(line, names["proxy"], "second", number == 0, rollouts, apart, not gold))
    for number, line in enumerate(gold):
        data.append(_points(line, names["gold"], "first", number == 0, rollouts, False, True))
    most = max(max(line["d"]) for line in lines)
    layout = {
        "height": HEIGHT,
        "xaxis": {"title": {"text": AXIS}, **ticks(most), "range": [-0.02 * most, 1.04 * most]},
        "yaxis": {"title": {"text": "Rise since the start"}, "tickformat": "~g"},
        "margin": {"l": 8, "r": 12, "t": 26, "b": 8},
        **_marked(picture, most),
    }
    if apart:
        layout["yaxis2"] = {
            "overlaying": "y", "side": "right", "showgrid": False, "zeroline": False, "tickformat": ".3~g",
            "tickmode": "auto", "nticks": 6, "automargin": True, "tickfont": {"size": 12, "color": "$second"},
        }  # fmt: skip
    return Chart("Reward over KL", figure(data, **layout), _alternative(picture, gold, proxy, verdict), _table(lines))


def _reach(lines: Sequence[Mapping[str, Any]]) -> float:
    values = [value for line in lines for value in line["value"]]
    return float(max(values) - min(values))


def _names(gold: Sequence[Picture], proxy: Sequence[Picture], apart: bool) -> dict[str, str]:
    names = {}
    for role, lines in (("gold", gold), ("proxy", proxy)):
        metric = words.plain(str(lines[0]["metric"])) if lines else ""
        names[role] = metric if metric == role else f"{role.capitalize()}: {metric}"
    names["proxy"] += " (right axis)" if apart else ""
    return names


def _points(
    line: Picture, name: str, tone: str, first: bool, rollouts: bool, right: bool, keyed: bool
) -> dict[str, Any]:
    """The points of one run."""
    run, steps, kls = str(line["run"]), line["step"], [d * d for d in line["d"]]
    told = words.plain(run)
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "x": words.finite(line["d"]),
        "y": words.finite(line["value"]),
        "marker": {"size": 5, "color": f"${tone}", "opacity": 0.75},
        "hovertemplate": f"{name}<br>{told}, {HOVER}<extra></extra>",
        "customdata": [
            [_where(run, step) if rollouts else "", step, kl] for step, kl in zip(steps, kls, strict=True)
        ],
        "showlegend": False,
    }  # fmt: skip
    meta: dict[str, Any] = {"key": f"{tone}-{told}"}
    if first:
        trace["name"] = name
        meta["rank"] = 1 if tone == "first" else 2
    if first and keyed:
        meta["points"] = True
        meta["read"] = [
            f"Step {step:,.0f}: KL {words.number(kl, 1)}, {words.number(value)}"
            for step, kl, value in zip(steps, kls, line["value"], strict=True)
        ]
    if rollouts:
        meta["where"] = 0
    return {**trace, "meta": meta, **({"yaxis": "y2"} if right else {})}


def _where(run: str, step: float) -> str:
    """The rollouts of one step of a run; the run of a file that names none is not in its rows."""
    at = cohort.within("step", step, step)
    return at if run == "run" else cohort.every(cohort.one_of("run", [run]), at)


def _fitted(picture: Picture) -> list[dict[str, Any]]:
    """The band, and the curve of each form, the one of less evidence dotted."""
    if "fits" not in picture:
        return []
    edge = {
        "type": "scatter", "mode": "lines", "x": picture["d"], "line": {"width": 0}, "hoverinfo": "skip",
        "showlegend": False,
    }  # fmt: skip
    found = [
        {**edge, "y": words.finite(picture["low"])},
        {**edge, "y": words.finite(picture["high"]), "fill": "tonexty", "fillcolor": "$first/0.14"},
    ]
    fits = sorted(picture["fits"], key=lambda one: -one["evidence"])
    for place, one in enumerate(fits):
        tone, dash = ("ink", "solid") if place == 0 else ("reference", "dot")
        name = TITLES[one["form"]] + (f", evidence {words.confidence(one['evidence'])}" if len(fits) > 1 else "")
        found.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": picture["d"],
                "y": words.finite(one["value"]),
                "name": name,
                "showlegend": False,
                "hoverinfo": "skip",
                "line": {"color": f"${tone}", "width": 2, "dash": dash},
                "meta": {"key": one["form"], "rank": 3 + place, "toggle": True},
            }
        )  # fmt: skip
    return found


def _marked(picture: Picture, most: float) -> dict[str, Any]:
    """The set of the peak shaded, its likeliest place and where the run is as lines, each with its word."""
    if "fits" not in picture:
        return {}
    now, peak = float(picture["now"]), picture["peak"]
    shapes, notes = [_line(now, "$ink", "solid")], [_note(now, f"now {_nats(now)}", "$ink", now > most / 2)]
    if peak:
        low, high = float(peak["low"]), most * 1.04 if peak["high"] is None else float(peak["high"])
        ends = {"x0": low, "x1": high, "y0": 0, "y1": 1, "yref": "paper", "layer": "below"}
        if low < most:
            shapes.insert(0, {"type": "rect", **ends, "line": {"width": 0}, "fillcolor": "$fourth/0.12"})
        if peak["value"] is not None:
            at = float(peak["value"])
            shapes.append(_line(at, "$fourth", "dash"))
            near = abs(at - now) < 0.16 * most
            notes.append(_note(at, f"peak {_nats(at)}", "$fourth", not (now > most / 2) if near else at > most / 2))
    return {"shapes": shapes, "annotations": notes}


def _nats(d: float) -> str:
    return f"{d * d:.3g}"


def _line(x: float, colour: str, dash: str) -> dict[str, Any]:
    ends = {"x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper"}
    return {"type": "line", **ends, "line": {"color": colour, "width": 1.5, "dash": dash}}


def _note(x: float, text: str, colour: str, left: bool) -> dict[str, Any]:
    return {
        "x": x, "y": 1, "yref": "paper", "xanchor": "right" if left else "left", "yanchor": "bottom",
        "text": text, "showarrow": False, "font": {"size": 12, "color": colour},
    }  # fmt: skip


def ticks(most: float) -> dict[str, Any]:
    """Round numbers of nats that lie apart when drawn by their roots."""
    step = most / LABELS
    named: list[float] = [0.0]
    while math.sqrt(named[-1]) < most and len(named) < 3 * LABELS:
        named.append(_round_up((math.sqrt(named[-1]) + step) ** 2))
    kept = [value for value in named if math.sqrt(value) <= 1.04 * most]
    return {
        "tickmode": "array",
        "tickvals": [math.sqrt(value) for value in kept],
        "ticktext": [f"{value:,.6g}" for value in kept],
    }


def _round_up(value: float) -> float:
    """The next number of one or two digits that people find round."""
    power = float(10 ** math.floor(math.log10(value)))
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value * (1 - 1e-9))


def _alternative(picture: Picture, gold: Sequence[Picture], proxy: Sequence[Picture], verdict: str) -> str:
    told = [
        f"{words.plain(str(line['metric']))} from 0 to {words.number(line['value'][-1])}"
        for line in (*gold[:1], *proxy[:1])
    ]
    most = max(max(line["d"]) for line in (*gold, *proxy))
    said = f"{' and '.join(told)} over a KL up to {_nats(most)} nats."
    peak = picture.get("peak")
    if not peak or verdict == "proxy_only":
        return f"{said} No peak is marked."
    high = "no upper end" if peak["high"] is None else f"to {_nats(peak['high'])}"
    return f"{said} The peak lies in the set from {_nats(peak['low'])} {high}; the run is at {_nats(picture['now'])}."


def _table(lines: Sequence[Picture]) -> Table:
    rows: list[list[Cell]] = [
        [str(line["run"]), str(line["metric"]), step, d * d, value]
        for line in lines
        for step, d, value in zip(line["step"], line["d"], line["value"], strict=True)
    ]
    return Table(["Run", "Metric", "Step", "KL, nats", "Rise since the start"], rows)
