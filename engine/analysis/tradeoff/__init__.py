"""Trade-off: which checkpoint is best once each nat of KL costs something."""

from engine.analysis.tradeoff.analysis import Tradeoff
from engine.analysis.tradeoff.parameters import TradeoffParameters

__all__ = ["Tradeoff", "TradeoffParameters"]
