"""Judge: how far a judge may stand in for people, and what few labels make of many verdicts."""

from engine.analysis.judge.analysis import Judge
from engine.analysis.judge.parameters import JudgeParameters

__all__ = ["Judge", "JudgeParameters"]
