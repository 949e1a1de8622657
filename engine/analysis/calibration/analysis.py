"""The calibration analysis: observe, combine, narrow, conclude."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import ClassVar

from engine.analysis.base import Shape
from engine.analysis.calibration.error import CalibrationError, calibration_error
from engine.analysis.calibration.estimates import JACKKNIFE, beside_null, with_intervals
from engine.analysis.calibration.observe import observe
from engine.analysis.calibration.observed import OnCalibrationState
from engine.analysis.calibration.parameters import PAIR_RECALIBRATORS, SCORE_RECALIBRATORS, CalibrationParameters
from engine.analysis.calibration.pictures import pictures
from engine.analysis.calibration.recalibrate import Recalibrator, recalibrators
from engine.analysis.calibration.sentence import Basis, sentence, verdict
from engine.analysis.calibration.slices import slices
from engine.analysis.calibration.state import CalibrationState
from engine.analysis.calibration.view import View
from engine.analysis.calibration.warnings import warnings
from engine.analysis.intervals import check_mixed, jackknife
from engine.errors import NotEnoughData, UsageError
from engine.types import Estimate, Evidence, Kind, Result, Rows
from engine.words import amount

LEAST_PROMPTS = 30


class Calibration(OnCalibrationState[CalibrationParameters]):
    """Calibration of pairs (margin against label) and of scores (value against truth)."""

    name: ClassVar[str] = "calibration"
    version: ClassVar[str] = "1"
    shape: ClassVar[Shape] = "table"
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"comparison": ("label", "margin"), "score": ("truth", "value")}
    parameters = CalibrationParameters

    def observe(self, rows: Rows, params: CalibrationParameters) -> CalibrationState:
        """The state of one segment; raises UsageError for another kind, InputRefused for values out of range."""
        if rows.kind not in self.kinds:
            raise UsageError(f"Calibration reads comparisons and scores, not rows of kind {rows.kind!r}.")
        return observe(rows, params.scale)

    def answer(self, state: CalibrationState, params: CalibrationParameters) -> Result:
        """The result of a state.

        Raises NotEnoughData below 30 prompts, UsageError for a recalibrator of the other kind.
        """
        self._check(state, params)
        return _conclude(state, params)

    def _check(self, state: CalibrationState, params: CalibrationParameters) -> None:
        prompts = state.prompts.count
        if prompts < LEAST_PROMPTS:
            raise NotEnoughData(f"{amount(prompts, 'prompt')}; an honest interval needs at least {LEAST_PROMPTS}.")
        check_mixed(amount(prompts, "prompt"), len(state.moments.filled))
        known = PAIR_RECALIBRATORS if state.paired else SCORE_RECALIBRATORS
        if params.recalibrator not in known:
            kind = "pairs" if state.paired else "scores"
            raise UsageError(f"recalibrator={params.recalibrator!r} does not apply to {kind}; {', '.join(known)} do.")


def _conclude(state: CalibrationState, params: CalibrationParameters) -> Result:
    view = View(state, params.bins)
    rows, prompts = round(view.rows), state.prompts.rounded
    basis = Basis(rows, prompts, state.paired, not state.prompts.exact)
    error = calibration_error(view.count_by_fifteen, view.by_bucket_and_bin(view.residual, view.fifteen), params.level)
    beside, nulls = beside_null(view, params.level, params.seed)
    found = with_intervals(view, error, params.level) | beside
    fitted = recalibrators(view, params.level)
    chosen = fitted.get(params.recalibrator)
    found["calibration_error_recalibrated"] = _recalibrated(chosen, params.level, rows)
    code = verdict(error, found["platt_slope"], _excess(view, params.level), paired=state.paired)
    return Result(
        analysis=Calibration.name,
        verdict=code,
        sentence=sentence(code, error, basis, chosen, found["temperature" if state.paired else "platt_slope"]),
        estimates=found,
        evidence=_evidence(params, rows),
        dataset={
            "kind": "comparison" if state.paired else "score",
            "rows": rows,
            "prompts": prompts,
            "prompts_approximate": basis.approximate,
        },
        slices=slices(view, chosen, params.level),
        warnings=warnings(view, prompts, found),
        pictures=pictures(view, nulls, chosen, params.level),
        recalibrators=[recalibrator.exported for recalibrator in fitted.values()],
        worst=state.worst.references(),
    )


def _excess(view: View, level: float) -> Estimate:
    sums = view.sums("count", *(("confidence", "correct") if view.paired else ("score", "truth")))
    return Estimate(*jackknife(lambda part: (part[1] - part[2]) / part[0], sums, level), level)


def _recalibrated(chosen: Recalibrator | None, level: float, rows: int) -> Estimate:
    if chosen is None:
        return Estimate(None, level=level, method="no finite fit", n=rows)
    error: CalibrationError = chosen.error
    return Estimate(error.value, error.low, error.high, level, f"5 folds by bucket, {JACKKNIFE}", rows)


def _evidence(params: CalibrationParameters, rows: int) -> Evidence:
    return Evidence(Calibration.name, Calibration.version, params=asdict(params), seed=params.seed, rows=rows)
