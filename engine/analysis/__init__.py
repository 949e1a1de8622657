"""Pure numerics: rows to a state, states to a result. One entry an analysis."""

from __future__ import annotations

from typing import Any

from engine.analysis.base import Analysis, Parameters
from engine.analysis.calibration import Calibration, CalibrationParameters

ANALYSES: dict[str, Analysis[Any, Any]] = {analysis.name: analysis for analysis in (Calibration(),)}
"""Every analysis by name."""

__all__ = ["ANALYSES", "Analysis", "Calibration", "CalibrationParameters", "Parameters"]
