"""Drift: which features moved away from a reference window, when, by how much, and what of it is composition."""

from engine.analysis.drift.analysis import Drift
from engine.analysis.drift.parameters import DriftParameters

__all__ = ["Drift", "DriftParameters"]
