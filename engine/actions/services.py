"""What the processes say of themselves, every few seconds. All of it is *system*."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from engine.errors import StoreUnavailable
from engine.store.tables import Service
from engine.store.times import now
from engine.store.transaction import transaction

SAY_SECONDS: Final = 5.0
"""How often a process says its figures."""

FORGOTTEN_AFTER: Final = timedelta(hours=1)
"""Silence after which nobody looks for a process any more."""

_STARTED = now()
_log = logging.getLogger("engine")


def my_instance() -> str:
    """Which of several processes of a name this is: host and process id."""
    return f"{socket.gethostname()[:80]}-{os.getpid()}"


def say(name: str, instance: str, state: str, figures: Mapping[str, Any]) -> float | None:
    """Replace what this process said before; seconds that took, or None where the store is away.

    `figures` holds numbers, numbers by label, and durations, named as in `engine.catalogue`. Never raises: a process
    must not fail because nobody can listen.
    """
    began = time.perf_counter()
    try:
        with transaction() as tx:
            said = Service(
                name=name, instance=instance, state=state, figures=dict(figures), started_at=_STARTED, at=now()
            )
            tx.session.merge(said)
    except (StoreUnavailable, SQLAlchemyError) as error:
        _log.debug("figures could not be said: %s", error)
        return None
    return time.perf_counter() - began


def forget() -> int:
    """Delete what processes said that have been silent for long. Returns how many went."""
    with transaction() as tx:
        silent = delete(Service).where(col(Service.at) < now() - FORGOTTEN_AFTER)
        return tx.session.connection().execute(silent).rowcount
