"""The judge analysis: observe, combine, narrow, conclude."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from engine.analysis.base import Analysis, Shape
from engine.analysis.intervals import check_mixed
from engine.analysis.judge import codec
from engine.analysis.judge import state as states
from engine.analysis.judge.estimates import estimates
from engine.analysis.judge.observe import observe
from engine.analysis.judge.parameters import JudgeParameters
from engine.analysis.judge.sentence import Basis, sentence, verdict
from engine.analysis.judge.state import JudgeState
from engine.analysis.judge.view import View, most_verdicts
from engine.analysis.judge.warnings import warnings
from engine.analysis.judge.win_rate import plan, win_rate
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Evidence, Kind, Result, Rows
from engine.words import amount

LEAST_PROMPTS = 30
MOST_JUDGES = 100
"""Judges in the table."""


class Judge(Analysis[JudgeState, JudgeParameters]):
    """A judge's verdicts against people's labels: agreement, leanings, and what few labels make of many verdicts."""

    name: ClassVar[str] = "judge"
    version: ClassVar[str] = "1"
    shape: ClassVar[Shape] = "table"
    reads: ClassVar[tuple[str, ...]] = ("verdict", "judge", "item_a", "item_b", "side_a", "side_b", "styles")
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"comparison": ("label", "verdict")}
    parameters = JudgeParameters

    def missing(self, kind: str | None, fields: Collection[str]) -> tuple[str, ...] | None:
        """As for every analysis; a margin serves as well as a verdict."""
        if "margin" in fields:
            fields = {*fields, "verdict"}
        return super().missing(kind, fields)

    def observe(self, rows: Rows, params: JudgeParameters) -> JudgeState:  # noqa: ARG002 - no parameter counts
        """The state of one segment; raises UsageError for another kind, InputRefused for values out of range."""
        if rows.kind not in self.kinds:
            raise UsageError(f"Judge reads comparisons, not rows of kind {rows.kind!r}.")
        return observe(rows)

    def combine(self, left: JudgeState, right: JudgeState) -> JudgeState:
        """The state of both; folding in manifest order replays bit for bit."""
        return states.combine(left, right)

    def narrow(self, state: JudgeState, column: str, value: str) -> JudgeState:
        """The state of one slice value; raises NotFound."""
        return states.narrow(state, column, value)

    def to_bytes(self, state: JudgeState) -> bytes:
        """Npz without pickles."""
        return codec.to_bytes(state)

    def from_bytes(self, data: bytes) -> JudgeState:
        """The state from `to_bytes`."""
        return codec.from_bytes(data)

    def answer(self, state: JudgeState, params: JudgeParameters) -> Result:
        """The result of a state.

        Raises NotEnoughData without verdicts (`no_verdicts`) or labels (`no_labels`), or below 30 labelled prompts;
        NotFound for a judge or an item.
        """
        return _conclude(_view(state, params), params)


def _view(state: JudgeState, params: JudgeParameters) -> View:
    """The judge that is asked for, of a state that says enough."""
    if not state.rows:
        raise NotEnoughData("No row has a verdict of a judge, nor a margin that stands for one.", code="no_verdicts")
    prompts = state.prompts.count
    if not prompts:
        raise NotEnoughData(
            "No row has both a verdict and a label: nothing to hold the judge against.", code="no_labels"
        )
    if prompts < LEAST_PROMPTS:
        found = amount(prompts, "labelled prompt")
        raise NotEnoughData(f"{found}; an honest interval needs at least {LEAST_PROMPTS}.")
    view = View(state, _place("judge", params.judge, state.judges) if params.judge else most_verdicts(state))
    check_mixed(f"The labelled prompts of {state.judges[view.judge]}", int((view.sums["labelled"] > 0).sum()))
    return view


def _place(what: str, name: str, names: tuple[str, ...]) -> int:
    if name not in names:
        raise NotFound(f"There is no {what} {name!r}; known are {', '.join(names[:20])}.")
    return names.index(name)


def _conclude(view: View, params: JudgeParameters) -> Result:
    state = view.state
    found = estimates(view, params.level)
    won = win_rate(
        view, _place("item", params.item, state.items) if params.item else 0, params.half_width, params.level
    )
    found |= won.estimates
    labelled = round(view.total("labelled"))
    prompts, approximate = state.prompts.rounded, not state.prompts.exact
    code = verdict(found["cohen_kappa"])
    basis = Basis(labelled, prompts, state.judges[view.judge], won.item, approximate)
    return Result(
        analysis=Judge.name,
        verdict=code,
        sentence=sentence(code, found, basis),
        estimates=found,
        evidence=Evidence(Judge.name, Judge.version, params=asdict(params), rows=state.rows),
        dataset={
            "kind": "comparison",
            "rows": state.rows,
            "labelled": labelled,
            "prompts": prompts,
            "prompts_approximate": approximate,
            "judge": basis.judge,
            "item": won.item,
        },
        items=[_line(View(state, judge), params.level) for judge in range(min(len(state.judges), MOST_JUDGES))],
        warnings=warnings(view, prompts, won),
        pictures={
            "verdicts": _verdicts(view),
            "plan": plan(won, params.level),
            "label_next": _label_next(state),
        },
        worst=state.against.references(),
    )


def _line(view: View, level: float) -> dict[str, Any]:
    """One judge of the table."""
    found = estimates(view, level)
    agreement = found.pop("agreement")
    line: dict[str, Any] = {
        "item": view.state.judges[view.judge],
        "value": agreement.value,
        "low": agreement.low,
        "high": agreement.high,
        "n": agreement.n,
        "verdicts": round(view.total("count")),
    }
    for name, one in found.items():
        line |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
    return line


def _verdicts(view: View) -> dict[str, Any]:
    """How many labelled rows: judge against human, whichever answer is called a."""
    names = ("same", "opposite", "human_only", "judge_only", "both_tied")
    return {name: round(view.total(name)) for name in names}


def _label_next(state: JudgeState) -> dict[str, Any]:
    """Unlabelled rows to label: drawn at random for the win rate, the least sure to learn where the judge fails.

    Hashes of rows as texts, since a browser's numbers do not hold them.
    """
    return {
        "random": [str(row) for row in state.drawn.smallest],
        "unsure": [str(row) for row in state.unsure.row_hash],
        "doubt": [float(value) for value in state.unsure.confidence],
    }
