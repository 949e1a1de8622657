"""The sums of one judge by bucket."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.analysis.arrays import Flags, Floats, Ints, sum_by
from engine.analysis.judge.state import ORDER_FIELDS, VERDICT_FIELDS, WIN_FIELDS, JudgeState
from engine.analysis.shapes import Table


@dataclass(frozen=True)
class View:
    """One judge of a state; every array of sums has one entry a bucket of the state."""

    state: JudgeState
    judge: int

    @cached_property
    def sums(self) -> dict[str, Floats]:
        """The sums of VERDICT_FIELDS, and `both_tied`, by bucket."""
        found = _dense(self.state.verdicts, self.judge, VERDICT_FIELDS)
        decided = found["same"] + found["opposite"] + found["human_only"] + found["judge_only"]
        return found | {"both_tied": found["labelled"] - decided}

    def total(self, name: str) -> float:
        """The sum of one field over all buckets."""
        return float(self.sums[name].sum())

    def wins(self, item: int) -> dict[str, Floats]:
        """The sums of WIN_FIELDS of one item by bucket."""
        return _dense(self.state.wins, self.judge * len(self.state.items) + item, WIN_FIELDS)

    @cached_property
    def orders(self) -> tuple[Floats, Floats]:
        """By bucket: units that were judged in both orders, and those of them with one verdict in both."""
        orders = self.state.orders
        if self.state.judges[self.judge] not in orders.members:
            return np.zeros(1), np.zeros(1)
        mine = orders.where(orders.member == orders.members.index(self.state.judges[self.judge]))
        sums = dict(zip(ORDER_FIELDS, mine.sums, strict=True))
        low, high = sums["low_first"], sums["count"] - sums["low_first"]
        both: Flags = (low > 0) & (high > 0)
        won = [
            np.sign(2 * sums[name][both] - shown[both])
            for name, shown in zip(ORDER_FIELDS[2:], (low, high), strict=True)
        ]
        bucket, size = mine.bucket[both], int(mine.bucket.max(initial=0)) + 1
        return sum_by(bucket, np.ones(len(bucket)), size), sum_by(bucket, won[0] == won[1], size)


def most_verdicts(state: JudgeState) -> int:
    """The judge with the most labelled verdicts, then the most, then the first by name."""
    rank = []
    for name in ("labelled", "count"):
        values = state.verdicts.sums[VERDICT_FIELDS.index(name)]
        rank.append(sum_by(state.verdicts.cell, values, len(state.judges)))
    return int(np.lexsort((np.arange(len(state.judges)), -rank[1], -rank[0]))[0])


def _dense(table: Table, cell: int, fields: tuple[str, ...]) -> dict[str, Floats]:
    chosen: Ints = np.flatnonzero(table.cell == cell)
    sums = np.zeros((len(fields), table.buckets))
    sums[:, table.bucket[chosen]] = table.sums[:, chosen]
    return dict(zip(fields, sums, strict=True))
