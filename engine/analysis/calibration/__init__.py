"""Calibration: whether the confidence of a reward model or a judge is worth what it says."""

from engine.analysis.calibration.analysis import Calibration
from engine.analysis.calibration.parameters import CalibrationParameters

__all__ = ["Calibration", "CalibrationParameters"]
