"""The pictures of over-optimisation: the frontier, the same over steps, runs, components, length and entropy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.along import along
from engine.figures.chart import Cell, Chart, Table, figure
from engine.figures.forest import Across, Mark, forest
from engine.figures.frontier import AXIS, frontier, ticks
from engine.types import Result
from engine.words import amount

HEIGHT = 300
TONES = ("first", "second", "third", "fourth")
MOST = 24
SAID = {
    "passed": "passed",
    "not_reached": "still rising",
    "near_peak": "near its peak",
    "unclear": "unclear",
}
COLUMNS = ["Verdict", "Points", "KL now", "Peak", "Low", "High", "Lost", "Lost, low", "Lost, high"]
FIELDS = ("verdict", "points", "kl_now", "peak", "low", "high", "lost", "lost_low", "lost_high")

Picture = Mapping[str, Any]


def overoptimisation(result: Result) -> dict[str, Chart | None]:
    """The charts of over-optimisation by name."""
    pictures, rollouts = result.pictures, result.dataset.get("kind") == "rollout"
    return {
        "frontier": frontier(pictures.get("frontier"), rollouts, result.verdict),
        "steps": _steps(pictures.get("steps")),
        "beside": _beside(pictures.get("beside")),
        "runs": _peaks(pictures.get("runs"), "Runs", "Run") if len(result.dataset.get("runs") or ()) > 1 else None,
        "components": _peaks(pictures.get("components"), "Components", "Component"),
    }


def _steps(picture: Picture | None) -> Chart | None:
    """Rewards over steps, and the KL on an axis of its own."""
    if not picture or not picture["kl"]["step"]:
        return None
    lines = [(str(one["name"]), one, TONES[one["role"] == "proxy"]) for one in picture["lines"]]
    data = [_line(name, one, tone, place + 1, place == 0, "y") for place, (name, one, tone) in enumerate(lines)]
    data.append(_line("KL (right axis)", picture["kl"], "third", len(lines) + 1, not lines, "y2"))
    layout = {
        "height": HEIGHT,
        "xaxis": {"title": {"text": "Step"}},
        "yaxis": {"title": {"text": "Reward"}, "tickformat": "~g"},
        "yaxis2": _right(),
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
    }
    ends = [(name, one["value"]) for name, one, _ in (*lines, ("the KL", picture["kl"], ""))]
    alt = "; ".join(f"{name} from {words.number(value[0])} to {words.number(value[-1])}" for name, value in ends)
    rows: list[list[Cell]] = [
        [name, step, value]
        for name, one in (*((name, one) for name, one, _ in lines), ("KL", picture["kl"]))
        for step, value in zip(one["step"], one["value"], strict=True)
    ]
    return Chart("Over steps", figure(data, **layout), f"Over steps: {alt}.", Table(["Metric", "Step", "Value"], rows))


def _line(name: str, line: Picture, tone: str, rank: int, keyed: bool, axis: str) -> dict[str, Any]:
    told = words.plain(name)
    read = [f"Step {at:,.0f}: {words.number(value)}" for at, value in zip(line["step"], line["value"], strict=True)]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": words.finite(line["step"]),
        "y": words.finite(line["value"]),
        "name": told,
        "showlegend": False,
        "yaxis": axis,
        "line": {"color": f"${tone}", "width": 1.6},
        "hovertemplate": f"{told}<br>step %{{x:,}}: %{{y:.4~g}}<extra></extra>",
        "meta": {
            "key": told,
            "rank": rank,
            "toggle": True,
            **({"points": True, "read": read} if keyed else {}),
            **along("step"),
        },
    }


def _right() -> dict[str, Any]:
    return {
        "overlaying": "y", "side": "right", "showgrid": False, "zeroline": False, "tickformat": ".3~g",
        "tickmode": "auto", "nticks": 6, "automargin": True, "tickfont": {"size": 12, "color": "$muted"},
    }  # fmt: skip


def _beside(picture: Picture | None) -> Chart | None:
    """Length on the left axis, entropy on the right one, over √KL."""
    lines: Sequence[Picture] = picture["lines"][:2] if picture else []
    if not lines:
        return None
    data = []
    for place, line in enumerate(lines):
        name = words.plain(str(line["name"])).replace("_", " ").capitalize()
        trace = _line(
            name + (" (right axis)" if place else ""),
            line,
            TONES[place + 2],
            place + 1,
            place == 0,
            "y2" if place else "y",
        )
        told = zip(line["d"], line["value"], strict=True)
        read = {"read": [f"KL {d * d:.3g}: {words.number(value)}" for d, value in told]} if place == 0 else {}
        trace |= {
            "mode": "markers",
            "x": words.finite(line["d"]),
            "marker": {"size": 4, "color": f"${TONES[place + 2]}", "opacity": 0.75},
            "customdata": [
                [d * d, cohort.within("step", step, step)] for d, step in zip(line["d"], line["step"], strict=True)
            ],
            "hovertemplate": f"{name}<br>KL %{{customdata[0]:.3~g}}: %{{y:.4~g}}<extra></extra>",
            "meta": {**{name: part for name, part in trace["meta"].items() if name != "along"}, **read, "where": 1},
        }
        data.append(trace)
    most = max(max(line["d"]) for line in lines)
    layout: dict[str, Any] = {
        "height": HEIGHT,
        "xaxis": {"title": {"text": AXIS}, **ticks(most)},
        "yaxis": {"tickformat": "~g"},
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
    }
    if len(lines) > 1:
        layout["yaxis2"] = _right()
    said = "; ".join(
        f"{line['name']} from {words.number(line['value'][0])} to {words.number(line['value'][-1])}" for line in lines
    )
    rows: list[list[Cell]] = [
        [str(line["name"]), step, d * d, value]
        for line in lines
        for step, d, value in zip(line["step"], line["d"], line["value"], strict=True)
    ]
    columns = ["Metric", "Step", "KL, nats", "Value"]
    return Chart("Length and entropy", figure(data, **layout), f"Over the KL: {said}.", Table(columns, rows))


def _peaks(picture: Picture | None, title: str, noun: str) -> Chart | None:
    """The set of the peak of each run or component; those of which none is told have no mark but stand in the table."""
    if not picture or not picture["name"]:
        return None
    entries = [{name: picture[name][place] for name in ("name", *FIELDS)} for place in range(len(picture["name"]))]
    told = [entry for entry in entries if entry["low"] is not None][:MOST]
    most = 1.1 * max((entry[name] or 0.0 for entry in told for name in ("high", "low", "kl_now")), default=0.0)
    marks = [_mark(entry, title == "Runs", most) for entry in told]
    if not marks:
        return None
    rows: list[list[Cell]] = [[str(entry["name"]), *_cells(entry)] for entry in entries]
    passed = sum(entry["verdict"] == "passed" for entry in entries)
    alt = f"{passed} of {amount(len(entries), noun.lower())} surely passed a peak."
    across = Across("KL of the peak, nats", None, ".3~g")
    return forest(title, title.lower(), marks, across, alt, Table([noun, *COLUMNS], rows))


def _cells(entry: Picture) -> list[Cell]:
    return [SAID[entry["verdict"]], *(entry[name] for name in FIELDS[1:])]


def _mark(entry: Picture, picks: bool, most: float) -> Mark:
    """Without a likeliest place the mark stands where the set begins; without an upper end its line goes to `most`."""
    value = entry["low"] if entry["peak"] is None else entry["peak"]
    name, said = str(entry["name"]), SAID[entry["verdict"]]
    high = "no upper end" if entry["high"] is None else f"to {entry['high']:.3g}"
    where = f"set from {entry['low']:.3g} {high}"
    tone = {"passed": "$bad", "not_reached": "$good"}.get(entry["verdict"], "$reference")
    notes = (said, where, f"now {entry['kl_now']:.3g}")
    end = most if entry["high"] is None else entry["high"]
    own = cohort.one_of("run", [name]) if picks and name != "run" else ""
    return Mark(name, value, entry["low"], end, f"{name}: {said}, {where}", tone, notes, name if picks else "", own)
