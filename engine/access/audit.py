"""Who did what to what. Only ever appended to: the database itself refuses anything else."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session as Rows

from engine.store.tables import Audit
from engine.types import Who


def record(rows: Rows, who: Who | None, action: str, subject: str, **detail: Any) -> None:
    """Append one line; `who` is None for the system. `detail` holds no secrets and no data of users."""
    rows.add(Audit(user_id=who.user_id if who else None, action=action, subject=subject[:200], detail=detail))
