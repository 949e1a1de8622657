"""Which project each open tab of this process shows: who is here, told to whoever asks by their own socket."""

from __future__ import annotations

import time
from typing import Any, Final

import anyio
import orjson

from engine.errors import PlumblineError
from engine.queries import presence
from engine.types import Who

_KEPT_SECONDS: Final = 3.0
_SLUG_LENGTH: Final = 64

_places: Final[dict[object, tuple[str, int, str]]] = {}
"""By socket: the project, and who has it open."""

_elsewhere: Final[dict[str, tuple[float, dict[int, str]]]] = {}
"""By project: what all processes said, and when it was read."""


def place_of(message: str) -> str | None:
    """The project that a message `{"here": slug}` names; None for any other message."""
    try:
        told = orjson.loads(message)
    except orjson.JSONDecodeError:
        return None
    slug = told.get("here") if isinstance(told, dict) else None
    return slug if isinstance(slug, str) and 0 < len(slug) <= _SLUG_LENGTH else None


async def arrive(tab: object, who: Who, slug: str) -> list[str] | None:
    """Note that a tab shows this project; the names of all who have it open, None where it is not theirs to see."""
    if not who.sees(slug):
        leave(tab)
        return None
    _places[tab] = (slug, who.user_id, who.name)
    try:
        known = await anyio.to_thread.run_sync(_known, who, slug)
    except PlumblineError:
        known = {}
    return sorted({**known, **_here().get(slug, {})}.values())


def leave(tab: object) -> None:
    """Forget a tab that is gone."""
    _places.pop(tab, None)


def figures() -> dict[str, dict[str, str]]:
    """Who is in this process, by project, as the processes tell each other."""
    return {slug: {str(number): name for number, name in people.items()} for slug, people in _here().items()}


def _here() -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for slug, number, name in _places.values():
        found.setdefault(slug, {})[number] = name
    return found


def _known(who: Who, slug: str) -> dict[int, str]:
    read: Any = _elsewhere.get(slug)
    if read is None or time.monotonic() - read[0] > _KEPT_SECONDS:
        read = _elsewhere[slug] = (time.monotonic(), presence.present(who, slug))
    return dict(read[1])
