"""Tables of single scores against a truth, such as a judge's marks beside whether the answer was right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.formats.batches import Batch
from engine.formats.names import SCORES, SHARED
from engine.formats.plan import Draft, Plan, Sample, fill_shared, shared_columns
from engine.formats.values import FINE, MISSING, Floats, numbers

SCORED, UNTRUE, UNPAIRED = "scores", "scores_without_truth", "unpaired_preference"

_SHARED = ("prompt", "prompt_text", "judge", "annotator", "step", "time", "length")
_ANSWERS = ("completion", "response", "answer", "output")


def recognise(sample: Sample, mapping: Mapping[str, str]) -> Plan | None:
    """By a column of scores and one of truths in 0 to 1, by their usual names or as mapped."""
    if {"score_a", "score_b", "margin"} & set(mapping):
        return None
    value = mapping.get("value") or _find(sample, SCORES["value"], frozenset())
    if value is None:
        return _unpaired(sample) if "truth" not in mapping else None
    truth = mapping.get("truth") or _find(sample, SCORES["truth"], frozenset({value}), truth=True)
    if truth is None and "value" not in mapping and not _rated(sample, value):
        return None
    columns = {"value": value} | ({"truth": truth} if truth else {})
    for role, wanted in (("text", SCORES["text"]), ("item", SCORES["item"])):
        name = sample.find(wanted, frozenset(columns.values()))
        if name:
            columns[role] = name
    plan = Plan(
        SCORED if truth else UNTRUE, "score", shared_columns(sample, _SHARED, frozenset(columns.values())) | columns
    )
    if truth is None:
        plan.warn("nothing_to_calibrate", "nothing to calibrate: scores, but no truth to hold them against")
    guess_scale(plan, sample)
    return plan


def _rated(sample: Sample, value: str) -> bool:
    """Whether people, each named, rated things that have a name or a prompt."""
    taken = frozenset({value})
    things = (*SCORES["item"], *SHARED["prompt"], *SHARED["prompt_text"])
    return sample.find(SHARED["annotator"], taken) is not None and sample.find(things, taken) is not None


def _unpaired(sample: Sample) -> Plan | None:
    """TRL's unpaired preferences: an answer, and whether it is wanted."""
    text = sample.find(_ANSWERS)
    if text is None or not sample.has("label") or sample.share("label", bool) < 0.9 or sample.share(text, bool) > 0:
        return None
    columns = {"text": text, "truth": "label"}
    plan = Plan(UNPAIRED, "score", shared_columns(sample, _SHARED, frozenset(columns.values())) | columns)
    plan.warn("nothing_to_calibrate", "nothing to calibrate: answers with labels, but no scores")
    return plan


def _find(sample: Sample, wanted: tuple[str, ...], taken: frozenset[str], *, truth: bool = False) -> str | None:
    """The first column of these names that holds numbers (truths: within 0 to 1)."""
    for name in wanted:
        column = sample.find((name,), taken)
        if column is None:
            continue
        found, codes = numbers([row.get(column) for row in sample.rows], flags=truth)
        fine, filled = codes == FINE, codes != MISSING
        inside = not truth or bool(((found[fine] >= 0) & (found[fine] <= 1)).mean() > 0.5 if fine.any() else False)
        if filled.any() and fine.sum() > filled.sum() / 2 and inside:
            return column
    return None


def guess_scale(plan: Plan, sample: Sample) -> None:
    """The scale of a column of values."""
    found, codes = numbers(sample.batch.column(plan.columns["value"]), decimal_comma=sample.batch.decimal_comma)
    scale_of(plan, found[codes == FINE])


def scale_of(plan: Plan, found: Floats) -> None:
    """The divisor of the values: 1 where they lie in 0 to 1, else the next of 5, 10, 100, with a warning."""
    known = found[np.isfinite(found)]
    plan.scale = 1.0
    if not len(known) or (known.min() >= 0 and known.max() <= 1):
        return
    if known.min() < 0 or known.max() > 100:
        plan.warn("scale_unknown", "the values lie outside 0 to 1 and fit no usual scale: name it with scale=…")
        return
    plan.scale = next(scale for scale in (5.0, 10.0, 100.0) if known.max() <= scale)
    plan.warn(
        "scale_guessed",
        f"values up to {known.max():g} are taken as 0 to {plan.scale:g}: if not so, name it with scale=…",
    )


def convert(batch: Batch, plan: Plan) -> Draft:
    """One row a score; raw values, the scale stays apart."""
    draft = Draft(batch.lines)
    if "value" in plan.columns:
        name = plan.columns["value"]
        draft.columns["value"], codes = numbers(batch.column(name), decimal_comma=batch.decimal_comma)
        draft.reject_codes(codes, name, "score_missing")
    if "truth" in plan.columns:
        name = plan.columns["truth"]
        truth, codes = numbers(batch.column(name), decimal_comma=batch.decimal_comma, flags=True)
        draft.reject_codes(codes, name, "truth_missing")
        draft.reject((truth < 0) | (truth > 1), name, "truth_out_of_range")
        draft.columns["truth"] = truth
    fill_shared(draft, batch, plan)
    return draft
