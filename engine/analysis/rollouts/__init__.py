"""Rollouts: how reward, length, KL and the rest of a policy's answers moved through training."""

from engine.analysis.rollouts.analysis import Rollouts
from engine.analysis.rollouts.parameters import RolloutsParameters

__all__ = ["Rollouts", "RolloutsParameters"]
