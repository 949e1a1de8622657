"""How much room there is: what a project holds and may hold, and whether the disk takes anything."""

from __future__ import annotations

from typing import NamedTuple

from engine.access.visible import project_id
from engine.settings import get_settings
from engine.store import room
from engine.store.room import disk_is_low
from engine.types import Who

__all__ = ["RoomView", "disk_is_low", "room_of"]


class RoomView(NamedTuple):
    """Rows and bytes of a project with their limits."""

    rows: int
    most_rows: int
    size: int
    most_bytes: int

    @property
    def full(self) -> bool:
        """Whether the project takes no more."""
        return self.rows >= self.most_rows or self.size >= self.most_bytes


def room_of(who: Who, project: str) -> RoomView:
    """The room of a project. Raises NotFound, AccessDenied."""
    project_id(who, project)
    settings, held = get_settings(), room.count(project)
    return RoomView(held.rows, settings.project_rows, held.size, settings.project_bytes)
