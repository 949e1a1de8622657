"""The comparison of systems: observe, combine, narrow, label, conclude."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import ClassVar

import numpy as np

from engine.analysis.base import Analysis, Shape
from engine.analysis.compare import codec, pictures
from engine.analysis.compare import state as states
from engine.analysis.compare.decide import decide
from engine.analysis.compare.differences import differences
from engine.analysis.compare.estimates import estimates
from engine.analysis.compare.items import items, possible_best, values
from engine.analysis.compare.observe import observe
from engine.analysis.compare.parameters import CompareParameters
from engine.analysis.compare.sentence import sentence
from engine.analysis.compare.significance import significance
from engine.analysis.compare.slices import slices
from engine.analysis.compare.state import CompareState
from engine.analysis.compare.systems import LEAST_PROMPTS, MOST_SYSTEMS, Grid, grid_of
from engine.analysis.compare.warnings import warnings
from engine.analysis.compare.worst import worst
from engine.errors import NotEnoughData, UsageError
from engine.types import Evidence, Kind, Result, Rows
from engine.words import amount


class Compare(Analysis[CompareState, CompareParameters]):
    """Models, checkpoints or judges on the same prompts: ship, hold, or how many labels more."""

    name: ClassVar[str] = "compare"
    version: ClassVar[str] = "1"
    shape: ClassVar[Shape] = "units"
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"comparison": ("label",), "score": ("value",)}
    together: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ("judge", "item", "side_a", "side_b", "verdict")
    parameters = CompareParameters

    def missing(self, kind: str | None, fields: Collection[str]) -> tuple[str, ...] | None:
        """As usual; comparisons need a margin or a judge's verdict besides the label."""
        missing = super().missing(kind, fields)
        if missing is None or kind != "comparison" or "margin" in fields or "verdict" in fields:
            return missing
        return (*missing, "margin")

    def applies(self, kind: str | None, fields: Collection[str]) -> bool:
        """Whether rows of one dataset may hold several systems; several datasets can be compared without."""
        return self.missing(kind, fields) == () and bool({"judge", "item", "step"} & set(fields))

    def observe(self, rows: Rows, params: CompareParameters) -> CompareState:
        """The state of one segment; raises UsageError for another kind, InputRefused for values out of range."""
        if rows.kind not in self.kinds:
            raise UsageError(f"The comparison reads comparisons and scores, not rows of kind {rows.kind!r}.")
        return observe(rows, params.scale)

    def combine(self, left: CompareState, right: CompareState) -> CompareState:
        """The state of both; folding in manifest order replays bit for bit."""
        return states.combine(left, right)

    def narrow(self, state: CompareState, column: str, value: str) -> CompareState:
        """The state of one slice value; raises NotFound."""
        return states.narrow(state, column, value)

    def labelled(self, state: CompareState, name: str) -> CompareState:
        """The state with the dataset's name as one of the things that tell systems apart."""
        return states.labelled(state, name)

    def to_bytes(self, state: CompareState) -> bytes:
        """Npz without pickles."""
        return codec.to_bytes(state)

    def from_bytes(self, data: bytes) -> CompareState:
        """The state from `to_bytes`."""
        return codec.from_bytes(data)

    def answer(self, state: CompareState, params: CompareParameters) -> Result:
        """The result of a state.

        Raises NotEnoughData below two systems with 30 prompts in common, UsageError for a metric or a name that the
        rows do not have, NotFound for a system.
        """
        return _conclude(state, params)


def _conclude(state: CompareState, params: CompareParameters) -> Result:
    whole = grid_of(state, params)
    grid, dropped = _large_enough(whole)
    _check_live(grid, params)
    found = differences(grid, params.level, live=params.live == "yes", seed=params.seed)
    own = values(grid, params.level, live=found.live)
    means = [estimate.value or 0.0 for estimate in own]
    order = sorted(range(len(means)), key=lambda place: (-means[place], place))
    decision = decide(found, order[0], params)
    bounds = found.intervals(np.arange(len(found)))
    tests = significance(found)
    best = possible_best(found, bounds)
    return Result(
        analysis=Compare.name,
        verdict=decision.verdict,
        sentence=sentence(found, decision, [grid.names[place] for place in order if best[place]], params.delta),
        estimates=estimates(state, found, decision, tests, own, params),
        evidence=Evidence(Compare.name, Compare.version, params=asdict(params), seed=params.seed, rows=state.rows),
        dataset={
            "kind": "comparison" if state.paired else "score",
            "rows": state.rows,
            "prompts": len(grid.prompt_starts),
            "prompts_approximate": False,
            "systems": len(grid.names),
            "by": grid.by,
            "metric": grid.metric,
            "candidate": grid.names[decision.candidate],
            "baseline": grid.names[decision.baseline],
            "common_prompts": int(found.prompts[decision.pair]),
        },
        slices=slices(state, grid, decision, params.level),
        items=items(grid, own, best, order),
        warnings=warnings(state, found, decision, dropped),
        pictures={
            "forest": pictures.forest(found, decision, bounds, tests),
            "matrix": pictures.matrix(state, grid, order),
            "pairs": pictures.pairs(found, order, bounds, tests),
        },
        worst=worst(state, grid, decision),
    )


def _large_enough(grid: Grid) -> tuple[Grid, list[str]]:
    """The systems with 30 prompts or more, and the names of the others."""
    prompts = grid.prompts_of(grid.known)
    kept = np.flatnonzero(prompts >= LEAST_PROMPTS).tolist()
    if len(kept) < 2:
        most = amount(int(np.sort(prompts)[-2]), "prompt")
        raise NotEnoughData(f"The second largest system has {most}; comparing two needs at least {LEAST_PROMPTS} each.")
    if len(kept) > MOST_SYSTEMS:
        raise UsageError(
            f"{len(kept):,} systems by {grid.by}: at most {MOST_SYSTEMS} are compared; choose another by=… or a slice.",
            code="too_many_systems",
        )
    dropped = [name for place, name in enumerate(grid.names) if place not in kept]
    return (grid.only(kept) if dropped else grid), dropped


def _check_live(grid: Grid, params: CompareParameters) -> None:
    if params.live == "yes" and len(grid.value) and not (grid.value.min() >= 0 and grid.value.max() <= 1):
        raise UsageError(
            "Intervals that hold at every look need values between 0 and a known bound: name it with scale=….",
            code="unbounded",
        )
