"""Best of n: what choosing the answer with the highest score gives, by the score itself and by the truth."""

from engine.analysis.bestofn.analysis import BestOfN
from engine.analysis.bestofn.parameters import BestOfNParameters

__all__ = ["BestOfN", "BestOfNParameters"]
