"""The agreement analysis: observe, combine, narrow, conclude."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import ClassVar

import numpy as np

from engine.analysis.agreement import codec
from engine.analysis.agreement import state as states
from engine.analysis.agreement.estimates import certain, coefficients, habits
from engine.analysis.agreement.kappas import cohen, rater_pairs
from engine.analysis.agreement.observe import observe
from engine.analysis.agreement.parameters import AgreementParameters
from engine.analysis.agreement.pictures import pictures
from engine.analysis.agreement.quality import IDENTIFIED, quality
from engine.analysis.agreement.raters import table
from engine.analysis.agreement.sentence import Basis, sentence, verdict
from engine.analysis.agreement.state import AgreementState
from engine.analysis.agreement.view import View
from engine.analysis.agreement.warnings import warnings
from engine.analysis.base import Analysis, Shape
from engine.analysis.intervals import check_mixed
from engine.errors import NotEnoughData, UsageError
from engine.types import Estimate, Evidence, Kind, Result, Rows
from engine.words import amount

LEAST_PROMPTS = 30


class Agreement(Analysis[AgreementState, AgreementParameters]):
    """Agreement of those who judge: how far they say the same, who is right how often, what each one changes."""

    name: ClassVar[str] = "agreement"
    version: ClassVar[str] = "1"
    shape: ClassVar[Shape] = "units"
    reads: ClassVar[tuple[str, ...]] = (
        "annotator",
        "judge",
        "item",
        "item_a",
        "item_b",
        "side_a",
        "side_b",
        "time",
    )
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {
        "comparison": ("annotator", "label"),
        "score": ("annotator", "value"),
    }
    parameters = AgreementParameters

    def missing(self, kind: str | None, fields: Collection[str]) -> tuple[str, ...] | None:
        """As for every analysis; of scores a judge serves as well as an annotator."""
        if kind == "score" and "judge" in fields:
            fields = {*fields, "annotator"}
        return super().missing(kind, fields)

    def observe(self, rows: Rows, params: AgreementParameters) -> AgreementState:  # noqa: ARG002 - no parameter counts
        """The state of one segment; raises UsageError for another kind, InputRefused for values out of range."""
        if rows.kind not in self.kinds:
            raise UsageError(f"Agreement reads comparisons and scores, not rows of kind {rows.kind!r}.")
        return observe(rows)

    def combine(self, left: AgreementState, right: AgreementState) -> AgreementState:
        """The state of both; folding in manifest order replays bit for bit."""
        return states.combine(left, right)

    def narrow(self, state: AgreementState, column: str, value: str) -> AgreementState:
        """The state of one slice value; raises NotFound."""
        return states.narrow(state, column, value)

    def to_bytes(self, state: AgreementState) -> bytes:
        """Npz without pickles."""
        return codec.to_bytes(state)

    def from_bytes(self, data: bytes) -> AgreementState:
        """The state from `to_bytes`."""
        return codec.from_bytes(data)

    def answer(self, state: AgreementState, params: AgreementParameters) -> Result:
        """The result of a state.

        Raises NotEnoughData for one rater (`one_rater`), no unit that two judged (`no_overlap`), or fewer than 30
        prompts of such units.
        """
        view = View(state)
        prompts = _checked(view)
        return _conclude(view, params, prompts)


def _checked(view: View) -> int:
    """The number of prompts with a unit that two raters or more judged."""
    if len(view.raters) < 2:
        who = "one annotator" if view.raters else "no annotator"
        raise NotEnoughData(f"There is {who}: agreement is between two or more.", code="one_rater")
    if not view.shared.any():
        raise NotEnoughData(
            f"No unit was judged by two of the {amount(len(view.raters), 'annotator')}: nobody can be compared. "
            "If prompts repeat, map the column that names them (prompt=…).",
            code="no_overlap",
        )
    prompts = len(np.unique(view.prompt[view.shared]))
    if prompts < LEAST_PROMPTS:
        found = f"{amount(prompts, 'prompt')} with judgments of two annotators"
        raise NotEnoughData(f"{found}; an honest interval needs at least {LEAST_PROMPTS}.")
    check_mixed(amount(prompts, "prompt"), len(np.unique(view.group[view.shared])))
    return prompts


def _conclude(view: View, params: AgreementParameters, prompts: int) -> Result:
    pairs = rater_pairs(view) if view.categories else None
    found = coefficients(view, params.level)
    kappas = cohen(view, pairs, params.level)
    found |= {name: certain(one, found.get("raw_agreement"), view) for name, one in kappas.items()}
    found |= habits(view, params.level)
    model = quality(view, params.level)
    found["consensus_accuracy"] = model.certainty if model else _unidentified(view, params.level)
    told = table(view, model, params.level, params.false_discovery)
    scale = "nominal" if view.paired else "ordinal" if view.categories else "interval"
    alpha = found[f"krippendorff_alpha_{scale}"]
    code = verdict(alpha)
    units = int((view.judgments.sizes >= 2).sum())
    raters = len(np.unique(view.rater[view.shared]))
    return Result(
        analysis=Agreement.name,
        verdict=code,
        sentence=sentence(code, alpha, Basis(units, raters, view.paired, scale), told),
        estimates=found,
        evidence=Evidence(Agreement.name, Agreement.version, params=asdict(params), rows=view.state.rows),
        dataset={
            "kind": view.state.kind,
            "rows": view.state.rows,
            "prompts": prompts,
            "prompts_approximate": False,
            "units": units,
            "annotators": len(view.raters),
        },
        items=told.items,
        warnings=warnings(view, prompts, model, told),
        pictures=pictures(view, told, pairs, model),
    )


def _unidentified(view: View, level: float) -> Estimate:
    return Estimate(None, level=level, method=IDENTIFIED, n=int(view.shared.sum()))
