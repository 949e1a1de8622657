"""How people get at what they do: by the palette or by the page, counted in the web process since its start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from engine.measures import Tally

PAGE: Final = "page"
PALETTE: Final = "palette"

changes: Final = Tally()
"""Changes that people asked for, by way."""

walks: Final = Tally()
"""Pages that people went to by the palette."""

_way: ContextVar[str] = ContextVar("way", default="")


@contextmanager
def by(way: str) -> Iterator[None]:
    """What is changed inside is counted as done in this way; empty where that is known already."""
    token = _way.set(way or _way.get())
    try:
        yield
    finally:
        _way.reset(token)


def changed() -> None:
    """Count one change where a person asked for it on a page; programs and the product itself have no way."""
    if way := _way.get():
        changes.add(way)
