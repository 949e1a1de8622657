"""Cohorts: which rows are meant, by what stands in their columns.

A cohort is written as an address carries it: conditions with semicolons between, each `column=low..high` (either end
may be left out) or `column=value|value`; a row belongs to it where all of them hold. `!` before them means the rest,
all rows that do not belong. A row that lacks a column does not meet its condition: cohort and rest are all rows.
Several of these with `&` between have to hold together.

Columns are those of canonical rows, and of comparisons `item` (both sides: with one value rows where it stands on
either, with several those where both sides are among them), `rater` (annotator, else judge), `confidence` (the sigmoid
of the margin's size), `distance.length` or of another feature of style (how far a and b lie apart in it) and
`verdict_on_label` (what the judge says to what people say: same, opposite, judge_only, human_only where the other says
tie, both_tied). Times are dates of ISO 8601 in UTC.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.errors import UsageError

TOGETHER, REST, CONDITIONS, VALUES, RANGE = "&", "!", ";", "|", ".."
MOST_CONDITIONS, MOST_VALUES = 8, 200
SPOKEN = 4
"""Values of a condition that are said in words."""

_STORED: Mapping[str, tuple[str, ...]] = {
    "confidence": ("margin",),
    "distance.length": ("length_a", "length_b"),
    "item": ("item_a", "item_b", "item"),
    "rater": ("annotator", "judge"),
    "verdict_on_label": ("verdict", "margin", "label"),
}
"""Columns that stand for others."""

_EITHER = frozenset({"item", "rater"})
"""Those of them that one of the others is enough for."""

DISTANCE = "distance."

_HAIR = 5e-9
"""Of an edge; written with nine digits it is another number."""

_RESERVED = {sign: f"%{ord(sign):02X}" for sign in "%;|=!&"}

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Condition:
    """What one column holds: one of `values`, or where there are none a number from `low` to `high`, both included."""

    column: str
    values: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf

    @property
    def stored(self) -> tuple[str, ...]:
        """The columns of canonical rows that it needs, of whatever kind."""
        if self.column.startswith(DISTANCE) and self.column not in _STORED:
            feature = self.column.removeprefix(DISTANCE)
            return (f"style.{feature}.a", f"style.{feature}.b")
        return _STORED.get(self.column, (self.column,))

    def fits(self, names: Collection[str]) -> bool:
        """Whether rows with these columns can meet it: of columns that stand for either of several, one is enough."""
        either = self.column in _EITHER
        return (any if either else all)(name in names for name in self.stored)

    def mask(self, table: pa.Table) -> Mask:
        """Which rows meet it."""
        held = [name for name in self.stored if name in table.column_names]
        if self.column == "verdict_on_label":
            return np.asarray(np.isin(_verdict_on_label(table), self.values))
        if self.values:
            sides = [_among(table.column(name), self.values) for name in held]
            return _all_or_any(sides, self.column == "item" and len(self.values) > 1, len(table))
        if len(held) < len(self.stored) or not all(_counts(table.column(name)) for name in held):
            return np.zeros(len(table), np.bool_)
        numbers = self._number([_numbers(table.column(name)) for name in held])
        return np.asarray((numbers >= self.low) & (numbers <= self.high))

    def _number(self, columns: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        if self.column == "confidence":
            return 1 / (1 + np.exp(-np.abs(columns[0])))
        return np.abs(columns[0] - columns[1]) if self.column.startswith(DISTANCE) else columns[0]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that meet every condition, or with `rest` all others."""

    conditions: tuple[Condition, ...]
    rest: bool = False

    def mask(self, table: pa.Table) -> Mask:
        """Which rows belong to it."""
        inside = np.ones(len(table), np.bool_)
        for condition in self.conditions:
            inside &= condition.mask(table)
        return ~inside if self.rest else inside


