"""One pass over a segment of rows: the observing half of the comparison."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from engine.analysis.arrays import Flags, Floats, Hashes, Ints
from engine.analysis.compare.state import (
    PART,
    CompareState,
    RowSample,
    SliceColumn,
    agreed,
    bounded,
    plain,
)
from engine.analysis.records import mixed
from engine.analysis.shapes import UnitSums
from engine.errors import InputRefused
from engine.types import Rows

Fields = list[Floats | Flags]


def observe(rows: Rows, scale: float) -> CompareState:
    """The state of one segment. Raises InputRefused for labels or truths outside [0, 1]."""
    paired = rows.kind == "comparison"
    usable, fields, strength = _pairs(rows) if paired else _scores(rows, scale)
    unit, prompt = _units(rows, paired)[usable], rows.columns["prompt_hash"][usable]
    members, member = _members(rows)
    used = np.unique(member[usable])
    place = np.zeros(len(members), np.int64)
    place[used] = np.arange(len(used))
    names, member = [members[index] for index in used], place[member[usable]]
    sums = UnitSums.of_rows(names, unit, member, prompt.view(np.int64), [field[usable] for field in fields])
    at = {name: index for index, name in enumerate(sums.members)}
    sorted_places = np.array([at[name] for name in names], np.int64)
    sorted_member = sorted_places[member] if len(names) else member
    sample = RowSample(unit, sorted_member, rows.columns["row_hash"][usable], strength[usable])
    columns = {name: _slice_column(codes[usable], values, unit) for name, (codes, values) in rows.slices.items()}
    found = int(np.count_nonzero(usable))
    return bounded(CompareState(paired, scale, sums, sample.least(), found, len(rows) - found, columns))


# ------------------------------------------------------------------ row values


def _pairs(rows: Rows) -> tuple[Flags, Fields, Floats]:
    """Usable rows, the fields after the count, and |margin| (of a bare verdict its distance from ½)."""
    label, margin = _within("label", rows.columns["label"]), np.asarray(rows.columns["margin"], float)
    scored = np.isfinite(margin)
    verdict = np.asarray(rows.columns.get("verdict", np.full(len(rows), np.nan)), float)
    lean = np.where(scored, margin, verdict - 0.5)
    usable = np.isfinite(lean) & np.isfinite(label)
    correct = np.where(lean > 0, label, 1 - label)
    correct[lean == 0] = 0.5
    sure = np.where(scored, margin, 0.0)
    log_loss = np.logaddexp(0.0, -sure) + (1 - label) * sure
    with np.errstate(over="ignore"):
        p = 1 / (1 + np.exp(-sure))
    fields: Fields = [
        correct,
        scored,
        np.where(scored, np.square(p - label), 0.0),
        np.where(scored, log_loss, 0.0),
    ]
    return usable, fields, np.abs(lean)


def _scores(rows: Rows, scale: float) -> tuple[Flags, Fields, Floats]:
    """Usable rows, the fields after the count, and value / scale."""
    value = np.asarray(rows.columns["value"], float) / scale
    truth = _within("truth", rows.columns.get("truth", np.full(len(rows), np.nan)))
    known, usable = np.isfinite(truth), np.isfinite(value)
    sure = np.where(known, truth, 0.0)
    correct = np.where(value > 0.5, sure, 1 - sure)
    correct[value == 0.5] = 0.5
    outside = (value < 0) | (value > 1)
    return usable, [value, outside, known, sure, np.where(known, correct, 0.0)], value


def _within(name: str, column: Floats) -> Floats:
    values = np.asarray(column, float)
    known = values[np.isfinite(values)]
    if len(known) and not (known.min() >= 0 and known.max() <= 1):
        raise InputRefused(f"Column {name!r} holds values outside [0, 1].", field=name)
    return values


# ------------------------------------------------------------------ what is paired, and who


def _units(rows: Rows, paired: bool) -> Hashes:
    """The prompt, or of comparisons the prompt with both sides, whichever stands first."""
    prompt = rows.columns["prompt_hash"]
    if not (paired and "side_a" in rows.columns):
        return mixed(prompt)
    a, b = rows.columns["side_a"], rows.columns["side_b"]
    return mixed(prompt ^ mixed(mixed(np.minimum(a, b)) + np.maximum(a, b)))


def hash_of(text: str) -> int:
    """A 64-bit hash of a name, the same everywhere."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def _members(rows: Rows) -> tuple[list[str], Ints]:
    """The different (dataset, judge, item, step), the dataset not yet known, and which of them each row is of."""
    step = rows.columns.get("step", np.full(len(rows), -1)).astype(np.int64)
    steps, step_at = np.unique(step, return_inverse=True)
    parts = [_named(rows, "judge"), _named(rows, "item"), (step_at, [str(each) if each >= 0 else "" for each in steps])]
    code = np.zeros(len(rows), np.int64)
    for codes, values in parts:
        code = code * (len(values) or 1) + codes
    found, member = np.unique(code, return_inverse=True)
    names = []
    for each in found.tolist():
        words: list[str] = []
        for _, values in reversed(parts):
            each, at = divmod(each, len(values) or 1)
            words.insert(0, plain(values[at]))
        names.append(PART + PART.join(words))
    return _without_doubles(names, member.astype(np.int64))


def _named(rows: Rows, name: str) -> tuple[Ints, list[str]]:
    codes, values = rows.names.get(name, (np.full(len(rows), -1, np.int32), []))
    return codes.astype(np.int64) + 1, ["", *values]


def _without_doubles(names: list[str], member: Ints) -> tuple[list[str], Ints]:
    """Each name once: names may become equal where signs are taken out of them."""
    once = sorted(set(names))
    at = {name: place for place, name in enumerate(once)}
    places = np.array([at[name] for name in names], np.int64)
    return once, places[member] if len(places) else member


def _slice_column(codes: np.ndarray[tuple[int], np.dtype[np.int32]], values: list[str], unit: Hashes) -> SliceColumn:
    known = codes >= 0
    order = sorted(range(len(values)), key=values.__getitem__)
    place = np.zeros(len(values), np.int64)
    place[order] = np.arange(len(values))
    return agreed(tuple(values[index] for index in order), unit[known], place[codes[known]])
