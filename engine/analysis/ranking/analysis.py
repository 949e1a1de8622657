"""The ranking analysis: observe, combine, narrow, conclude."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.analysis.base import Analysis, Shape
from engine.analysis.ranking import codec
from engine.analysis.ranking import state as states
from engine.analysis.ranking.conclude import conclude
from engine.analysis.ranking.observe import observe
from engine.analysis.ranking.parameters import RankingParameters
from engine.analysis.ranking.state import RankingState
from engine.errors import UsageError
from engine.types import Kind, Result, Rows


class Ranking(Analysis[RankingState, RankingParameters]):
    """Which item (model, checkpoint) is stronger than which, from comparisons of two of them."""

    name: ClassVar[str] = "ranking"
    version: ClassVar[str] = "1"
    shape: ClassVar[Shape] = "table"
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"comparison": ("item_a", "item_b", "label")}
    reads: ClassVar[tuple[str, ...]] = ("item_a", "item_b", "styles")
    parameters = RankingParameters

    def observe(self, rows: Rows, params: RankingParameters) -> RankingState:
        """The state of one segment; raises UsageError for another kind, InputRefused for a label out of range."""
        del params
        if rows.kind not in self.kinds:
            raise UsageError(f"Ranking reads comparisons, not rows of kind {rows.kind!r}.")
        return observe(rows)

    def combine(self, left: RankingState, right: RankingState) -> RankingState:
        """The state of both; folding in manifest order replays bit for bit."""
        return states.combine(left, right)

    def narrow(self, state: RankingState, column: str, value: str) -> RankingState:
        """The state of one slice value; raises NotFound."""
        return states.narrow(state, column, value)

    def to_bytes(self, state: RankingState) -> bytes:
        """Npz without pickles."""
        return codec.to_bytes(state)

    def from_bytes(self, data: bytes) -> RankingState:
        """The state from `to_bytes`."""
        return codec.from_bytes(data)

    def answer(self, state: RankingState, params: RankingParameters) -> Result:
        """The result of a state.

        Raises NotEnoughData (below 30 prompts, or with a code of its own: too_many_items, not_connected,
        no_finite_strength, no_ties, no_style, controls_undetermined).
        """
        return conclude(state, params, self.name, self.version)
