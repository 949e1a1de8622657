"""Trials of a sweep beside each other: the best, those not told apart from it, and what each parameter does."""

from engine.analysis.sweep.analysis import Sweep
from engine.analysis.sweep.parameters import SweepParameters

__all__ = ["Sweep", "SweepParameters"]
