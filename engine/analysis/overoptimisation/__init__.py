"""Over-optimisation: where the gold reward peaks over the KL to the reference, and how much of that budget is left."""

from engine.analysis.overoptimisation.analysis import Overoptimisation
from engine.analysis.overoptimisation.parameters import OveroptimisationParameters

__all__ = ["Overoptimisation", "OveroptimisationParameters"]
