"""Uptime as people feel it: how often the sign-in page and the last result answered in time. All of it is *system*."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, update
from sqlmodel import col

from engine.store.tables import Uptime
from engine.store.times import now
from engine.store.transaction import transaction

KEPT: Final = timedelta(days=35)


def record(good: bool, at: datetime | None = None) -> None:
    """Count one probe in its hour; on the first of an hour, hours long past go. Raises StoreUnavailable."""
    moment = at or now()
    hour = moment.replace(minute=0, second=0, microsecond=0)
    column = Uptime.good if good else Uptime.bad
    with transaction() as tx:
        counted = update(Uptime).where(col(Uptime.hour) == hour).values({col(column): col(column) + 1})
        if tx.session.connection().execute(counted).rowcount:
            return
        tx.session.add(Uptime(hour=hour, good=int(good), bad=int(not good)))
        tx.session.connection().execute(delete(Uptime).where(col(Uptime.hour) < moment - KEPT))
