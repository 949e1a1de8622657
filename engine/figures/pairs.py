"""Rows as the browser shows them, side by side: the most confidently wrong, or those that somebody chose."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.figures import answers, words
from engine.types import Result

LONGEST = 6000
"""Characters of one text that travel to the browser."""

Row = Mapping[str, Any]


def worst_rows(result: Result) -> list[dict[str, Any]]:
    """Each of `result.pairs`, else of `result.items`, with what was said, its facts and its one or two sides.

    All of it is text as it was given; whoever shows it makes text of it, never markup.
    """
    if result.analysis in _OWN:
        return [_OWN[result.analysis](row) for row in result.pairs or result.items]
    return [_pair(row) for row in result.pairs] or [_item(row) for row in result.items]


def chosen_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows that somebody chose, in the same form; of those without a margin the label alone is said."""
    return [_chosen(row) for row in rows]


def _chosen(row: Row) -> dict[str, Any]:
    if "reward" in row:
        return _chosen_answer(row)
    return _chosen_item(row) if "value" in row or "truth" in row else _chosen_pair(row)


def _chosen_answer(row: Row) -> dict[str, Any]:
    """An answer that a policy gave in training."""
    reward, step = words.number(row.get("reward"), 3), row.get("step")
    said = f"Reward {reward}" + (f" at step {step}" if step is not None else "")
    facts = [*answers.facts(row), *_common(row)]
    side = {"name": row.get("run") or "Answer", "badge": "", "tone": "plain", "score": row.get("reward")}
    return {
        "said": said,
        "facts": facts,
        "sides": [{**side, "text": _text(row, "text")}],
        **_head({**row, "sure": reward}),
    }


def _chosen_pair(row: Row) -> dict[str, Any]:
    label, margin = row.get("label"), row.get("margin")
    better = "" if label is None else "Tie" if label == 0.5 else f"{_named(row, 'a' if label > 0.5 else 'b')} preferred"
    if margin is None:
        sides = [_chosen_side(row, "a", (label or 0.5) > 0.5), _chosen_side(row, "b", (label or 0.5) < 0.5)]
        facts = [("Label", words.number(label, 2)), *_common(row)]
        return {"said": better or "No label", "facts": facts, "sides": sides, **_head({**row, "sure": _won(label)})}
    sure = 1 / (1 + math.exp(-abs(float(margin))))
    if label is not None:
        return _pair({**row, "confidence": sure})
    said = f"Prefers {_named(row, 'a' if margin > 0 else 'b')} with {words.confidence(sure)}; no label"
    sides = [_chosen_side(row, "a", None), _chosen_side(row, "b", None)]
    facts = [("Margin", words.number(margin, 2)), *_common(row)]
    return {"said": said, "facts": facts, "sides": sides, **_head({**row, "confidence": sure})}


def _won(label: float | None) -> str:
    return "–" if label is None else "Tie" if label == 0.5 else "A" if label > 0.5 else "B"


def _named(row: Row, letter: str) -> str:
    return str(row.get(f"item_{letter}") or letter.upper())


def _chosen_side(row: Row, letter: str, preferred: bool | None) -> dict[str, Any]:
    side = _side(row, letter, False, bool(preferred), preferred is None)
    return {**side, "badge": "preferred" if preferred else ""}


def _chosen_item(row: Row) -> dict[str, Any]:
    score, truth = words.number(row.get("value"), 3), row.get("truth")
    said = f"Scored {score}" + (f"; the truth is {words.number(truth, 2)}" if truth is not None else "")
    shown = _item({**row, "confidence": 0.0})
    side = {**shown["sides"][0], "tone": "plain"}
    return {**shown, "said": said, "sides": [side], **_head({**row, "sure": score})}


def _pair(row: Row) -> dict[str, Any]:
    prefers_a = _number(row, "margin") > 0
    label = _number(row, "label")
    right = "a tie" if label == 0.5 else "A" if label > 0.5 else "B"
    said = f"Prefers {'A' if prefers_a else 'B'} with {words.confidence(row['confidence'])}; right is {right}"
    facts = [("Margin", words.number(row.get("margin"), 2)), ("Label", words.number(label, 2)), *_common(row)]
    sides = [
        _side(row, "a", prefers_a, label > 0.5, label == 0.5),
        _side(row, "b", not prefers_a, label < 0.5, label == 0.5),
    ]
    return {"said": said, "facts": facts, "sides": sides, **_head(row)}


def _side(row: Row, letter: str, preferred: bool, right: bool, tie: bool) -> dict[str, Any]:
    badge = "preferred by the model" if preferred else "" if tie else "preferred by the label" if right else ""
    tone = "bad" if preferred and not right else "good" if right else "plain"
    item = row.get(f"item_{letter}")
    name = f"{letter.upper()} · {item}" if item else letter.upper()
    return {
        "name": name,
        "badge": badge,
        "tone": tone,
        "score": row.get(f"score_{letter}"),
        "text": _text(row, f"text_{letter}"),
    }


def _item(row: Row) -> dict[str, Any]:
    said = f"Says {words.confidence(row['confidence'])}; the truth is {words.number(row.get('truth'), 2)}"
    side = {
        "name": row.get("item") or "Answer",
        "badge": "",
        "tone": "bad",
        "score": row.get("value"),
        "text": _text(row, "text"),
    }
    facts = [("Score", words.number(row.get("value"), 3)), ("Truth", words.number(row.get("truth"), 2)), *_common(row)]
    return {"said": said, "facts": facts, "sides": [side], **_head(row)}


def _promising(row: Row) -> dict[str, Any]:
    """An answer of a policy: what its proxy reward promises beyond gold, where both are known."""
    gap = words.number(row.get("confidence"), 2)
    said = f"Promises {gap} more than gold gives"
    named = (("Reward", "reward"), ("Gold", "gold"), ("KL", "kl"), ("Length", "length"))
    facts = [(name, words.number(row[key], 2)) for name, key in named if row.get(key) is not None]
    if row.get("step") is not None:
        facts.insert(0, ("Step", words.count(row["step"])))
    side = {
        "name": row.get("run") or "Answer",
        "badge": "",
        "tone": "bad",
        "score": row.get("reward"),
        "text": _text(row, "text"),
    }
    return {"said": said, "facts": [*facts, *_common(row)], "sides": [side], **_head({**row, "sure": gap})}


def _head(row: Row) -> dict[str, Any]:
    known = {name: row.get(name) for name in ("prompt", "margin", "value")}
    sure = row.get("sure") or words.confidence(row["confidence"])
    return {**known, "sure": sure, "prompt_text": _text(row, "prompt_text")}


def _common(row: Row) -> list[tuple[str, str]]:
    named = [
        ("Prompt", row.get("prompt")),
        ("Judge", row.get("judge")),
        ("Annotator", row.get("annotator")),
        ("Line", row.get("source_line")),
    ]
    slices = row.get("slices", {}).items()
    return [(name, str(value)[:120]) for name, value in [*named, *slices] if value not in (None, "")]


def _text(row: Row, name: str) -> str:
    text = str(row.get(name) or "")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text) - LONGEST:,} more characters in the file)"


def _number(row: Row, name: str) -> float:
    value = row.get(name)
    return 0.0 if value is None else float(value)


_OWN: Mapping[str, Callable[[Row], dict[str, Any]]] = {"drift": _chosen, "hackwatch": _promising}
"""How the rows of an analysis are told that are no mistakes."""
