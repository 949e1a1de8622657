"""Features: what is held against the reference, each a column of numbers or of names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.drift.windows import DATASET
from engine.analysis.records import Coded, Records
from engine.analysis.slicing import SLICE_VALUES

OTHERS = "others"
"""What the values of a column are called that are not kept apart."""

MOST = 80
_NOT_FEATURES = ("step", "time", "source_line")
SHARES = frozenset({"label", "verdict", "first", "truth", "truncated"})
"""Columns that lie in [0, 1] whatever the data."""


@dataclass(frozen=True)
class Feature:
    """A column by its name: `values` (NaN unknown) of one of numbers, else `codes` (−1 unknown) and their `words`.

    `column` is what canonical rows call it, empty where none of theirs is it.
    """

    name: str
    column: str
    values: Floats
    codes: Ints
    words: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        """Whether it holds names."""
        return bool(self.words)


def features_of(state: Records) -> list[Feature]:
    """Every column of the records that does not say the same of all rows, numbers first; at most 80."""
    none = np.zeros(0, np.int64)
    found = [
        Feature(name, _canonical(name), values, none)
        for name, values in state.columns.items()
        if name not in _NOT_FEATURES and not name.startswith("config.") and _varies(values)
    ]
    taken = {feature.name for feature in found}
    coded = {f"slice.{name}" if name in taken else name: (f"slice.{name}", one) for name, one in state.slices.items()}
    coded |= {name: (name, one) for name, one in state.names.items() if name not in coded and name != DATASET}
    for name, (column, one) in coded.items():
        feature = _of_names(name, column, one)
        if feature is not None:
            found.append(feature)
    return found[:MOST]


def _varies(values: Floats) -> bool:
    known = values[np.isfinite(values)]
    return bool(len(known)) and bool(known.min() < known.max())


def _canonical(name: str) -> str:
    """Features of style have their column a side, the length one of its own."""
    feature, point, side = name.rpartition(".")
    if point and side in ("a", "b"):
        return f"length_{side}" if feature == "length" else f"style.{feature}.{side}"
    return "" if name in ("first", "verdict") else name


def _of_names(name: str, column: str, coded: Coded) -> Feature | None:
    """A column of names; the rarest of more than a hundred together. None where most rows have one of their own."""
    codes, words = coded
    known = codes[codes >= 0]
    count = np.bincount(known, minlength=len(words))
    used = int((count > 0).sum())
    if used < 2 or used > len(known) / 2:
        return None
    kept = np.sort(np.argsort(-count, kind="stable")[: min(used, SLICE_VALUES)])
    target = np.full(len(words) + 1, len(kept), np.int64)
    target[kept], target[-1] = np.arange(len(kept)), -1
    told = tuple(words[place] for place in kept.tolist())
    return Feature(name, column, np.zeros(0), target[codes], (*told, OTHERS) if used > len(kept) else told)
