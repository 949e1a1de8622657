"""Bytes of an agreement state: one npz without pickles."""

from __future__ import annotations

import io
import json

import numpy as np

from engine.analysis import npz
from engine.analysis.agreement.state import AgreementState
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
    buffer = io.BytesIO()
    np.savez(
        buffer,
        allow_pickle=False,
        head=np.frombuffer(json.dumps(head).encode(), np.uint8),
        unit=judgments.unit,
        member=judgments.member,
        bucket=judgments.bucket,
        sums=judgments.sums,
    )
    return buffer.getvalue()


def from_bytes(data: bytes) -> AgreementState:
    """The state from its bytes."""
    arrays = npz.read(data)
    head = json.loads(arrays["head"].tobytes())
    raters = tuple(head["raters"])
    judgments = UnitSums(raters, arrays["unit"], arrays["member"], arrays["bucket"], arrays["sums"])
    return AgreementState(
        head["kind"],
        judgments,
        tuple(head["items"]),
        {name: tuple(values) for name, values in head["columns"].items()},
        frozenset(head["untracked"]),
        head["left_out"],
        head["narrowed"],
    )
