"""Postgres says when somebody committed: NOTIFY with the events of a transaction, LISTEN where one waits for them.

A wake-up and nothing more: what happened is read from the event table by id, so a notice that is lost costs a moment
and never an event. LISTEN needs a connection of its own to the server, not one that a pooler shares by transaction.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, Connection

from engine.store.engine import get_store

CHANNEL: Final = "plumbline"
LISTEN: Final = f"LISTEN {CHANNEL}"
NOTIFY: Final = f"NOTIFY {CHANNEL}"
_KEPT_ALIVE: Final[dict[str, Any]] = {
    "autocommit": True,
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


def libpq_address(url: str) -> str:
    """The address of a database as libpq takes it, without SQLAlchemy's name of the driver."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


async def commits(backstop: float) -> AsyncGenerator[None, None]:
    """An item whenever events may have been committed: at first, at each notice, and after `backstop` quiet seconds.

    For the event loop of a process. Raises psycopg.OperationalError where the server goes away: begin again then.
    """
    async with await AsyncConnection.connect(libpq_address(get_store().url), **_KEPT_ALIVE) as connection:
        await connection.execute(LISTEN)
        while True:
            yield
            async for _notice in connection.notifies(timeout=backstop, stop_after=1):
                pass


class Listener:
    """The same for a thread that waits."""

    def __init__(self, url: str) -> None:
        self._address = libpq_address(url)
        self._connection: Connection[Any] | None = None

    def heard(self, seconds: float) -> bool:
        """Wait this long for a notice. True where one came, and where the connection is new: look, then.

        Raises psycopg.OperationalError where the server does not answer; the next call connects again.
        """
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._address, **_KEPT_ALIVE)
                self._connection.execute(LISTEN)
                return True
            return any(True for _notice in self._connection.notifies(timeout=seconds, stop_after=1))
        except psycopg.OperationalError:
            self.close()
            raise

    def close(self) -> None:
        """Let the connection go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