@dataclass(frozen=True, slots=True)
class Cohort:
    """Rows that belong to every group."""

    groups: tuple[Group, ...]

    def stored(self, names: Collection[str]) -> list[str]:
        """The columns among `names` that it needs."""
        conditions = (condition for group in self.groups for condition in group.conditions)
        wanted = dict.fromkeys(name for condition in conditions for name in condition.stored)
        return [name for name in wanted if name in names]

    def fits(self, names: Collection[str]) -> bool:
        """Whether rows with these columns have all that it asks for."""
        return all(condition.fits(names) for group in self.groups for condition in group.conditions)

    def mask(self, table: pa.Table) -> Mask:
        """Which of these canonical rows belong to it."""
        return np.asarray(np.all([group.mask(table) for group in self.groups], axis=0))

    def of(self, table: pa.Table) -> pa.Table:
        """The rows that belong to it."""
        return table.filter(pa.array(self.mask(table)))


def parse(text: str) -> Cohort | None:
    """The cohort that a text names; None for an empty one. Raises UsageError (`cohort`) for anything else."""
    if not text:
        return None
    groups = tuple(map(_group, text.split(TOGETHER)))
    if sum(len(group.conditions) for group in groups) > MOST_CONDITIONS:
        raise UsageError(f"A cohort has at most {MOST_CONDITIONS} conditions.", code="cohort")
    return Cohort(groups)


def _group(text: str) -> Group:
    return Group(tuple(map(_condition, text.removeprefix(REST).split(CONDITIONS))), text.startswith(REST))


def _condition(text: str) -> Condition:
    column, found, wanted = text.partition("=")
    column = unquote(column)
    if not found or not column or not wanted:
        raise UsageError(f"{text!r} is no condition of the form column=value or column=low..high.", code="cohort")
    low, between, high = wanted.partition(RANGE)
    if between and VALUES not in wanted:
        return _within(text, column, low, high)
    values = tuple(dict.fromkeys(map(unquote, wanted.split(VALUES))))
    if len(values) > MOST_VALUES:
        raise UsageError(f"A condition has at most {MOST_VALUES} values.", code="cohort")
    return Condition(column, values)


def _within(text: str, column: str, low: str, high: str) -> Condition:
    number = _seconds if column == "time" else float
    try:
        ends = (number(low) if low else -math.inf, number(high) if high else math.inf)
    except ValueError as error:
        kind = "dates" if column == "time" else "numbers"
        raise UsageError(f"{text!r} does not go from one to another of two {kind}.", code="cohort") from error
    if not ends[0] <= ends[1]:
        raise UsageError(f"{text!r} goes from more to less.", code="cohort")
    return Condition(column, (), *ends)


def _seconds(text: str) -> float:
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


# ------------------------------------------------------------------ writing


def one_of(column: str, values: Iterable[str]) -> str:
    """The condition that a column holds one of these values, as `parse` reads it."""
    return f"{_plain(column)}={VALUES.join(map(_plain, values))}"


def within(column: str, low: float, high: float) -> str:
    """The condition that a column lies between two numbers, as `parse` reads it; `time` in seconds since 1970."""
    if column == "time":
        low_date, high_date = (datetime.fromtimestamp(end, UTC).replace(tzinfo=None).isoformat() for end in (low, high))
        return f"time={low_date}{RANGE}{high_date}"
    return f"{_plain(column)}={low:.9g}{RANGE}{high:.9g}"


def of_bin(column: str, low: float, high: float, *, last: bool) -> str:
    """The condition that a column lies in a bin: a row that stands on an edge is in the upper one of two bins alone.

    An edge is written with nine digits, so that its bin begins, and the one before it ends, a hair below it.
    """
    begins, ends = low - _HAIR * abs(low), high if last else high - 2 * _HAIR * abs(high)
    return within(column, begins, ends)


def every(*conditions: str) -> str:
    """That all of these conditions hold, as one cohort whose rest can be written; empty ones always hold."""
    return CONDITIONS.join(filter(None, conditions))


def together(*cohorts: str) -> str:
    """What belongs to each of these cohorts; empty ones are all rows."""
    return TOGETHER.join(filter(None, cohorts))


