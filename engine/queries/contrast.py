"""A cohort beside the rest: the same question of both, and how far the numbers lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import cohort
from engine.analysis.contrast import difference
from engine.errors import PlumblineError, UsageError
from engine.queries import results, several
from engine.types import Concluded, Estimate, Who


@dataclass(frozen=True, slots=True)
class Contrast:
    """What the rest says, and by number how far the cohort lies above it; `apart`: no prompt is in both."""

    rest: Concluded
    differences: Mapping[str, Estimate]
    apart: bool


def contrast(who: Who, dataset_ids: Sequence[int], analysis: str, params: Mapping[str, Any] | None) -> Contrast:
    """The answer on the cohort in `params` less that on the rest, on the newest versions.

    Raises what `conclude` raises of either, StatePending for one that was not observed yet, and UsageError for a cohort
    whose rest cannot be written.
    """
    asked = dict(params or {})
    rest = cohort.others(str(asked.get("where", "")))
    if not rest:
        raise UsageError("Of these rows the rest cannot be written.", code="cohort")
    ours = _answer(who, dataset_ids, analysis, asked)
    theirs = _answer(who, dataset_ids, analysis, {**asked, "where": rest})
    apart = _apart(ours, theirs, _everything(who, dataset_ids, analysis, asked))
    found = {
        name: told
        for name, one in ours.result.estimates.items()
        if (other := theirs.result.estimates.get(name)) and (told := difference(one, other, apart=apart))
    }
    return Contrast(theirs, found, apart)


def _answer(who: Who, dataset_ids: Sequence[int], analysis: str, params: Mapping[str, Any]) -> Concluded:
    if len(dataset_ids) > 1:
        return several.conclude(who, dataset_ids, analysis, params, rows=False)
    return results.conclude(who, dataset_ids[0], analysis, params, rows=False)


def _everything(who: Who, dataset_ids: Sequence[int], analysis: str, params: Mapping[str, Any]) -> Concluded | None:
    try:
        return _answer(who, dataset_ids, analysis, {**params, "where": ""})
    except PlumblineError:
        return None


def _apart(ours: Concluded, theirs: Concluded, all_rows: Concluded | None) -> bool:
    """Whether no prompt is in both: exact counts of prompts add up, and no row is left out of any of the three."""
    if all_rows is None:
        return False
    told = [one.result.dataset for one in (ours, theirs, all_rows)]
    prompts = [count for one in told if isinstance(count := one.get("prompts"), int)]
    if len(prompts) < len(told) or any(one.get("prompts_approximate") for one in told):
        return False
    rows = [one.result.evidence.rows for one in (ours, theirs, all_rows)]
    return prompts[0] + prompts[1] == prompts[2] and rows[0] + rows[1] == rows[2]
