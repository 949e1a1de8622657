"""Alarms: which metric moved, since when, at what rate of false alarms."""

from engine.analysis.monitor.analysis import Monitor
from engine.analysis.monitor.parameters import MonitorParameters

__all__ = ["Monitor", "MonitorParameters"]
