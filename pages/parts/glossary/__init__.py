"""What the numbers of answers are called and mean, by decision; and which of them an analysis shows first."""

from __future__ import annotations

from collections.abc import Mapping

from pages.parts.glossary import drift, ship, stop, trust, tune
from pages.parts.glossary.explained import Explained

_DECISIONS = (trust, ship, drift, stop, tune)

NUMBERS: Mapping[str, Explained] = {name: said for one in _DECISIONS for name, said in one.NUMBERS.items()}
"""Every number by its name, in the order of reports."""

KEY: Mapping[str, tuple[str, ...]] = {name: few for one in _DECISIONS for name, few in one.KEY.items()}
"""The key numbers of an analysis, in the order of its page."""

__all__ = ["KEY", "NUMBERS", "Explained"]