def joined(*cohorts: str) -> str:
    """What belongs to each of these cohorts, as one whose rest can be written where none of them is a rest itself."""
    given = [one for one in cohorts if one]
    plain = not any(TOGETHER in one or one.startswith(REST) for one in given)
    return every(*given) if plain else together(*given)


def of_slice(slice_name: str) -> str:
    """The rows of a slice, which is written "column=value"; empty for all rows."""
    column, _, value = slice_name.partition("=")
    return one_of(f"slice.{column}", [value]) if slice_name else ""


def _plain(text: str) -> str:
    return "".join(_RESERVED.get(sign, sign) for sign in text).replace(RANGE, "%2E%2E")


def others(text: str) -> str:
    """The rest of a cohort; empty for one of several groups, whose rest is none that can be written."""
    if not text or TOGETHER in text:
        return ""
    return text.removeprefix(REST) if text.startswith(REST) else REST + text


def spoken(text: str) -> str:
    """A cohort in words: `confidence from 0.8 to 0.9 and topic math, law`; text that names none as it is."""
    try:
        chosen = parse(text)
    except UsageError:
        return text
    return " and ".join(map(_spoken_group, chosen.groups)) if chosen else "all rows"


def _spoken_group(group: Group) -> str:
    said = " and ".join(map(_spoken, group.conditions))
    return f"all but {said}" if group.rest else said


def _spoken(condition: Condition) -> str:
    name = condition.column.removeprefix("slice.").replace(DISTANCE, "distance in ").replace("_", " ")
    if condition.values:
        more = len(condition.values) - SPOKEN
        return f"{name} {', '.join(condition.values[:SPOKEN])}{f' and {more} more' if more > 0 else ''}"
    low, high = (_spoken_end(condition.column, end) for end in (condition.low, condition.high))
    if condition.low == -math.inf:
        return f"{name} up to {high}"
    return f"{name} from {low}" if condition.high == math.inf else f"{name} from {low} to {high}"


def _spoken_end(column: str, end: float) -> str:
    if column == "time" and math.isfinite(end):
        return f"{datetime.fromtimestamp(end, UTC):%Y-%m-%d %H:%M}"
    return f"{end:.4g}"


# ------------------------------------------------------------------ columns


def _among(column: pa.ChunkedArray, values: tuple[str, ...]) -> Mask:
    wanted = pa.array(values, pa.string())
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    if pa.types.is_integer(column.type):
        column = column.cast(pa.string())
    if not pa.types.is_string(column.type):
        return np.zeros(len(column), np.bool_)
    return np.asarray(pc.is_in(column, value_set=wanted).to_numpy(), np.bool_)


def _all_or_any(sides: list[Mask], everywhere: bool, size: int) -> Mask:
    if not sides:
        return np.zeros(size, np.bool_)
    return np.asarray(np.all(sides, axis=0) if everywhere else np.any(sides, axis=0))


def _verdict_on_label(table: pa.Table) -> NDArray[Any]:
    """By row one of the words above, empty where one of the two says nothing."""
    held = {name: _numbers(table.column(name)) for name in _STORED["verdict_on_label"] if name in table.column_names}
    unknown = np.full(len(table), math.nan)
    judge = np.sign(held.get("verdict", unknown) - 0.5)
    judge = np.where(np.isnan(judge), np.sign(held.get("margin", unknown)), judge)
    human = np.sign(held.get("label", unknown) - 0.5)
    known = [judge * human > 0, judge * human < 0, (judge != 0) & (human == 0), (judge == 0) & (human != 0)]
    said = np.select(known, ["same", "opposite", "judge_only", "human_only"], "both_tied")
    return np.where(np.isnan(judge) | np.isnan(human), "", said)


def _counts(column: pa.ChunkedArray) -> bool:
    kind = column.type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_timestamp(kind))


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    values: Any = column
    if pa.types.is_timestamp(column.type):
        values = pc.divide(pc.cast(pc.cast(values, pa.int64()), pa.float64()), 1e6)
    return np.asarray(pc.fill_null(values.cast(pa.float64(), safe=False), math.nan).to_numpy())
