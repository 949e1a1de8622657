"""Hack watch: onset of reward hacking, from the gap between proxy and gold reward and from symptoms."""

from engine.analysis.hackwatch.analysis import HackWatch
from engine.analysis.hackwatch.parameters import HackWatchParameters

__all__ = ["HackWatch", "HackWatchParameters"]
