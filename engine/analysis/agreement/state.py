"""The state of the agreement analysis: who judged which unit how; how two states combine, narrow."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.shapes import UnitSums
from engine.analysis.slicing import SLICE_VALUES, check_slice
from engine.errors import UsageError
from engine.types import Kind

FIELDS = (
    "count",
    "value",
    "square",
    "won",
    "tied",
    "shown",
    "first_won",
    "timed",
    "time",
    "prompt",
    "item_low",
    "item_high",
    "sides",
    "turned",
)
"""By unit and rater, sums over rows. `value` and `square`: of P(low side preferred), or of the score, and its square.

`won`, `tied`: rows that prefer the low side, that prefer none. `shown`, `first_won`: rows whose order is known, and
what the answer shown first won of them. `timed`, `time`: rows with a time, and their times. Then `code`s, times the
number of rows: of the prompt, of the items on the low and on the high side (0 without a name), of both sides together.
`turned`: rows whose answer a is the high side. The low side of a unit is the one whose hash is smaller, whatever the
order shown. A field for each slice column follows, with the codes of its values.
"""


def code(name: str) -> int:
    """A number in [1, 2³²) that stands for a text in sums of floats: a mean of codes is one only if all are equal."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "little") or 1


def codes(names: Iterable[str]) -> Floats:
    """The codes of some texts, and 0 after them for what is missing (code −1 of a column)."""
    return np.array([*(code(name) for name in names), 0], float)


@dataclass(frozen=True)
class AgreementState:
    """What agreement remembers of rows. `items` are the sorted names of what was compared; `columns` the slice columns.

    `left_out` counts rows without a rater or a label. `narrowed` is "column=value" for the state of one slice.
    """

    kind: Kind
    judgments: UnitSums
    items: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    untracked: frozenset[str] = frozenset()
    left_out: int = 0
    narrowed: str = ""

    @property
    def rows(self) -> int:
        """Number of judgments."""
        return round(float(self.judgments.sums[0].sum()))


def empty_state(kind: Kind) -> AgreementState:
    """The state of no rows."""
    return AgreementState(kind, UnitSums.empty(len(FIELDS) - 1))


def combine(left: AgreementState, right: AgreementState) -> AgreementState:
    """The state of both sets of rows; a unit that lies in both is whole again before anything is computed from it."""
    if (left.kind, left.narrowed) != (right.kind, right.narrowed):
        raise UsageError("Only states of one kind and slice combine.")
    untracked = left.untracked | right.untracked
    values = {
        name: tuple(sorted({*left.columns.get(name, ()), *right.columns.get(name, ())}))
        for name in sorted({*left.columns, *right.columns} - untracked)
    }
    untracked |= {name for name, found in values.items() if len(found) > SLICE_VALUES}
    columns = {name: found for name, found in values.items() if name not in untracked}
    return AgreementState(
        left.kind,
        _over(left, columns) + _over(right, columns),
        tuple(sorted({*left.items, *right.items})),
        columns,
        untracked,
        left.left_out + right.left_out,
        left.narrowed,
    )


def _over(state: AgreementState, columns: Mapping[str, tuple[str, ...]]) -> UnitSums:
    """The judgments with the fields of these slice columns; a column that the state does not know is missing in it."""
    held = {name: place + len(FIELDS) for place, name in enumerate(state.columns)}
    sums = state.judgments.sums
    missing = np.zeros(sums.shape[1])
    slices = [sums[held[name]] if name in held else missing for name in columns]
    return replace(state.judgments, sums=np.stack([*sums[: len(FIELDS)], *slices]))


def narrow(state: AgreementState, column: str, value: str) -> AgreementState:
    """The state of the judgments whose slice column has this value in all of their rows.

    Raises NotFound for a column or value that the data do not have, or too many values of it to keep apart.
    """
    check_slice(column, value, state.columns, state.untracked)
    sums = state.judgments.sums
    place = list(state.columns).index(column) + len(FIELDS)
    kept = state.judgments.where(sums[place] == sums[0] * code(value))
    return AgreementState(state.kind, _only_used(kept), state.items, narrowed=f"{column}={value}")


def _only_used(judgments: UnitSums) -> UnitSums:
    """Without the raters that have no judgment, and without the slice columns."""
    found = np.unique(judgments.member)
    place: Ints = np.zeros(len(judgments.members), np.int64)
    place[found] = np.arange(len(found))
    members = tuple(judgments.members[index] for index in found)
    return replace(judgments, members=members, member=place[judgments.member], sums=judgments.sums[: len(FIELDS)])
