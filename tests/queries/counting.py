"""An analysis simple enough to check by hand: it remembers which rows it saw, in which order states were combined."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from engine.analysis.base import Analysis, Parameters, Shape
from engine.errors import NotEnoughData, NotFound
from engine.types import Estimate, Evidence, Kind, Result, RowReference, Rows


@dataclass(frozen=True)
class State:
    """Margin and hash of each row, and its topic."""

    rows: list[list[float]]
    topics: list[str]
    narrowed: str = ""


@dataclass(frozen=True)
class CountingParameters(Parameters):
    """`scale` changes what is observed, `power` only what is concluded."""

    observe_fields: ClassVar[tuple[str, ...]] = ("scale",)
    scale: float = 1.0
    power: int = 1


class Counting(Analysis[State, CountingParameters]):
    """Sums margins. `calls` says how often each step was taken."""

    name: ClassVar[str] = "counting"
    version: ClassVar[str] = "1"
    shape: ClassVar[Shape] = "table"
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"comparison": ()}
    parameters = CountingParameters

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def observe(self, rows: Rows, params: CountingParameters) -> State:
        codes, values = rows.slices.get("topic", (np.full(len(rows), -1, np.int32), []))
        topics = [values[code] if code >= 0 else "" for code in codes]
        margins = [float(margin) / params.scale for margin in rows.columns["margin"]]
        hashes = [float(row_hash) for row_hash in rows.columns["row_hash"]]
        return State([list(each) for each in zip(margins, hashes, strict=True)], topics)

    def combine(self, left: State, right: State) -> State:
        self.calls["combine"] += 1
        return State(left.rows + right.rows, left.topics + right.topics)

    def answer(self, state: State, params: CountingParameters) -> Result:
        self.calls["conclude"] += 1
        margins = [row[0] for row in state.rows]
        if len(margins) < 2:
            raise NotEnoughData(f"{len(margins)} rows; two are needed.")
        worst = sorted(state.rows)[:25]
        return Result(
            analysis=self.name,
            verdict="counted",
            sentence=f"Order {margins}",
            estimates={"total": Estimate(sum(margins) ** params.power, n=len(margins))},
            evidence=Evidence(self.name, self.version, rows=len(margins)),
            dataset={"rows": len(margins), "prompts": len(margins)},
            pictures={"reliability": {"count": [len(margins)]}, "histogram": {"count": [1]}},
            worst=[RowReference(int(row[1]), -row[0]) for row in worst],
        )

    def narrow(self, state: State, column: str, value: str) -> State:
        if column != "topic" or value not in state.topics:
            raise NotFound("There is no such slice.")
        kept = [place for place, topic in enumerate(state.topics) if topic == value]
        return State([state.rows[place] for place in kept], [value] * len(kept), f"{column}={value}")

    def to_bytes(self, state: State) -> bytes:
        return json.dumps(asdict(state)).encode()

    def from_bytes(self, data: bytes) -> State:
        self.calls["from_bytes"] += 1
        return State(**json.loads(data))
