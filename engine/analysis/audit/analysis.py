"""The audit of length and style: what it observes, and what it concludes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np

from engine.analysis.arrays import Floats, sum_by
from engine.analysis.audit.parameters import AuditParameters
from engine.analysis.audit.predict import predicted
from engine.analysis.audit.rulers import SIDES, Pairs, pairs_of, right, share
from engine.analysis.audit.sentence import sentence, verdict
from engine.analysis.audit.slope import picture, slopes
from engine.analysis.audit.subsets import subsets
from engine.analysis.base import Shape
from engine.analysis.intervals import check_mixed, jackknife
from engine.analysis.records import Records, RecordsAnalysis
from engine.errors import InputRefused, NotEnoughData, NotFound, UsageError
from engine.types import LENGTHS, Estimate, Evidence, Kind, Notice, Result, Rows
from engine.words import amount

LEAST_PROMPTS, FEW_PROMPTS = 30, 200


class Audit(RecordsAnalysis[AuditParameters]):
    """How much length and style alone explain of preferences and rewards."""

    name: ClassVar[str] = "audit"
    version: ClassVar[str] = "1"
    shape: ClassVar[Shape] = "units"
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"comparison": ("label",)}
    reads: ClassVar[tuple[str, ...]] = ("styles",)
    parameters = AuditParameters

    @property
    def title(self) -> str:
        """What people call it."""
        return "Length and style"

    def missing(self, kind: str | None, fields: Collection[str]) -> tuple[str, ...] | None:
        """As usual; besides, the lengths of both answers or another feature of their style."""
        missing = super().missing(kind, fields)
        styled = any(name.startswith("style.") for name in fields) or {"length_a", "length_b"} <= set(fields)
        return missing if missing is None or styled else (*missing, "length_a", "length_b")

    def observe(self, rows: Rows, params: AuditParameters) -> Records:  # noqa: ARG002 - no parameter counts
        """The state of one segment; raises UsageError for another kind, InputRefused for labels out of range."""
        if rows.kind not in self.kinds:
            raise UsageError(f"The audit reads comparisons, not rows of kind {rows.kind!r}.")
        label = np.asarray(rows.columns["label"], float)
        usable = np.isfinite(label)
        if usable.any() and not (label[usable].min() >= 0 and label[usable].max() <= 1):
            raise InputRefused("Column 'label' holds values outside [0, 1].", field="label")
        first = np.asarray(rows.columns.get("first", np.full(len(rows), -1)), float)
        columns = {"label": label, "margin": rows.columns["margin"], "first": np.where(first < 0, np.nan, first)}
        for feature, sides in rows.styles.items():
            for side, values in zip(SIDES, sides, strict=True):
                columns[feature + side] = np.where(np.isfinite(values), values, np.nan)
        return Records.of_rows(rows, usable, columns)

    def answer(self, state: Records, params: AuditParameters) -> Result:
        """The result of a state.

        Raises NotEnoughData below 30 prompts whose two answers have the ruler, NotFound for a feature that is not
        there.
        """
        return _conclude(state, params)


def _conclude(state: Records, params: AuditParameters) -> Result:
    pairs = pairs_of(state)
    ruler = _ruler(pairs, params.feature)
    marks = right(pairs.difference[ruler], pairs.label)
    prompts = _check(state, marks, ruler)
    shares = {feature: _share_of(state, pairs, feature, params.level) for feature in pairs.difference}
    known = {feature: each for feature, each in shares.items() if each is not None}
    found = {
        "ruler_accuracy": known[ruler],
        **slopes(pairs, ruler, params.level),
        **predicted(pairs, prompts, params.level),
        "position_bias": _position_bias(state, pairs, params.level),
        **{f"{feature}_accuracy": each for feature, each in known.items()},
    }
    parts = subsets(state, pairs, marks, params.degenerate, params.level)
    code = verdict(known[ruler])
    return Result(
        analysis=Audit.name,
        verdict=code,
        sentence=sentence(ruler, found, prompts, parts),
        estimates=found,
        evidence=Evidence(Audit.name, Audit.version, params=asdict(params), rows=state.rows),
        dataset={
            "kind": "comparison",
            "rows": len(state),
            "prompts": len(state.starts),
            "prompts_approximate": False,
            "ruler": ruler,
            "features": list(pairs.difference),
        },
        slices=parts,
        warnings=_warnings(state, marks, prompts, found),
        pictures={
            "subsets": _forest(parts),
            "slope": picture(pairs, ruler),
            "rulers": {
                "feature": list(known),
                "accuracy": [each.value for each in known.values()],
                "low": [each.low for each in known.values()],
                "high": [each.high for each in known.values()],
            },
        },
    )


def _ruler(pairs: Pairs, asked: str) -> str:
    if not pairs.difference:
        raise NotEnoughData("No row has the length of both answers or another feature of style.", code="no_style")
    if asked:
        if asked not in pairs.difference:
            raise NotFound(f"There is no feature {asked!r}; known are {', '.join(pairs.difference)}.")
        return asked
    return next((name for name in LENGTHS if name in pairs.difference), next(iter(pairs.difference)))


def _check(state: Records, marks: Floats, ruler: str) -> int:
    """How many prompts the ruler is known of."""
    prompts = len(np.unique(state.unit[np.isfinite(marks)]))
    if prompts < LEAST_PROMPTS:
        told = (
            f"{amount(prompts, 'prompt')} with {ruler} known of both answers; an audit needs at least {LEAST_PROMPTS}."
        )
        raise NotEnoughData(told)
    check_mixed(amount(prompts, "prompt"), len(np.unique(state.bucket[np.isfinite(marks)])))
    return prompts


def _share_of(state: Records, pairs: Pairs, feature: str, level: float) -> Estimate | None:
    marks = right(pairs.difference[feature], pairs.label)
    known = np.isfinite(marks)
    if len(np.unique(pairs.bucket[known])) < 2:
        return None
    return share(marks, pairs.bucket, known, len(np.unique(state.unit[known])), level).estimate


def _position_bias(state: Records, pairs: Pairs, level: float) -> Estimate:
    first = state.columns["first"]
    shown = np.isfinite(first)
    buckets, place = np.unique(pairs.bucket[shown], return_inverse=True)
    if len(buckets) < 2:
        return Estimate(None, level=level, method="needs the display order")
    won = np.where(first == 1, pairs.label, 1 - pairs.label)[shown]
    sums = np.stack([sum_by(place, each, len(buckets)) for each in (np.ones(len(place)), won)])
    value, low, high = jackknife(lambda part: np.asarray(part[1] / part[0] - 0.5), sums, level)
    return Estimate(value, max(low, -0.5), min(high, 0.5), level, "jackknife by bucket", int(shown.sum()))


def _forest(parts: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("column", "value", "accuracy", "low", "high", "prompts", "q_value", "degenerate")
    return {name: [part[name] for part in parts] for name in names}


def _warnings(state: Records, marks: Floats, prompts: int, found: Mapping[str, Estimate]) -> list[Notice]:
    notices = []
    if prompts < FEW_PROMPTS:
        notices.append(Notice("few_prompts", f"Only {amount(prompts, 'prompt')}: intervals are approximate."))
    unknown = int(np.isnan(marks).sum())
    if unknown:
        notices.append(Notice("ruler_unknown", f"{amount(unknown, 'pair')} without the ruler on both sides left out."))
    equal = float(np.mean(marks[np.isfinite(marks)] == 0.5))
    if equal > 0.2:
        notices.append(Notice("many_ties", f"{equal:.0%} of the pairs are equal in the ruler or tied: each counts ½."))
    if found["reward_slope"].value is None:
        notices.append(Notice("no_rewards", "Without margins nothing is said of the reward: only of the preferences."))
    if state.sampled:
        told = "There are more rows than are kept: the answer rests on a random sample of prompts."
        notices.append(Notice("sampled", told))
    return notices
