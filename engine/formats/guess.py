"""What the columns of a file may mean, for people who say it: examples of each, a role, and how sure that is.

`signature` names the shape of a file, so that what was said of one can be used for the next of the same columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from engine.formats.offers import Roles, roles
from engine.formats.plan import ROLES, Plan, Sample, plain
from engine.formats.values import text_of

MOST_COLUMNS = 60
EXAMPLES = 3
LONGEST_EXAMPLE = 60

AS_READ = 1.0
"""How sure a role is by which the file is read."""

SEVERAL = frozenset({"slice", "annotators", "components"})
"""Roles that several columns may have."""


def signature(names: Iterable[str]) -> str:
    """The shape of a file by the plain names of its columns, in whatever order: 64 hexadecimal digits."""
    return sha256("\n".join(sorted(plain(name) for name in names)).encode()).hexdigest()


def fitted(mapping: Mapping[str, str], names: Sequence[str]) -> dict[str, str] | None:
    """A mapping that was saved of a file of the same signature, in this file's own spelling; None where it fits not."""
    spelled = {plain(name): name for name in names}
    own: dict[str, str] = {}
    for role, column in mapping.items():
        if role == "scale":
            own[role] = column
            continue
        parts = column.split(",") if role in SEVERAL else [column]
        found = [part if part.split(".")[0] in names else spelled.get(plain(part)) for part in parts]
        if None in found:
            return None
        own[role] = ",".join(name for name in found if name is not None)
    return own


def guess(sample: Sample, plan: Plan | None = None) -> list[dict[str, Any]]:
    """What each column may be: {name, examples, role, confidence}, at most 60 columns in the order of the file.

    `examples` are up to 3 different values, each cut at 60 characters. `role` is one of `ROLES` or None, `confidence`
    in [0, 1]. With the `plan` by which the file is read, its roles are those; without, no role but those of `SEVERAL`
    is given twice.
    """
    found: Mapping[str, tuple[str | None, float]] = _read_as(plan) if plan is not None else roles(sample)
    return [
        {
            "name": name,
            "examples": _examples(sample, name),
            "role": found.get(name, (None, 0.0))[0],
            "confidence": found.get(name, (None, 0.0))[1],
        }
        for name in sample.names[:MOST_COLUMNS]
    ]


def _examples(sample: Sample, name: str) -> list[str]:
    told: list[str] = []
    for row in sample.rows:
        value = " ".join((text_of(row.get(name)) or "").split())
        cut = value if len(value) <= LONGEST_EXAMPLE else value[: LONGEST_EXAMPLE - 1] + "…"
        if cut and cut not in told:
            told.append(cut)
        if len(told) == EXAMPLES:
            break
    return told


def _read_as(plan: Plan) -> Roles:
    named = {name: (role, AS_READ) for role, name in plan.columns.items() if role in ROLES}
    votes = dict.fromkeys(plan.options.get("annotators", []), ("annotators", AS_READ))
    parts = dict.fromkeys(plan.options.get("components", []), ("components", AS_READ))
    return dict.fromkeys(plan.slices, ("slice", AS_READ)) | votes | parts | named
