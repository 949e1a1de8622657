"""Leaderboards as scores without truth: one row a model (AlpacaEval), or dates by models (Arena history)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from engine.formats.batches import Batch, Refused
from engine.formats.plan import Draft, Plan, Sample
from engine.formats.values import FINE, numbers, texts

TABLE, HISTORY = "leaderboard", "leaderboard_history"
NAMES = (TABLE, HISTORY)

_NO_TRUTH = "nothing to calibrate: ratings of models, but no truth to hold them against"


def recognise(sample: Sample, _mapping: Mapping[str, str]) -> Plan | None:
    """By `win_rate` and `standard_error`, or by an unnamed column of days before many columns of ratings."""
    if sample.has("win_rate", "standard_error"):
        plan = Plan(TABLE, "score", {"item": sample.names[0], "value": "win_rate"}, scale=100.0)
    elif sample.names[:1] == ("",) and len(sample.names) > 5 and _days(sample):
        plan = Plan(HISTORY, "score", {"time": ""}, scale=None)
        plan.options["models"] = list(sample.names[1:])
        plan.warn("zero_means_absent", "a rating of 0 is read as: not listed on that day")
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
    days = [_day(text or "") for text in texts(batch.column("")).to_pylist()]
    models: list[str] = plan.options["models"]
    table = np.stack([_listed(batch, model) for model in models], axis=1)
    known = np.array([day is not None for day in days], np.bool_)
    rows, columns = np.nonzero(np.isfinite(table) & known[:, None])
    draft = Draft(batch.lines[rows], several=True)
    draft.columns["item"] = pa.array(models, pa.string()).take(pa.array(columns))
    draft.columns["value"] = table[rows, columns]
    draft.columns["time"] = pa.array(days, pa.timestamp("us", "UTC")).take(pa.array(rows))
    empty = np.setdiff1d(np.arange(len(batch)), rows)
    draft.refused = [Refused(int(batch.lines[place]), "score_missing") for place in empty]
    return draft


def _listed(batch: Batch, model: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values, codes = numbers(batch.column(model))
    return np.where((codes == FINE) & (values != 0), values, np.nan)
