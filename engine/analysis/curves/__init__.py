"""Training curves: where each metric of each run began, where it is now, and how sure the difference is."""

from engine.analysis.curves.analysis import Curves
from engine.analysis.curves.parameters import CurvesParameters

__all__ = ["Curves", "CurvesParameters"]
