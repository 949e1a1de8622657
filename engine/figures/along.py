"""Lines of which each place stands for the rows of a step or a moment: told once, not by each of their many points."""

from __future__ import annotations

from typing import Any

from engine import cohort

COLUMNS = {"step": "step", "time": "time"}


def along(axis: str, run: str = "") -> dict[str, Any]:
    """For a trace's meta: the column that its places lie in and what else holds; nothing for an axis of no column.

    The run of a file that names none is not in its rows.
    """
    if axis not in COLUMNS:
        return {}
    before = cohort.one_of("run", [run]) if run not in ("", "run") else ""
    return {"along": {"column": COLUMNS[axis], "before": before}}
