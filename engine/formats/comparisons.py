"""Tables of pairs: columns by their usual names or as mapped; two scores, a margin or a probability, and a label."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from engine.formats.batches import Batch, Refused, SpreadBatch
from engine.formats.names import PAIRS, POSITIONS
from engine.formats.plan import CORE, Draft, Plan, Sample, fill_shared, plain, shared_columns
from engine.formats.values import (
    FINE,
    GRADED,
    MISSING,
    Codes,
    Floats,
    labels,
    numbers,
    objects,
    scheme_of,
    text_of,
    texts,
)
from engine.words import amount

SCORED, UNSCORED = "pairs", "pairs_unscored"

_SHARED = ("prompt", "prompt_text", "annotator", "judge", "votes", "first", "step", "time", "length_a", "length_b")
_VOTE = re.compile(r"(annotator|vote|rater|label|annotation|judgment|human|worker|evaluator)_?(id_)?\d+")


def recognise(sample: Sample, mapping: Mapping[str, str]) -> Plan | None:
    """By scores or a margin with a label, or by a label with two named or written answers, or an annotator's votes."""
    forced = {role: name for role, name in mapping.items() if role in CORE}
    if "value" in forced or "truth" in forced:
        return None
    columns = _columns(sample, mapping)
    votes = _vote_columns(sample, mapping)
    scored = "margin" in columns or "probability" in columns or {"score_a", "score_b"} <= set(columns)
    sides = any(both <= set(columns) for both in ({"item_a", "item_b"}, {"text_a", "text_b"}, {"pair", "annotator"}))
    judged = "label" in columns or bool(votes) or ("verdict" in columns and not scored)
    if not judged or not (scored or sides or forced):
        return None
    plan = Plan(SCORED if scored else UNSCORED, "comparison", columns)
    if votes or "label" in columns:
        _settle_label(plan, sample, votes)
    plan.options["spread"] = bool(votes) and not scored
    if "verdict" in columns:
        plan.options["verdicts"] = scheme_of(objects(sample.batch.column(columns["verdict"])))
    if not scored:
        plan.warn("nothing_to_calibrate", "nothing to calibrate: labels, but no scores and no margin")
    return plan


def _columns(sample: Sample, mapping: Mapping[str, str]) -> dict[str, str]:
    """What is mapped, then what is guessed of the rest; a guessed score has to hold numbers."""
    found = {role: name for role, name in mapping.items() if role not in ("slice", "scale", "annotators")}
    both = {"score_a", "score_b"} & set(found) or "margin" in found or "probability" in found
    for role, wanted in PAIRS.items():
        if role in found or (both and role in ("score_a", "score_b", "margin", "probability")):
            continue
        name = sample.find(wanted, frozenset(found.values()))
        if name is not None and (role not in CORE or _fits(sample, role, name)):
            found[role] = name
    if {"score_a", "score_b"} & set(found) and "margin" in found and "margin" not in mapping:
        del found["margin"]
    return shared_columns(sample, _SHARED, frozenset(found.values())) | found


def _fits(sample: Sample, role: str, name: str) -> bool:
    if role not in ("label", "verdict"):
        return sample.numeric(name) >= 0.5
    values = [row.get(name) for row in sample.rows]
    _, codes = labels(values, scheme_of(values))
    filled = codes != MISSING
    known = float((codes[filled] == FINE).mean()) if filled.any() else 0.0
    return known >= 0.5 or _names_a_side(sample, values) > 0.5


def _names_a_side(sample: Sample, values: list[object]) -> float:
    """The share of labels that are the name of one of the two items."""
    a, b = sample.find(PAIRS["item_a"]), sample.find(PAIRS["item_b"])
    given = [(value, row) for value, row in zip(values, sample.rows, strict=True) if value not in (None, "")]
    if not a or not b or not given:
        return 0.0
    return sum(value in (row.get(a), row.get(b)) for value, row in given) / len(given)


def _vote_columns(sample: Sample, mapping: Mapping[str, str]) -> list[str]:
    """Two or more columns that each hold one person's vote."""
    if "annotators" in mapping:
        return mapping["annotators"].split(",")
    if "label" in mapping:
        return []
    found = [name for name in sample.names if _VOTE.fullmatch(plain(name))]
    return [name for name in found if _fits(sample, "label", name)] if len(found) > 1 else []


def _settle_label(plan: Plan, sample: Sample, votes: list[str]) -> None:
    """Fix what the numbers of the label column mean, and whether labels are votes to be gathered."""
    if votes:
        plan.columns.pop("label", None)
        plan.options["annotators"] = votes
        values = [row.get(name) for row in sample.rows for name in votes]
        plan.options["scheme"] = scheme_of(values)
        return
    name = plan.columns["label"]
    values = objects(sample.batch.column(name))
    plan.options["scheme"] = scheme_of(values, index=plain(name) in POSITIONS)
    plan.options["graded"] = any(isinstance(each, str) and each.strip().lower() in GRADED for each in values)
    if plan.options["scheme"] == "one_two_index":
        plan.warn("label_as_position", f"{name} is read as a position: 0 = the first answer, 1 = the second")
    if plan.format == SCORED and "pair" in plan.columns and "annotator" in plan.columns:
        pairs = [text_of(value) for value in objects(sample.batch.column(plan.columns["pair"]))]
        plan.options["gather"] = len(set(pairs)) < len(pairs)


