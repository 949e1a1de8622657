"""What if: temperature and threshold moved, and what becomes of accuracy, coverage and the decision."""

from engine.analysis.whatif.analysis import WhatIf
from engine.analysis.whatif.parameters import WhatIfParameters

__all__ = ["WhatIf", "WhatIfParameters"]
