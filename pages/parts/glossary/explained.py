"""A number in words."""

from __future__ import annotations

from typing import NamedTuple


class Explained(NamedTuple):
    """A number in words: its name on the page, what it is, how it is made, where it comes from."""

    label: str
    what: str
    formula: str = ""
    source: str = ""
