"""How much room there is: what a project holds and may hold, and whether the disk takes anything."""

from __future__ import annotations

from typing import NamedTuple

from engine.access.visible import project_id
from engine.settings import get_settings
from engine.store import room
from engine.types import Who


class RoomView(NamedTuple):
    """Rows and bytes of a project with their limits; `disk_low` where nothing new is taken at all."""

    rows: int
    most_rows: int
    size: int
    most_bytes: int
    disk_low: bool

    @property
    def full(self) -> bool:
        """Whether the project takes no more."""
        return self.rows >= self.most_rows or self.size >= self.most_bytes


def room_of(who: Who, project: str) -> RoomView:
    """The room of a project, as of a moment ago. Raises NotFound, AccessDenied."""
    project_id(who, project)
    settings, held = get_settings(), room.held(project)
    return RoomView(held.rows, settings.project_rows, held.size, settings.project_bytes, room.disk_is_low())
