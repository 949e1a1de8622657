"""Whether the simulated project should be moving: somebody can watch, wants to, and has no data of their own yet."""

from __future__ import annotations

from engine.actions import demo
from engine.queries.projects import demo_playing
from engine.store.engine import fetch

REAL_DATA = """
SELECT 1 FROM dataset AS d JOIN project AS p ON p.id = d.project_id
WHERE NOT p.simulated AND d.version > 0 AND d.removed_at IS NULL LIMIT 1
"""


def has_real_data() -> bool:
    """Whether anything but the simulation has been read."""
    return bool(fetch(REAL_DATA))


class Audience:
    """Asked before each append. When real data come, the play stops by itself, once: a person may start it again."""

    def __init__(self) -> None:
        self._had_data = has_real_data()

    def __call__(self) -> bool:
        """Whether to play on. Nothing moves before the first person has signed in."""
        has_data = has_real_data()
        if has_data and not self._had_data:
            demo.set_playing(False)
        self._had_data = has_data
        return demo_playing() and bool(fetch('SELECT 1 FROM "user" LIMIT 1'))
