"""Leaderboards: one row a model as scores without truth (AlpacaEval), or dates by models as curves (Arena history)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from engine.formats import tellings
from engine.formats.batches import Batch, WidenedBatch
from engine.formats.plan import Draft, Plan, Sample
from engine.formats.points import Part, long
from engine.formats.values import FINE, numbers, texts

TABLE, HISTORY = "leaderboard", "leaderboard_history"
NAMES = (TABLE, HISTORY)
RATING = "rating"

_NO_TRUTH = "nothing to calibrate: ratings of models, but no truth to hold them against"


def recognise(sample: Sample, _mapping: Mapping[str, str]) -> Plan | None:
    """By `win_rate` and `standard_error`, or by an unnamed column of days before many columns of ratings."""
    if sample.has("win_rate", "standard_error"):
        plan = Plan(TABLE, "score", {"item": sample.names[0], "value": "win_rate"}, scale=100.0)
    elif sample.names[:1] == ("",) and len(sample.names) > 5 and _days(sample):
        plan = Plan(HISTORY, "curve", {"time": ""})
        plan.options["models"] = list(sample.names[1:])
        return plan
    else:
        return None
    plan.warn("nothing_to_calibrate", _NO_TRUTH)
    return plan


def _days(sample: Sample) -> bool:
    return all(_day(str(row.get(""))) is not None for row in sample.rows)


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def convert(batch: Batch, plan: Plan) -> Draft:
    """One row a model, or one a model and day."""
    if plan.format == HISTORY:
        return _history(batch, plan)
    draft = Draft(batch.lines)
    draft.columns["item"] = texts(batch.column(plan.columns["item"]))
    draft.columns["value"], codes = numbers(batch.column("win_rate"))
    draft.reject_codes(codes, "win_rate", "score_missing")
    return draft


def _history(batch: Batch, plan: Plan) -> Draft:
    """A model's rating over the days: a run of its own without steps."""
    days = [_day(text or "") for text in texts(batch.column("")).to_pylist()]
    known = np.array([day is not None for day in days], np.bool_)
    parts = []
    for model in plan.options["models"]:
        values, codes = numbers(batch.column(model))
        listed = (codes == FINE) & known
        tellings.count(plan, "zero_means_absent", int((listed & (values == 0)).sum()))
        places = np.flatnonzero(listed & (values != 0))
        if len(places):
            parts.append(Part(places, np.full(len(places), np.nan), values[places], RATING, model))
    return long(WidenedBatch(batch, {"": days}), plan, parts)
