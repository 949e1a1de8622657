"""The numbers of the pictures of drift, as plain lists."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from engine.analysis.drift.cells import Cell
from engine.analysis.drift.shown import Shown
from engine.analysis.drift.windows import Windows

MOST_FEATURES = 40
NOT_TOLD = ("known",)


def matrix(windows: Windows, cells: list[Cell]) -> dict[str, Any]:
    """Effects by feature (the one that moved most first) and window, and the rows behind each."""
    by_feature: dict[str, list[Cell]] = {}
    for cell in cells:
        by_feature.setdefault(cell.feature, []).append(cell)
    names = sorted(by_feature, key=lambda name: (-max(cell.size for cell in by_feature[name]), name))[:MOST_FEATURES]
    ordered = [by_feature[name] for name in names]
    return {
        "features": names,
        "named": [row[0].named for row in ordered],
        "windows": list(windows.names[1:]),
        "effect": [[cell.effect if cell.known else None for cell in row] for row in ordered],
        "drifted": [[cell.drifted for cell in row] for row in ordered],
        "rows": [[float(cell.rows) if cell.known else None for cell in row] for row in ordered],
        "wheres": [windows.where(window) for window in range(1, len(windows))],
    }


def cells_told(windows: Windows, cells: list[Cell]) -> list[dict[str, Any]]:
    """Every known cell in full, those that drifted first, then by how far they moved."""
    known = sorted((cell for cell in cells if cell.known), key=lambda cell: (not cell.drifted, -cell.size))
    told = [(asdict(cell), windows.names[cell.window]) for cell in known]
    return [{**{key: fields[key] for key in fields if key not in NOT_TOLD}, "over": over} for fields, over in told]


def means(windows: Windows, shown: Shown) -> dict[str, Any]:
    """The mean of the measure by window, its course over steps, and its changes with their sets."""
    series = shown.series
    return {
        "by": windows.by,
        "measure": shown.measure.name,
        "chosen": shown.cell.window,
        "names": list(windows.names),
        "low_at": windows.low.tolist() if series is not None else [],
        "high_at": windows.high.tolist() if series is not None else [],
        "wheres": [windows.where(window) for window in range(len(windows))],
        "mean": [one.value for one in shown.means],
        "low": [one.low for one in shown.means],
        "high": [one.high for one in shown.means],
        "at": series.at.tolist() if series is not None else [],
        "value": series.value.tolist() if series is not None else [],
        "changes": [
            {
                "at": float(series.at[change.place]),
                "low": float(series.at[change.low]),
                "high": float(series.at[change.high]),
                "before": change.before,
                "after": change.after,
            }
            for change in shown.changes
            if series is not None
        ],
    }


def attribution(shown: Shown) -> dict[str, Any]:
    """Composition and change within by column, and by value of the one that explains most."""
    columns = [
        {
            "column": one.column,
            "share": one.share,
            **{
                f"{name}{end}": getattr(estimate, field)
                for name, estimate in (("composition", one.composition), ("within", one.within), ("change", one.change))
                for end, field in (("", "value"), ("_low", "low"), ("_high", "high"))
            },
        }
        for one in shown.attributions
    ]
    first = shown.attributions[0]
    return {"measure": shown.measure.name, "columns": columns, "column": first.column, "parts": first.parts}
