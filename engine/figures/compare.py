"""The pictures of a comparison: differences as a forest, systems by metric, every pair of systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Cell, Chart, Table
from engine.figures.effects import effects
from engine.figures.forest import Across, Mark, forest
from engine.figures.matrix import Scale, matrix, of_two
from engine.types import Result
from engine.words import amount

MOST = 20
SHORT = 22
"""Characters of a system's name beside another's."""

SHARES = {"accuracy"}
COLUMNS = {"judge", "item", "step"}
"""What may tell systems apart and stands in a column of the rows."""

ELSEWHERE = Across("← the difference is smaller here   ·   larger here →", 0.0)


SLICE_COLUMNS = {
    "column": "Column",
    "value": "Value",
    "prompts": "Prompts",
    "difference": "Difference",
    "effect": "Against the rest",
    "low": "Low",
    "high": "High",
    "q_value": "q",
    "confirmed": "Confirmed",
}


def compare(result: Result) -> dict[str, Chart | None]:
    """The charts of a comparison by name."""
    by = str(result.dataset.get("by", ""))
    return {
        "forest": _differences(result.pictures.get("forest"), by),
        "systems": _systems(result.items, str(result.dataset.get("metric", "")), by),
        "pairs": _pairs(result.pictures.get("pairs"), by),
        "slices": effects(result.slices, ELSEWHERE, words.number, SLICE_COLUMNS),
    }


def _differences(picture: Mapping[str, Any] | None, by: str) -> Chart | None:
    if not picture or not picture["difference"]:
        return None
    rows = [dict(zip(picture, row, strict=True)) for row in zip(*picture.values(), strict=True)]
    first = rows[0]
    alt = (
        f"Differences of {amount(len(rows), 'pair')} of systems on common prompts; the largest is "
        f"{words.plain(first['candidate'])} against {words.plain(first['baseline'])} with "
        f"{words.number(first['difference'])}."
    )
    names = ("candidate", "baseline", "difference", "low", "high", "p", "p_holm", "prompts")
    columns = ["System", "Against", "Difference", "Low", "High", "p", "p, Holm", "Prompts"]
    cells: list[list[Cell]] = [[row[name] for name in names] for row in rows]
    across = Across("← the second is better   ·   the first is better →", 0.0, longest=48)
    short = _short([row[side] for row in rows for side in ("candidate", "baseline")])
    marks = [_mark(row, by, short) for row in rows[:MOST]]
    return forest("Differences", "differences", marks, across, alt, Table(columns, cells))


def _where(by: str, *names: str) -> str:
    """The rows of these systems, where a column tells them apart."""
    return cohort.one_of(by, names) if by in COLUMNS else ""


def _mark(row: Mapping[str, Any], by: str, short: Mapping[str, str]) -> Mark:
    said = words.interval("", row["low"], row["high"])
    label = f"{short[row['candidate']]} − {short[row['baseline']]}"
    clear = row["low"] is not None and row["low"] > 0
    notes = (said, f"p, Holm: {words.p_value(row['p_holm'])}", amount(row["prompts"], "common prompt"))
    aloud = f"{row['candidate']} less {row['baseline']}: {words.number(row['difference'])} {said}"
    tone, where = "$first" if clear else "$reference", _where(by, row["candidate"], row["baseline"])
    return Mark(label, row["difference"], row["low"], row["high"], aloud, tone, notes, where=where)


def _short(names: Sequence[str]) -> dict[str, str]:
    """Names that fit beside another: not long, and without the owner before a slash where that leaves them apart."""
    every = list(dict.fromkeys(names))
    own = [name.rpartition("/")[2] or name for name in every]
    kept = own if len(set(own)) == len(every) else every
    return {name: words.shortened(one, SHORT) for name, one in zip(every, kept, strict=True)}


def _systems(items: Sequence[Mapping[str, Any]], metric: str, by: str) -> Chart | None:
    if not items:
        return None
    marks = [_system(item, by) for item in items[:MOST]]
    alt = f"{metric.capitalize() or 'Value'} of {amount(len(items), 'system')}, each on all of its own prompts."
    names = ("item", "value", "low", "high", "prompts", "n", "best")
    cells: list[list[Cell]] = [[str(item[name]) if name == "best" else item[name] for name in names] for item in items]
    table = Table(["System", metric.capitalize(), "Low", "High", "Prompts", "Rows", "May be best"], cells)
    across = Across(metric, None, ".1%" if metric in SHARES else ".4~g")
    return forest("Systems", "systems", marks, across, alt, table)


def _system(item: Mapping[str, Any], by: str) -> Mark:
    said = words.interval("", item["low"], item["high"])
    aloud = f"{item['item']}: {words.number(item['value'])} {said}"
    tone = "$first" if item["best"] else "$reference"
    notes, where = (said, _prompts(item)), _where(by, item["item"])
    return Mark(item["item"], item["value"], item["low"], item["high"], aloud, tone, notes, where=where)


def _prompts(item: Mapping[str, Any]) -> str:
    return amount(item["prompts"], "prompt")


def _pairs(picture: Mapping[str, Any] | None, by: str) -> Chart | None:
    if not picture or len(picture["systems"]) < 3:
        return None
    names, values = picture["systems"][:MOST], [row[:MOST] for row in picture["difference"][:MOST]]
    reach = max((abs(value) for row in values for value in row if value is not None), default=0.0) or 0.1
    alt = f"Difference of each of {amount(len(names), 'system')} to each other one on common prompts."
    scale = Scale(-reach, reach, True, "+.3f", "%{y} less %{x}")
    prompts = [row[:MOST] for row in picture["prompts"][:MOST]]
    wheres = of_two(by, names) if by in COLUMNS else ()
    return matrix("Every pair", names, names, values, scale, alt, prompts, wheres)
