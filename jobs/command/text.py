"""A result for people at a terminal: the sentence first, then everything behind it."""

from __future__ import annotations

import shutil
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from engine.figures.words import number
from engine.reports.words import bounds, cell, counts, named_items, rows_title, value
from engine.types import Result
from engine.words import amount

WIDEST = 110
NAMED = (
    "value",
    "low",
    "high",
    "n",
    "prompts",
    "rank_low",
    "rank_high",
    "agreement",
    "tie_rate",
    "best",
    "flags",
    "metric",
    "alarm",
    "change",
    "monitor",
    "direction",
    "alpha",
)
"""What is shown of models, systems and annotators; --json holds the rest."""

NAMES = 40
ROWS, SLICES = 5, 12
"""Most confidently wrong rows and slices shown; --json and --html hold all."""


def describe(result: Result) -> str:
    """The whole answer as text, ending with a newline."""
    width = min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns)
    parts = [
        textwrap.fill(printable(result.sentence), width),
        _dataset(result.dataset),
        _estimates(result),
        _named(result),
        _slices(result.slices),
        _worst(result, width),
        _warnings(result, width),
        _evidence(result),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def printable(text: str) -> str:
    """The text without control characters: a file must not be able to drive the terminal it is shown in."""
    return "".join(" " if mark in "\n\t\r" else mark for mark in text if _shown(mark))


def _shown(mark: str) -> bool:
    return mark in "\n\t\r" or unicodedata.category(mark)[0] != "C"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()) -> str:
    """Columns under their headings, two spaces apart; those whose place is in `numeric` stand to the right."""
    lines = [list(columns), *(list(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    aligned = (
        "  ".join(
            text.rjust(width) if place in numeric else text.ljust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
    return "\n".join(aligned)


# ------------------------------------------------------------------ the parts


def _dataset(dataset: Mapping[str, Any]) -> str:
    found = [printable(str(dataset[name])) for name in ("format", "kind") if dataset.get(name)]
    reasons = [f"  rejected: {count:,} {reason}" for reason, count in (dataset.get("reasons") or {}).items()]
    return "\n".join([" · ".join([*counts(dataset), *found]), *reasons])


def _estimates(result: Result) -> str:
    rows = [
        [name, value(name, estimate.value), bounds(name, estimate), number(estimate.null_95, 4), estimate.method]
        for name, estimate in result.estimates.items()
    ]
    level = next((estimate.level for estimate in result.estimates.values()), 0.95)
    return table(["estimate", "value", f"{level:.0%} interval", "null 95%", "method"], rows, numeric=(1, 2, 3))


def _named(result: Result) -> str:
    columns, rows = named_items(result)
    if not rows:
        return ""
    shown = [place for place, name in enumerate(columns) if name in NAMED or place < 1]
    cells = [[printable(cell(row[place])) for place in shown] for row in rows[:NAMES]]
    numeric = [at for at, place in enumerate(shown) if _is_number(rows[0][place])]
    more = f"\n… and {len(rows) - NAMES} more with --json" if len(rows) > NAMES else ""
    return f"{table([columns[place] for place in shown], cells, numeric)}{more}"


def _slices(slices: Sequence[Mapping[str, Any]]) -> str:
    if not slices:
        return ""
    slices = [_slice(one) for one in slices]
    columns = list(dict.fromkeys(name for one in slices for name in one))
    rows = [[printable(cell(one.get(name))) for name in columns] for one in slices[:SLICES]]
    numeric = [place for place, name in enumerate(columns) if _is_number(slices[0].get(name))]
    more = f"\n… and {len(slices) - SLICES} more with --json" if len(slices) > SLICES else ""
    return f"Slices\n{table(columns, rows, numeric)}{more}"


def _slice(one: Mapping[str, Any]) -> dict[str, Any]:
    """Without the flag: an approximate number of prompts says so itself."""
    shown = {name: value for name, value in one.items() if name != "prompts_approximate"}
    return {**shown, "prompts": f"~{cell(one['prompts'])}"} if one.get("prompts_approximate") else shown


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _worst(result: Result, width: int) -> str:
    rows = result.pairs or [item for item in result.items if "row_hash" in item]
    if not rows:
        return ""
    lines = [f"{rows_title(result.analysis)} ({min(ROWS, len(rows))} of {len(rows)}; all with --json or --html)"]
    for row in rows[:ROWS]:
        place = f"line {row['source_line']}" if row.get("source_line") is not None else str(row.get("prompt") or "")
        text = row.get("prompt_text") or row.get("text") or row.get("prompt") or ""
        line = f"  {number(row.get('confidence'), 4)}  {printable(place)}  {printable(str(text)[:WIDEST])}"
        lines.append(line if len(line) <= width else line[: width - 1] + "…")
    return "\n".join(lines)


def _warnings(result: Result, width: int) -> str:
    if not result.warnings:
        return ""
    lines = [
        textwrap.fill(
            f"{notice.code}: {printable(notice.message)}", width, initial_indent="  ", subsequent_indent="    "
        )
        for notice in result.warnings
    ]
    return "\n".join(["Warnings", *lines])


def _evidence(result: Result) -> str:
    proof = result.evidence
    used = f"{amount(proof.rows, 'row')}, seed {proof.seed}, {proof.duration_ms:.0f} ms"
    what = f"{proof.analysis} {proof.analysis_version}, {used}"
    return "\n".join(["Evidence", f"  {what}", f"  sha256 {proof.sha256}", f"  {printable(proof.command)}"])
