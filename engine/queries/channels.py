"""Reads of channels: never an address, only the part of it that may be seen."""

from __future__ import annotations

from engine.access.visible import from_json
from engine.store.engine import fetch
from engine.store.times import from_store
from engine.types import ChannelView, Who

_OWN = """
SELECT id, name, shown, kinds, tried_at, error, paused_at IS NOT NULL, asked_at IS NOT NULL FROM channel
WHERE user_id = :user ORDER BY id
"""


def list_channels(who: Who) -> list[ChannelView]:
    """The channels of one's own, in the order in which they were added."""
    return [
        ChannelView(
            number, name, shown, tuple(from_json(kinds)), from_store(tried) if tried else None, error,
            bool(paused), bool(testing),
        )
        for number, name, shown, kinds, tried, error, paused, testing in fetch(_OWN, {"user": who.user_id})
    ]  # fmt: skip
