"""Chosen against rejected, with or without rewards: TRL preference files, HelpSteer2 with gold rewards, HH-RLHF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from engine.formats.batches import Batch
from engine.formats.names import CHOSEN, MARGINS, REJECTED, SCORE_WORDS
from engine.formats.plan import CORE, Draft, Plan, Sample, fill_prompt, fill_shared, plain, shared_columns
from engine.formats.values import Values, arrow, numbers, objects, text_of, turns_text

SCORED, UNSCORED, TRANSCRIPTS = "preference_rewards", "preference_pairs", "hh_rlhf"

_TURN = "\n\nAssistant:"
_SHARED = ("prompt", "prompt_text", "judge", "annotator", "step", "time", "length_a", "length_b")


def recognise(sample: Sample, mapping: Mapping[str, str]) -> Plan | None:
    """By a column of chosen and one of rejected answers, or of their scores, by their names or as mapped."""
    if set(mapping) & set(CORE) - {"chosen", "rejected", "score_a", "score_b"}:
        return None
    mapped = tuple(mapping[role] for role in ("chosen", "rejected") if role in mapping)
    if len(mapped) < 2 and set(mapping) & set(CORE):
        return None
    texts_, scores = _pair(sample, CHOSEN, REJECTED), _score_columns(sample)
    if len(mapped) == 2:
        texts_ = (mapped[0], mapped[1])
    if {"score_a", "score_b"} <= set(mapping):
        scores = (mapping["score_a"], mapping["score_b"])
    if texts_ and all(_numeric(sample, name) for name in texts_):
        texts_, scores = None, texts_
    margin = sample.find(MARGINS)
    if not texts_ and not scores:
        return None
    plan = Plan(SCORED, "comparison")
    if texts_:
        plan.columns |= {"text_a": texts_[0], "text_b": texts_[1]}
    taken = frozenset([*(texts_ or ()), *(scores or ())])
    plan.columns |= shared_columns(sample, _SHARED, taken)
    if models := _pair(sample, ("chosen_model",), ("rejected_model",)):
        plan.columns |= {"item_a": models[0], "item_b": models[1]}
    if scores:
        plan.columns |= {"score_a": scores[0], "score_b": scores[1]}
    elif margin and sample.numeric(margin) > 0.5:
        plan.columns["margin"] = margin
        plan.warn(
            "margin_taken",
            f"{margin} is read as the model's margin; in training sets it may say how strong the preference was",
        )
    else:
        transcripts = texts_ is not None and _transcripts(sample, texts_[0])
        plan.format = TRANSCRIPTS if transcripts else UNSCORED
        plan.warn("nothing_to_calibrate", "nothing to calibrate: chosen and rejected texts, but no scores")
    if "prompt_text" not in plan.columns and "prompt" not in plan.columns and texts_:
        plan.options["common_prefix"] = True
    return plan


def _pair(sample: Sample, first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, str] | None:
    a, b = sample.find(first), sample.find(second)
    return (a, b) if a and b else None


def _score_columns(sample: Sample) -> tuple[str, str] | None:
    """Two numeric columns whose names differ only by chosen/rejected (or win/lose) and hold a word for a score."""
    by_plain = {plain(name): name for name in sample.names}
    for good, bad in (("chosen", "rejected"), ("chosen", "reject"), ("winner", "loser"), ("preferred", "dispreferred")):
        for word in SCORE_WORDS:
            for a, b in ((f"{good}_{word}", f"{bad}_{word}"), (f"{word}_{good}", f"{word}_{bad}")):
                if a in by_plain and b in by_plain and _numeric(sample, by_plain[a]) and _numeric(sample, by_plain[b]):
                    return by_plain[a], by_plain[b]
    return None


def _numeric(sample: Sample, name: str) -> bool:
    return sample.numeric(name) > 0.5


def _transcripts(sample: Sample, name: str) -> bool:
    values = [row.get(name) for row in sample.rows]
    return sum(isinstance(value, str) and _TURN in value for value in values) > len(values) / 2


def convert(batch: Batch, plan: Plan) -> Draft:
    """One row a pair, a = chosen, so the label is always 1; calibration symmetrises."""
    draft = Draft(batch.lines)
    draft.columns["label"] = np.ones(len(batch))
    _fill_margin(draft, batch, plan)
    if "text_a" in plan.columns:
        fill_texts(draft, batch, plan)
    fill_shared(draft, batch, plan)
    return draft


def _fill_margin(draft: Draft, batch: Batch, plan: Plan) -> None:
    for role in ("score_a", "score_b", "margin"):
        if role in plan.columns:
            name = plan.columns[role]
            draft.columns[role], codes = numbers(batch.column(name), decimal_comma=batch.decimal_comma)
            draft.reject_codes(codes, name, "score_missing")
    if "score_a" in draft.columns and "score_b" in draft.columns:
        draft.columns["margin"] = draft.columns["score_a"] - draft.columns["score_b"]
        draft.reject(~np.isfinite(draft.columns["margin"]), plan.columns["score_a"], "not_finite")


def fill_texts(draft: Draft, batch: Batch, plan: Plan) -> None:
    """Answers and, where no column holds it, the prompt: the turns, or the text, that both transcripts begin with."""
    sides = [batch.column(plan.columns[role]) for role in ("text_a", "text_b")]
    flat = [_flat(side) for side in sides]
    if all(side is not None for side in flat) and not plan.options.get("common_prefix"):
        draft.columns["text_a"], draft.columns["text_b"] = flat
        return
    parts = [split_prompt(a, b) for a, b in zip(objects(sides[0]), objects(sides[1]), strict=True)]
    for place, role in enumerate(("prompt_text", "text_a", "text_b")):
        if role != "prompt_text" or plan.options.get("common_prefix"):
            draft.columns[role] = pa.array([text_of(part[place]) for part in parts], pa.string())
    bad = np.array([part[1] is None or part[2] is None for part in parts], np.bool_)
    draft.reject(bad, plan.columns["text_a"], "wrong_shape")
    if plan.options.get("common_prefix"):
        fill_prompt(draft, batch, plan)


def _flat(values: Values) -> pa.Array | None:
    column = arrow(values)
    return column if column is not None and pa.types.is_string(column.type) and not column.null_count else None


def split_prompt(chosen: Any, rejected: Any) -> tuple[str | None, str | None, str | None]:
    """(prompt, chosen answer, rejected answer) of two transcripts; answers are None where the shape is unknown.

    Lists of turns are split after their last common turn, texts after the last "Assistant:" of their common beginning.
    """
    if isinstance(chosen, list) and isinstance(rejected, list):
        turns = 0
        while turns < min(len(chosen), len(rejected)) and chosen[turns] == rejected[turns]:
            turns += 1
        return turns_text(chosen[:turns]) or None, turns_text(chosen[turns:]), turns_text(rejected[turns:])
    if not isinstance(chosen, str) or not isinstance(rejected, str):
        return None, None, None
    end = _common(chosen, rejected)
    cut = chosen.rfind(_TURN, 0, end)
    cut = cut + len(_TURN) if cut >= 0 else 0
    return chosen[:cut].strip() or None, chosen[cut:], rejected[cut:]


def _common(a: str, b: str) -> int:
    """Length of the common beginning, found by halving."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
