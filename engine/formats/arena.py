"""Battles of two models with a person's vote: Chatbot Arena in its releases, and MT-Bench's human judgements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from engine.formats.batches import Batch
from engine.formats.names import PAIRS
from engine.formats.plan import Draft, Plan, Sample, fill_shared, shared_columns
from engine.formats.values import FINE, MISSING, Floats, labels, number, numbers, objects, text_of, texts, turns_text
from engine.words import amount

ARENA, MT_BENCH = "arena", "mt_bench"
NAMES = (ARENA, MT_BENCH)

ONE_HOT = ("winner_model_a", "winner_model_b", "winner_tie")
_MARKS = ("conversation_a", "conv_metadata", "anony", "tstamp", "evaluation_session_id", "judge_hash", ONE_HOT[0])
_NOT_MT_BENCH = ("tstamp", "timestamp", "anony", "conv_metadata")
_TEXTS = (("conversation_a", "conversation_b"), ("response_a", "response_b"))
_FEATURES = ("header", "list", "bold")
_BAD = frozenset({"tie (bothbad)", "tie (both bad)", "both_bad", "bothbad", "both bad"})


def recognise(sample: Sample, _mapping: Mapping[str, str]) -> Plan | None:
    """By two models and the winner, with a conversation, the counts of its style, or a mark of the arena beside them.

    A file that holds scores or a margin besides is a table of pairs.
    """
    decided = sample.has("winner") or sample.has(*ONE_HOT)
    if not (sample.has("model_a", "model_b") and decided) or not any(name in sample.names for name in _MARKS):
        return None
    if sample.find((*PAIRS["score_a"], *PAIRS["margin"], *PAIRS["probability"])) is not None:
        return None
    plan = Plan(_form(sample), "comparison", {"item_a": "model_a", "item_b": "model_b"})
    plan.columns["label"] = "winner" if sample.has("winner") else ONE_HOT[0]
    for role, name in (("annotator", "judge"), ("annotator", "judge_hash")):
        if name in sample.names:
            plan.columns.setdefault(role, name)
    for pair in _TEXTS:
        if sample.has(*pair):
            plan.columns |= {"text_a": pair[0], "text_b": pair[1]}
            break
    roles: tuple[str, ...] = ("time", "first", "step", "length_a", "length_b")
    if plan.format == MT_BENCH or "text_a" not in plan.columns:
        roles += ("prompt", "prompt_text")
    plan.columns |= shared_columns(sample, roles, frozenset(plan.columns.values()))
    if "conv_metadata" in sample.names:
        plan.columns["style"] = "conv_metadata"
        plan.options["features"] = [each for each in _FEATURES if _counted(sample, each)]
    plan.warn("nothing_to_calibrate", "nothing to calibrate: votes, but no scores and no margin")
    return plan


def _form(sample: Sample) -> str:
    spoken = sample.has("question_id", "turn") and not any(name in sample.names for name in _NOT_MT_BENCH)
    return MT_BENCH if spoken else ARENA


def _counted(sample: Sample, feature: str) -> bool:
    held = [row.get("conv_metadata") for row in sample.rows]
    return any(isinstance(each, dict) and f"{feature}_count_a" in each for each in held)


def convert(batch: Batch, plan: Plan) -> Draft:
    """One row a battle. A tie in which both answers were bad is a tie; `outcome` keeps what it was."""
    draft = Draft(batch.lines)
    words = _winners(batch, plan)
    label, codes = labels(words)
    draft.reject(codes == MISSING, plan.columns["label"], "label_missing")
    draft.reject((codes != FINE) & (codes != MISSING), plan.columns["label"], "label_unknown")
    draft.columns["label"] = label
    _fill_outcome(draft, words, plan)
    _fill_style(draft, batch, plan)
    if "text_a" in plan.columns:
        _fill_talks(draft, batch, plan)
    fill_shared(draft, batch, plan)
    if plan.format == MT_BENCH and "prompt" in draft.columns:
        _name_turns(draft, batch)
    return draft


def _winners(batch: Batch, plan: Plan) -> pa.Array:
    """The winner of each battle as a word; some releases have a column for each outcome."""
    if plan.columns["label"] != ONE_HOT[0]:
        return texts(batch.column(plan.columns["label"]))
    held = np.stack([numbers(batch.column(name), flags=True)[0] for name in ONE_HOT])
    sure = np.nan_to_num(held).sum(axis=0) == 1
    place = np.where(sure, np.nan_to_num(held).argmax(axis=0), -1)
    return pa.array([("model_a", "model_b", "tie")[each] if each >= 0 else None for each in place], pa.string())


def _fill_outcome(draft: Draft, words: pa.Array, plan: Plan) -> None:
    said = [(word or "").strip().lower() for word in words.to_pylist()]
    bad = np.array([word in _BAD for word in said], np.bool_)
    tied = draft.columns["label"] == 0.5
    draft.columns["outcome"] = pa.array(
        ["both bad" if worst else "tie" if tie else None for worst, tie in zip(bad, tied, strict=True)], pa.string()
    )
    if total := plan.count("both_bad", int(bad.sum())):
        plan.note("ties_both_bad", f"{amount(total, 'tie')} in which both answers were bad: counted as ties")


def _fill_style(draft: Draft, batch: Batch, plan: Plan) -> None:
    """Lengths in tokens and the counts of headers, lists and bold text; a count may be given by sort and is summed."""
    if "style" not in plan.columns:
        return
    held = [each if isinstance(each, dict) else {} for each in objects(batch.column(plan.columns["style"]))]
    for side in ("a", "b"):
        draft.columns[f"length_{side}"] = _counts(held, f"sum_assistant_{side}_tokens")
        for feature in plan.options["features"]:
            name = feature if feature == "bold" else f"{feature}s"
            draft.columns[f"style.{name}.{side}"] = _counts(held, f"{feature}_count_{side}")


def _counts(held: list[dict[str, Any]], name: str) -> Floats:
    return np.array([_total(each.get(name)) for each in held], np.float64)


def _total(value: Any) -> float:
    """A count, or the sum of the counts of several sorts; NaN where it is none."""
    parts = list(value.values()) if isinstance(value, dict) else [value]
    total = sum(number(each)[0] for each in parts) if parts else np.nan
    return float(total) if 0 <= total < 2**31 else np.nan


# ------------------------------------------------------------------ what was said


def _fill_talks(draft: Draft, batch: Batch, plan: Plan) -> None:
    """The first user turn as the prompt's text, what came after it as the answers."""
    asked = objects(batch.column("prompt")) if plan.columns["text_a"] == "response_a" else [None] * len(batch)
    sides = [[_talk(each) for each in objects(batch.column(plan.columns[role]))] for role in ("text_a", "text_b")]
    spoken = [_first_turn(_talk(prompt)) or _first_turn(talk) for prompt, talk in zip(asked, sides[0], strict=True)]
    draft.columns["prompt_text"] = pa.array(spoken, pa.string())
    for role, side in zip(("text_a", "text_b"), sides, strict=True):
        draft.columns[role] = pa.array([_answer(talk) for talk in side], pa.string())


