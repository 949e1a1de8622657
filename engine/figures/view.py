"""What the browser needs to draw one conclusion: numbers, words and charts as one JSON object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from engine.figures.agreement import agreement
from engine.figures.audit import audit
from engine.figures.bestofn import bestofn
from engine.figures.chart import Chart
from engine.figures.compare import compare
from engine.figures.drift import drift
from engine.figures.forecast import forecast
from engine.figures.hackwatch import hackwatch
from engine.figures.histogram import histogram
from engine.figures.judge import judge
from engine.figures.monitor import monitor
from engine.figures.overoptimisation import overoptimisation
from engine.figures.ranking import ranking
from engine.figures.reliability import reliability
from engine.figures.rollouts import rollouts
from engine.figures.slices import slices
from engine.figures.surface import surface
from engine.figures.sweep import sweep
from engine.figures.theme import Mode
from engine.figures.tradeoff import tradeoff
from engine.figures.training import training
from engine.figures.whatif import whatif
from engine.types import Concluded, Result


def charts(result: Result) -> dict[str, Chart]:
    """The charts of a result by name, the one that answers first; those it has nothing for are left out."""
    found = _CHARTS[result.analysis](result) if result.analysis in _CHARTS else {}
    return {name: chart for name, chart in found.items() if chart is not None}


def _calibration(result: Result) -> dict[str, Chart | None]:
    pairs = result.dataset.get("kind", "comparison") != "score"
    bins, scale = (float(result.evidence.params.get(name) or 0) for name in ("bins", "scale"))
    drawn = "reliability" in result.pictures
    return {
        "reliability": reliability(result.pictures, pairs, level_of(result), int(bins), scale) if drawn else None,
        "slices": slices(result.slices),
        "histogram": histogram(result.pictures.get("histogram"), pairs, scale=scale),
    }


_CHARTS: Mapping[str, Callable[[Result], dict[str, Chart | None]]] = {
    "calibration": _calibration,
    "ranking": ranking,
    "compare": compare,
    "agreement": agreement,
    "judge": judge,
    "bestofn": bestofn,
    "audit": audit,
    "curves": training,
    "tradeoff": tradeoff,
    "whatif": whatif,
    "drift": drift,
    "rollouts": rollouts,
    "overoptimisation": overoptimisation,
    "forecast": forecast,
    "monitor": monitor,
    "hackwatch": hackwatch,
    "surface": surface,
    "sweep": sweep,
}
"""The pictures of each analysis."""


def level_of(result: Result) -> float:
    """The level of the intervals of a result."""
    return next((estimate.level for estimate in result.estimates.values()), 0.95)


def view_of(concluded: Concluded, mode: Mode = "light") -> dict[str, Any]:
    """The answer of `/view/<analysis>`, in the shape `docs/architecture.md` states."""
    result = concluded.result
    return {
        "analysis": result.analysis,
        "dataset": result.dataset.get("id"),
        "version": concluded.version,
        "event": concluded.event_id,
        "verdict": result.verdict,
        "sentence": result.sentence,
        "rows": result.evidence.rows,
        "prompts": result.dataset.get("prompts"),
        "prompts_approximate": result.dataset.get("prompts_approximate", False),
        "level": level_of(result),
        "estimates": {name: asdict(estimate) for name, estimate in result.estimates.items()},
        "charts": {name: chart.to_dict(mode) for name, chart in charts(result).items()},
    }
