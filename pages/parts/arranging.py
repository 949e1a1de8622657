"""The arrangement of a page's cards by the person in front of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.actions import arrangements
from engine.types import Who
from pages.parts import reads
from pages.parts.states import attempt


def layout(who: Who, project: str, page: str) -> dict[str, list[str]]:
    """How this person arranged the cards of a page; empty for as it is for everybody."""
    return reads.arrangement_of(who, project, page)


def act(who: Who, project: str, page: str) -> Mapping[tuple[str, str], Callable[[Any], None]]:
    """What keeps an arrangement that was just made."""

    def arrange(chosen: Any) -> None:
        if chosen is None:
            attempt(lambda: arrangements.reset(who, project, page))
        elif isinstance(chosen, Mapping):
            attempt(lambda: arrangements.arrange(who, project, page, chosen))

    return {("", "arrange"): arrange}
