"""Compare: two or more systems on the same prompts, and whether one of them can take the other's place."""

from engine.analysis.compare.analysis import Compare
from engine.analysis.compare.parameters import CompareParameters

__all__ = ["Compare", "CompareParameters"]
