"""Does the product answer? The sign-in page and the last result are asked for every ten seconds, and have two.

Both are asked over loopback from the web process itself; the result comes the way a page gets it (`web.metrics.probe`).
"""

from __future__ import annotations

import http.client
import logging
import threading
import time
from typing import Final

from engine.access.internal import internal_secret
from engine.actions import uptime
from engine.errors import StoreUnavailable
from engine.queries.uptime import IN_TIME_SECONDS, PROBE_SECONDS
from engine.settings import Settings

TARGETS: Final = {"signin": "/signin", "answer": "/metrics/probe"}
ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to knock, not where to listen
FIRST_SECONDS: Final = 60.0
"""How long after its own start the prober waits at most for a web process that has not answered yet."""

log = logging.getLogger("foreman")


class Prober:
    """Probes from a thread of its own; `took` holds the seconds of the last probe by target."""

    def __init__(self, settings: Settings) -> None:
        self._host = ANY_ADDRESS.get(settings.bind, settings.bind)
        self._port = settings.port
        self._name = f"{settings.hosts[0]}:{settings.port}"
        self._stopped = threading.Event()
        self._well = True
        self._thread = threading.Thread(target=self._probe_on, name="prober", daemon=True)
        self.took: dict[str, float] = {}

    def start(self) -> None:
        """Begin; while the web process starts nothing is counted."""
        self._thread.start()

    def stop(self) -> None:
        """Probe no more; what is being asked for now counts no more."""
        self._stopped.set()

    def probe(self) -> bool:
        """Ask for everything once; whether all of it came in time."""
        troubles = {target: trouble for target, path in TARGETS.items() if (trouble := self._ask(target, path))}
        if troubles and self._well:
            log.warning("the product does not answer in time", extra={"troubles": troubles})
        if not troubles and not self._well:
            log.info("the product answers in time again")
        self._well = not troubles
        return self._well

    def _ask(self, target: str, path: str) -> str | None:
        """What was wrong with one answer, None where nothing was."""
        began = time.monotonic()
        connection = http.client.HTTPConnection(self._host, self._port, timeout=IN_TIME_SECONDS)
        try:
            headers = {"Host": self._name, "Authorization": f"Bearer {internal_secret()}"}
            connection.request("GET", path, headers=headers if target == "answer" else {"Host": self._name})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            connection.close()
            self.took[target] = time.monotonic() - began
        if answer.status >= 400:
            return f"status {answer.status}"
        return None if self.took[target] <= IN_TIME_SECONDS else f"{self.took[target]:.1f} s"

    def _probe_on(self) -> None:
        self._await_first()
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                good = self.probe()
                if not self._stopped.is_set():
                    uptime.record(good)
            except StoreUnavailable as error:
                log.warning("a probe could not be counted: %s", error.message)
            except Exception:
                log.exception("a probe failed; it is tried again")
            self._stopped.wait(max(PROBE_SECONDS - (time.monotonic() - began), 0.0))

    def _await_first(self) -> None:
        """Let a start be a start: probes count from the first answer on, or after a minute without one."""
        deadline = time.monotonic() + FIRST_SECONDS
        while time.monotonic() < deadline and self._ask("signin", TARGETS["signin"]) is not None:
            if self._stopped.wait(1.0):
                return
