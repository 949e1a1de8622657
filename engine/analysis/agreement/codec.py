"""Bytes of an agreement state: one npz without pickles."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis import npz
from engine.analysis.agreement.state import FIELDS, AgreementState
from engine.analysis.arrays import Floats
from engine.analysis.shapes import UnitSums


def to_bytes(state: AgreementState) -> bytes:
    """The state as npz; the same state gives the same bytes."""
    head = {
        "kind": state.kind,
        "raters": state.judgments.members,
        "items": state.items,
        "columns": state.columns,
        "untracked": sorted(state.untracked),
        "left_out": state.left_out,
        "narrowed": state.narrowed,
    }
    judgments = state.judgments
    arrays: npz.Arrays = {
        "unit": judgments.unit,
        "member": judgments.member.astype(np.uint32),
        "bucket": judgments.bucket.astype(np.uint16),
        **{f"sums.{place}": _small(sums) for place, sums in enumerate(judgments.sums)},
    }
    return npz.write(arrays, head)


def from_bytes(data: bytes) -> AgreementState:
    """The state from its bytes."""
    arrays = npz.read(data)
    head = json.loads(arrays["head"].tobytes())
    raters = tuple(head["raters"])
    sums = np.stack([arrays[f"sums.{place}"].astype(float) for place in range(len(FIELDS) + len(head["columns"]))])
    member, bucket = (arrays[name].astype(np.int64) for name in ("member", "bucket"))
    judgments = UnitSums(raters, arrays["unit"], member, bucket, sums)
    return AgreementState(
        head["kind"],
        judgments,
        tuple(head["items"]),
        {name: tuple(values) for name, values in head["columns"].items()},
        frozenset(head["untracked"]),
        head["left_out"],
        head["narrowed"],
    )


def _small(sums: Floats) -> NDArray[Any]:
    """The same numbers in the smallest type that holds all of them: most are flags and small counts."""
    for form in (np.uint8, np.float32, np.uint32):
        with np.errstate(invalid="ignore"):
            smaller = sums.astype(form)
        if np.array_equal(smaller.astype(float), sums):
            return smaller
    return sums
