"""Adding up what the reader said of several segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import InputRefused

EXAMPLES_KEPT = 20


def merged(before: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """The report of both: counts and reasons summed, columns, warnings and slice values united.

    Of two scales the larger holds: it brings the values of both into [0, 1].

    Raises InputRefused where the added rows are of another kind: such rows have to be a dataset of their own.
    """
    if not before:
        return dict(added)
    if not added:
        return dict(before)
    if before.get("kind") != added.get("kind"):
        raise InputRefused(
            f"The new rows are of kind {added.get('kind')}, the dataset holds {before.get('kind')}. "
            "Put them into a file of their own. What was read before is kept.",
            code="kind_changed",
        )
    counts = {name: before.get(name, 0) + added.get(name, 0) for name in ("rows", "accepted", "rejected")}
    return {
        **added,
        **counts,
        "reasons": _summed(before.get("reasons", {}), added.get("reasons", {})),
        "columns": {**before.get("columns", {}), **added.get("columns", {})},
        "slices": _united(before.get("slices", {}), added.get("slices", {})),
        "fields": sorted({*before.get("fields", []), *added.get("fields", [])}),
        "warnings": _distinct([*before.get("warnings", []), *added.get("warnings", [])]),
        "scale": max((one["scale"] for one in (before, added) if one.get("scale") is not None), default=None),
        "examples": [*before.get("examples", []), *added.get("examples", [])][:EXAMPLES_KEPT],
    }


def _summed(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {key: left.get(key, 0) + right.get(key, 0) for key in [*left, *(key for key in right if key not in left)]}


def _united(left: Mapping[str, list[str]], right: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {key: sorted({*left.get(key, []), *right.get(key, [])}) for key in sorted({*left, *right})}


def _distinct(notices: list[Mapping[str, str]]) -> list[dict[str, str]]:
    return list({notice["code"]: dict(notice) for notice in notices}.values())
