"""Ranking: the order of what was compared."""
