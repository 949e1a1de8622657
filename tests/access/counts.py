"""How often a test of the catalogue repeats: seconds' worth here, as many as a release asks for with FULL=1."""

from __future__ import annotations

import os


def times(few: int, many: int) -> int:
    """`many` under FULL=1 in the environment (`make faults`), else `few`."""
    return many if os.environ.get("FULL") else few
