"""Ranking: which item is stronger than which, by Bradley and Terry's model and Davidson's."""

from engine.analysis.ranking.analysis import Ranking
from engine.analysis.ranking.parameters import RankingParameters

__all__ = ["Ranking", "RankingParameters"]