def _talk(value: Any) -> Any:
    """Turns, which some releases keep as JSON text."""
    if isinstance(value, str) and value[:1] == "[":
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _first_turn(talk: Any) -> str | None:
    if isinstance(talk, list) and talk:
        return _content(talk[0])
    return talk if isinstance(talk, str) else None


def _content(turn: Any) -> str | None:
    """The text of a turn, whose content may be a list of parts of which some are pictures."""
    held = turn.get("content") if isinstance(turn, dict) else turn
    if isinstance(held, list):
        parts = [part.get("text") for part in held if isinstance(part, dict)]
        return "\n".join(part for part in parts if isinstance(part, str)) or None
    return text_of(held)


def _answer(talk: Any) -> str | None:
    if not isinstance(talk, list):
        return text_of(talk)
    turns = talk[1:] if talk and isinstance(talk[0], dict) else talk
    plain = [
        {"role": turn.get("role"), "content": _content(turn)} if isinstance(turn, dict) else turn for turn in turns
    ]
    return turns_text(plain) if plain else None


def _name_turns(draft: Draft, batch: Batch) -> None:
    """MT-Bench's second turn is another prompt than the first: people judge it apart."""
    turn, _ = numbers(batch.column("turn"))
    names = zip(texts(draft.columns["prompt"]).to_pylist(), turn, strict=True)
    draft.columns["prompt"] = pa.array(
        [f"{name} turn {each:.0f}" if name is not None and each > 1 else name for name, each in names], pa.string()
    )