def convert(batch: Batch, plan: Plan) -> Draft:
    """One row a pair, or one a vote: votes of a scored pair in several rows are gathered afterwards."""
    if plan.options.get("spread"):
        return _spread(batch, plan)
    draft = Draft(batch.lines)
    if "label" in plan.columns or "annotators" in plan.options:
        _fill_label(draft, batch, plan)
    if "verdict" in plan.columns:
        fill_verdict(draft, batch, plan)
    _fill_margin(draft, batch, plan)
    fill_shared(draft, batch, plan)
    if plan.options.get("gather"):
        draft.columns["pair"] = texts(batch.column(plan.columns["pair"]))
    return draft


def _fill_label(draft: Draft, batch: Batch, plan: Plan) -> None:
    scheme = plan.options.get("scheme", "")
    if "annotators" in plan.options:
        _fill_votes(draft, batch, plan.options["annotators"], scheme)
        return
    name = plan.columns["label"]
    values = batch.column(name)
    if not scheme:
        scheme = plan.options["scheme"] = scheme_of(values)
    found, codes = labels(values, scheme)
    if {"item_a", "item_b"} <= set(plan.columns):
        _fill_named(found, codes, batch, plan, "label")
    if "verdict" not in plan.columns or plan.format == SCORED:
        draft.reject(codes == MISSING, name, "label_missing")
    draft.reject((codes != FINE) & (codes != MISSING), name, "label_unknown")
    draft.columns["label"] = found
    if plan.options.get("graded"):
        draft.columns["outcome"] = texts(values)


def _fill_named(found: Floats, codes: Codes, batch: Batch, plan: Plan, role: str) -> None:
    """Labels, or verdicts, that are the name of the winner."""
    places = np.flatnonzero(codes != FINE)
    if not len(places):
        return
    words, a, b = (texts(batch.column(plan.columns[role])).to_pylist() for role in (role, "item_a", "item_b"))
    for place in places:
        if words[place] is not None and words[place] in (a[place], b[place]) and a[place] != b[place]:
            found[place], codes[place] = float(words[place] == a[place]), FINE


def _fill_votes(draft: Draft, batch: Batch, names: list[str], scheme: str) -> None:
    """The mean of the votes that are there; a row without any is rejected."""
    votes = np.stack([labels(batch.column(name), scheme)[0] for name in names])
    count = np.isfinite(votes).sum(axis=0)
    draft.reject(count == 0, names[0], "label_missing")
    draft.columns["label"] = np.where(count > 0, np.nansum(votes, axis=0) / np.maximum(count, 1), np.nan)
    draft.columns["votes"] = count.astype(np.float64)


def _spread(batch: Batch, plan: Plan) -> Draft:
    """One row for each vote that is there, with the name of its column as the annotator."""
    names: list[str] = plan.options["annotators"]
    found = [labels(batch.column(name), plan.options.get("scheme", "")) for name in names]
    votes, codes = np.stack([each for each, _ in found], axis=1), np.stack([each for _, each in found], axis=1)
    owner, voter = np.nonzero(codes == FINE)
    spread = SpreadBatch(batch, owner)
    draft = Draft(spread.lines, {"label": votes[owner, voter]}, batch=spread, several=True)
    draft.columns["annotator"] = pa.array(names, pa.string()).take(pa.array(voter))
    for place in np.setdiff1d(np.arange(len(batch)), owner):
        known = (codes[place] == MISSING).all()
        draft.refused.append(Refused(int(batch.lines[place]), "label_missing" if known else "label_unknown", names[0]))
    if lost := plan.count("unread_votes", int(((codes != FINE) & (codes != MISSING)).sum())):
        plan.note("votes_unknown", f"{amount(lost, 'vote')} that are none of the known labels were left out")
    if "verdict" in plan.columns:
        fill_verdict(draft, spread, plan)
    fill_shared(draft, spread, plan)
    return draft


def fill_verdict(draft: Draft, batch: Batch, plan: Plan) -> None:
    """The judge's own preference. One that cannot be read costs the row only where there is no label either."""
    name = plan.columns["verdict"]
    found, codes = labels(batch.column(name), plan.options.get("verdicts", ""))
    if {"item_a", "item_b"} <= set(plan.columns):
        _fill_named(found, codes, batch, plan, "verdict")
    draft.columns["verdict"] = found
    alone = np.isnan(draft.columns["label"]) if "label" in draft.columns else np.ones(len(codes), np.bool_)
    unknown = (codes != FINE) & (codes != MISSING)
    draft.reject(alone & (codes == MISSING), name, "verdict_missing")
    draft.reject(alone & unknown, name, "verdict_unknown")
    if lost := plan.count("unread_verdicts", int((unknown & ~alone).sum())):
        plan.note("verdicts_unknown", f"{amount(lost, 'verdict')} that are none of the known labels were left out")


def _fill_margin(draft: Draft, batch: Batch, plan: Plan) -> None:
    for role in ("score_a", "score_b", "margin", "probability"):
        if role in plan.columns:
            name = plan.columns[role]
            draft.columns[role], codes = numbers(batch.column(name), decimal_comma=batch.decimal_comma)
            draft.reject_codes(codes, name, "score_missing")
    if "probability" in draft.columns:
        _fill_logit(draft, plan.columns["probability"])
    if "margin" not in draft.columns and {"score_a", "score_b"} <= set(draft.columns):
        draft.columns["margin"] = draft.columns["score_a"] - draft.columns["score_b"]
        draft.reject(~np.isfinite(draft.columns["margin"]), plan.columns["score_a"], "not_finite")


def _fill_logit(draft: Draft, name: str) -> None:
    p = draft.columns.pop("probability")
    draft.reject((p <= 0) | (p >= 1), name, "probability_is_certain")
    inside = np.where((p > 0) & (p < 1), p, np.nan)
    draft.columns["margin"] = np.log(inside) - np.log1p(-inside)
