"""A process tells the store how it is, every few seconds, from a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from engine import logs
from engine.actions import services
from engine.errors import StoreUnavailable
from engine.measures import Own

_PATIENCE_SECONDS: Final = 0.5
"""How long a last word may be waited for: a process that ends does not wait for a busy store."""

Figures = Callable[[], Mapping[str, Any]]


class Telling:
    """Says what the process costs and what `figures` adds (named as in `engine.catalogue`), until stopped."""

    def __init__(self, name: str, figures: Figures) -> None:
        self._name = name
        self._figures = figures
        self._own = Own()
        self._stopped = threading.Event()
        self._took: float | None = None
        self._thread = threading.Thread(target=self._tell, name="telling", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Say that the process stopped, and say no more."""
        self._stopped.set()
        self._thread.join(_PATIENCE_SECONDS)
        self._own.close()
        if not self._thread.is_alive():
            services.say(self._name, services.my_instance(), "stopped", {})

    def _tell(self) -> None:
        while True:
            self._took = services.say(self._name, services.my_instance(), "running", self._all())
            if self._stopped.wait(services.SAY_SECONDS):
                return

    def _all(self) -> dict[str, Any]:
        told = {**self._own.figures(), "errors_logged_total": logs.errors()}
        with suppress(StoreUnavailable):
            told |= self._figures()
        return told if self._took is None else {**told, "store_commit_seconds": self._took}
