"""Answers of a policy as the browser shows them: lines of a list, one answer with its tokens, a prompt's course.

All of it is text and numbers as they were given; whoever shows it makes text of it, never markup.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from engine.figures import words

LONGEST, SNIPPET = 60_000, 240
"""Characters of one text that travel with a single answer, and with a line of the list."""

MOST_TOKENS = 8_192
"""Tokens of an answer that are shown one by one."""

COMPONENT = "reward."
GAP = "gap"
LABELS: Mapping[str, str] = {
    "reward": "Reward",
    "gold": "Gold reward",
    GAP: "Reward less gold",
    "advantage": "Advantage",
    "kl": "KL",
    "entropy": "Entropy",
    "length": "Length",
    "truncated": "Truncated",
    "step": "Step",
}
_WHOLE = ("length", "step")
_TOKEN_NUMBERS = ("logprob", "ref_logprob", "value", "reward")

Row = Mapping[str, Any]


def sorts(fields: Sequence[str]) -> list[dict[str, str]]:
    """What rows can be sorted by where these columns are not empty."""
    known = [name for name in LABELS if name in fields or (name == GAP and {"reward", "gold"} <= set(fields))]
    parts = [name for name in fields if name.startswith(COMPONENT)]
    return [{"name": name, "label": label(name)} for name in [*known, *parts]]


def label(name: str) -> str:
    """What a column is called; a component by its own name."""
    return LABELS.get(name) or name.removeprefix(COMPONENT)


def lines(rows: Sequence[Row], sort: str) -> list[dict[str, Any]]:
    """Each row as a line of the list: its numbers, what it is sorted by, and how its texts begin."""
    return [_line(row, sort) for row in rows]


def _line(row: Row, sort: str) -> dict[str, Any]:
    numbers = {name: _finite(row.get(name)) for name in ("step", "reward", "length", "kl", "truncated")}
    return {
        "row": str(row["row_hash"]),
        **numbers,
        "key": _finite(_gap(row) if sort == GAP else row.get(sort)),
        "run": _cut(row.get("run"), 48),
        "prompt": _cut(row.get("prompt_text") or row.get("prompt"), SNIPPET),
        "text": _cut(row.get("text"), SNIPPET),
    }


def answer(row: Row) -> dict[str, Any]:
    """One answer with its facts, its whole texts, and what is known of each of its tokens."""
    return {
        "row": str(row["row_hash"]),
        "step": _finite(row.get("step")),
        "reward": _finite(row.get("reward")),
        "prompt": row.get("prompt"),
        "facts": [*facts(row), *_others(row)],
        "prompt_text": _cut(row.get("prompt_text"), LONGEST),
        "text": _cut(row.get("text"), LONGEST),
        "tokens": tokens(row.get("tokens")),
    }


def facts(row: Row) -> list[tuple[str, str]]:
    """The numbers of an answer in words, components last."""
    told = [(LABELS[name], _number(name, row.get(name))) for name in LABELS if row.get(name) is not None]
    if "reward" in row and "gold" in row:
        told.append((LABELS[GAP], _number(GAP, _gap(row))))
    parts = sorted(name for name in row if name.startswith(COMPONENT))
    return told + [(label(name), _number(name, row[name])) for name in parts if row[name] is not None]


def _others(row: Row) -> list[tuple[str, str]]:
    named = [("Run", row.get("run")), ("Prompt", row.get("prompt")), ("Line", row.get("source_line"))]
    return [(name, str(value)[:120]) for name, value in [*named, *row.get("slices", {}).items()] if value is not None]


def tokens(held: str | None) -> dict[str, Any] | None:
    """By what is known of each token a list; `ratio` is log-prob less reference. None where nothing can be shown."""
    if not held:
        return None
    given = orjson.loads(held)
    size = len(given.get("token", []))
    known = {name: values for name, values in given.items() if name in _TOKEN_NUMBERS and len(values) == size}
    told: dict[str, Any] = {"token": [str(token) for token in given.get("token", [])[:MOST_TOKENS]], "left": 0}
    told["left"] = max(size - MOST_TOKENS, 0)
    told |= {name: [_finite(value) for value in values[:MOST_TOKENS]] for name, values in known.items()}
    if {"logprob", "ref_logprob"} <= set(told):
        told["ratio"] = [_less(*pair) for pair in zip(told["logprob"], told["ref_logprob"], strict=True)]
    return told if size else None


def course(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The answers to one prompt in order: row, step, run and reward of each."""
    return [_point(row) for row in rows]


def _point(row: Row) -> dict[str, Any]:
    numbers = {name: _finite(row.get(name)) for name in ("step", "reward", "gold", "length", "kl")}
    return {"row": str(row["row_hash"]), "run": _cut(row.get("run"), 48), **numbers}


def _gap(row: Row) -> float | None:
    return _less(row.get("reward"), row.get("gold"))


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _number(name: str, value: float | None) -> str:
    if name == "truncated":
        return "yes" if value else "no"
    return words.count(value) if name in _WHOLE else words.number(value, 3)


def _finite(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and math.isfinite(value) else None


def _cut(text: Any, longest: int) -> str:
    """A text as it was given, up to its `longest` character; what is left out is said of long ones."""
    held = "" if text is None else str(text)
    if len(held) <= longest:
        return held
    more = f"… ({len(held) - longest:,} more characters in the file)" if longest == LONGEST else "…"
    return held[:longest] + more
