"""Numbers of a figure as bytes: what a browser decodes at once, instead of digits that it has to parse.

The form is Plotly's own for typed arrays: `{"dtype": "f4", "bdata": <base64, little-endian>}`, with `shape` for rows of
numbers. What is regular is not sent at all: its first value and its distance are.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST_WHOLE = 2**31
"""Whole numbers below this travel as int32; float32 loses them above 2^24."""

_GAP = 65_535

Packed = dict[str, Any]


def values(numbers: Any) -> Packed:
    """Values up the axis as float32 (seven digits, more than a screen shows); NaN and None are gaps."""
    return _packed(np.asarray(numbers, "<f4"))


def exact(numbers: Any) -> Packed:
    """Places along the axis without loss: int32 where they are whole, else float64."""
    found = np.asarray(numbers, np.float64)
    whole = bool(np.all(np.isfinite(found)) and np.all(found == np.round(found)))
    fits = whole and (not found.size or float(np.abs(found).max()) < LARGEST_WHOLE)
    return _packed(found.astype("<i4" if fits else "<f8"))


def coarse(numbers: Any) -> Packed:
    """Heights of a surface in two bytes each, of 65,535 levels between lowest and highest; NaN is a gap.

    Plotly does not know the form: `low` + `step` × level is the number, the level 65,535 a gap.
    """
    found = np.asarray(numbers, np.float64)
    known = found[np.isfinite(found)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    step = (high - low) / (_GAP - 1) or 1.0
    levels = np.where(np.isfinite(found), np.round((found - low) / step), _GAP)
    return {**_packed(levels.astype("<u2")), "low": low, "step": step}


def places(numbers: NDArray[np.float64]) -> dict[str, Any]:
    """The x of a trace: `x0` and `dx` where it is regular, else `x`."""
    if len(numbers) > 2:
        distance = float(numbers[1] - numbers[0])
        if distance > 0 and np.array_equal(numbers[0] + distance * np.arange(len(numbers)), numbers):
            return {"x0": float(numbers[0]), "dx": distance}
    return {"x": exact(numbers)}


def unpacked(packed: Packed) -> NDArray[Any]:
    """The numbers again."""
    found = np.frombuffer(base64.b64decode(packed["bdata"]), f"<{packed['dtype']}")
    if "step" in packed:
        found = np.where(found == _GAP, np.nan, packed["low"] + packed["step"] * found)
    shape = packed.get("shape")
    return found.reshape([int(one) for one in shape.split(",")]) if shape else found


def _packed(numbers: NDArray[Any]) -> Packed:
    kind = numbers.dtype.str.lstrip("<|")
    shape = {"shape": ", ".join(map(str, numbers.shape))} if numbers.ndim > 1 else {}
    return {"dtype": kind, "bdata": base64.b64encode(numbers.tobytes()).decode(), **shape}
