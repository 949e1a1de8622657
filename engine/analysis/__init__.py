"""Pure numerics: rows to a state, states to a result. One entry an analysis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.analysis.agreement import Agreement, AgreementParameters
from engine.analysis.audit import Audit, AuditParameters
from engine.analysis.base import Analysis, Parameters
from engine.analysis.bestofn import BestOfN, BestOfNParameters
from engine.analysis.calibration import Calibration, CalibrationParameters
from engine.analysis.compare import Compare, CompareParameters
from engine.analysis.curves import Curves, CurvesParameters
from engine.analysis.drift import Drift, DriftParameters
from engine.analysis.forecast import Forecast, ForecastParameters
from engine.analysis.hackwatch import HackWatch, HackWatchParameters
from engine.analysis.judge import Judge, JudgeParameters
from engine.analysis.monitor import Monitor, MonitorParameters
from engine.analysis.overoptimisation import Overoptimisation, OveroptimisationParameters
from engine.analysis.ranking import Ranking, RankingParameters
from engine.analysis.rollouts import Rollouts, RolloutsParameters
from engine.analysis.surface import Surface, SurfaceParameters
from engine.analysis.sweep import Sweep, SweepParameters
from engine.analysis.timeline import Timeline, TimelineParameters
from engine.analysis.tradeoff import Tradeoff, TradeoffParameters
from engine.analysis.whatif import WhatIf, WhatIfParameters

_ORDER: tuple[Analysis[Any, Any], ...] = (
    Calibration(),
    Ranking(),
    Compare(),
    Agreement(),
    Judge(),
    BestOfN(),
    Audit(),
    WhatIf(),
    Curves(),
    Rollouts(),
    Overoptimisation(),
    HackWatch(),
    Forecast(),
    Tradeoff(),
    Drift(),
    Monitor(),
    Sweep(),
    Surface(),
)
TIMELINE = Timeline({analysis.name: analysis for analysis in _ORDER})
ANALYSES: dict[str, Analysis[Any, Any]] = {analysis.name: analysis for analysis in (*_ORDER, TIMELINE)}
"""Every analysis by name; where several apply to a dataset, the first of them gives its answer."""

UNKNOWN_FIELDS = ("label", "margin", "truth", "value")
"""What reports of before they named their fields are taken to have."""


def applicable(report: Mapping[str, Any]) -> list[Analysis[Any, Any]]:
    """The analyses that have something to say about rows with this report of the reader, the leading one first."""
    fields = report.get("fields") or UNKNOWN_FIELDS
    able = [analysis for analysis in ANALYSES.values() if analysis.applies(report.get("kind"), fields)]
    return sorted(able, key=lambda analysis: report.get("format") not in analysis.leads)


def combinable(report: Mapping[str, Any]) -> list[Analysis[Any, Any]]:
    """The analyses that can take rows with this report beside those of other datasets, though not by themselves."""
    kind, fields = report.get("kind"), report.get("fields") or UNKNOWN_FIELDS
    able = (analysis for analysis in ANALYSES.values() if analysis.together and analysis.missing(kind, fields) == ())
    return [analysis for analysis in able if not analysis.applies(kind, fields)]


def expected(report: Mapping[str, Any]) -> list[Analysis[Any, Any]]:
    """The analyses that rows with this report are observed for without being asked, the leading one first."""
    return [*applicable(report), *combinable(report)]


__all__ = [
    "ANALYSES",
    "TIMELINE",
    "Agreement",
    "AgreementParameters",
    "Analysis",
    "Audit",
    "AuditParameters",
    "BestOfN",
    "BestOfNParameters",
    "Calibration",
    "CalibrationParameters",
    "Compare",
    "CompareParameters",
    "Curves",
    "CurvesParameters",
    "Drift",
    "DriftParameters",
    "Forecast",
    "ForecastParameters",
    "HackWatch",
    "HackWatchParameters",
    "Judge",
    "JudgeParameters",
    "Monitor",
    "MonitorParameters",
    "Overoptimisation",
    "OveroptimisationParameters",
    "Parameters",
    "Ranking",
    "RankingParameters",
    "Rollouts",
    "RolloutsParameters",
    "Surface",
    "SurfaceParameters",
    "Sweep",
    "SweepParameters",
    "Timeline",
    "TimelineParameters",
    "Tradeoff",
    "TradeoffParameters",
    "WhatIf",
    "WhatIfParameters",
    "applicable",
    "combinable",
    "expected",
]
