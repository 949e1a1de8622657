"""What if: concluded from what calibration observes, so that moving a slider reads no row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np

from engine.analysis.base import Shape
from engine.analysis.calibration import Calibration
from engine.analysis.calibration.observe import observe
from engine.analysis.calibration.observed import OnCalibrationState
from engine.analysis.calibration.state import CalibrationState
from engine.analysis.calibration.view import MASS_BINS, View
from engine.analysis.intervals import check_mixed
from engine.analysis.whatif.parameters import WhatIfParameters
from engine.analysis.whatif.selective import TEMPERATURES, THRESHOLDS, Selection, Trusted, least_threshold
from engine.analysis.whatif.sentence import sentence, verdict
from engine.errors import NotEnoughData, UsageError
from engine.types import Estimate, Evidence, Kind, Notice, Result, Rows
from engine.words import amount

LEAST_PROMPTS, FEW_PROMPTS = 30, 200


class WhatIf(OnCalibrationState[WhatIfParameters]):
    """What becomes of the decision when temperature and threshold move."""

    name: ClassVar[str] = "whatif"
    version: ClassVar[str] = "1"
    shape: ClassVar[Shape] = "table"
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = Calibration.needs
    observation: ClassVar[tuple[str, str]] = (Calibration.name, Calibration.version)
    parameters = WhatIfParameters

    @property
    def title(self) -> str:
        """What people call it."""
        return "What if"

    def observe(self, rows: Rows, params: WhatIfParameters) -> CalibrationState:
        """The state of one segment, the same as calibration's; raises UsageError for another kind."""
        if rows.kind not in self.kinds:
            raise UsageError(f"What if reads comparisons and scores, not rows of kind {rows.kind!r}.")
        return observe(rows, params.scale)

    def answer(self, state: CalibrationState, params: WhatIfParameters) -> Result:
        """The result of a state; raises NotEnoughData below 30 prompts."""
        prompts = state.prompts.count
        if prompts < LEAST_PROMPTS:
            raise NotEnoughData(f"{amount(prompts, 'prompt')}; an honest interval needs at least {LEAST_PROMPTS}.")
        check_mixed(amount(prompts, "prompt"), len(state.moments.filled))
        return _conclude(state, params)


def _conclude(state: CalibrationState, params: WhatIfParameters) -> Result:
    view = View(state, MASS_BINS)
    selection = Selection(view, params.temperature, params.level)
    now = selection.at(np.array([params.threshold]), params.cost)[0]
    course = selection.at(THRESHOLDS, params.cost)
    least = least_threshold(course, params.target)
    cheapest = min(course, key=lambda one: one.cost)
    code = verdict(now, params.target)
    return Result(
        analysis=WhatIf.name,
        verdict=code,
        sentence=sentence(code, now, params.target, least),
        estimates=_estimates(view, selection, now, least, cheapest, params),
        evidence=Evidence(WhatIf.name, WhatIf.version, params=asdict(params), rows=round(view.rows)),
        dataset={
            "kind": "comparison" if state.paired else "score",
            "rows": round(view.rows),
            "prompts": state.prompts.rounded,
            "prompts_approximate": not state.prompts.exact,
        },
        warnings=_warnings(state, params, least),
        pictures={"threshold": _thresholds(course, params), "temperature": _temperatures(view, params)},
    )


def _estimates(
    view: View,
    selection: Selection,
    now: Trusted,
    least: Trusted | None,
    cheapest: Trusted,
    params: WhatIfParameters,
) -> dict[str, Estimate]:
    error = selection.error()
    rows = round(view.rows)

    def plain(value: float | None, method: str) -> Estimate:
        return Estimate(value, level=params.level, method=method, n=rows)

    return {
        "trusted": now.share,
        "accuracy_trusted": now.accuracy,
        "calibration_error": Estimate(error.value, error.low, error.high, params.level, "cluster-debiased", rows),
        "least_threshold": plain(least.threshold if least else None, "fixed-sequence testing from the highest down"),
        "cost": plain(now.cost, "labels by 1,000 verdicts, a wrong one as `cost` labels"),
        "cheapest_threshold": plain(cheapest.threshold, "least cost on these rows"),
    }


def _thresholds(course: list[Trusted], params: WhatIfParameters) -> dict[str, Any]:
    return {
        "threshold": [one.threshold for one in course],
        "trusted": [one.share.value for one in course],
        "trusted_low": [one.share.low for one in course],
        "trusted_high": [one.share.high for one in course],
        "accuracy": [one.accuracy.value for one in course],
        "accuracy_low": [one.accuracy.low for one in course],
        "accuracy_high": [one.accuracy.high for one in course],
        "cost": [one.cost for one in course],
        "now": params.threshold,
        "target": params.target,
    }


def _temperatures(view: View, params: WhatIfParameters) -> dict[str, Any]:
    errors = [Selection(view, float(each), params.level).error() for each in TEMPERATURES]
    return {
        "temperature": TEMPERATURES.tolist(),
        "error": [one.value for one in errors],
        "low": [one.low for one in errors],
        "high": [one.high for one in errors],
        "now": params.temperature,
    }


def _warnings(state: CalibrationState, params: WhatIfParameters, least: Trusted | None) -> list[Notice]:
    notices = []
    if state.prompts.count < FEW_PROMPTS:
        notices.append(Notice("few_prompts", f"Only {amount(state.prompts.count, 'prompt')}: intervals are wide."))
    if least is not None and params.threshold != least.threshold:
        told = (
            "A threshold chosen because it looks best on these rows is too good: take the least that surely meets it."
        )
        notices.append(Notice("chosen_on_the_same_rows", told))
    return notices
