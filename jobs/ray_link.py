"""The runner's connection to Ray: made in the background, lost only together with the runner.

While there is none, or none yet, child processes do the work. Reconnecting inside a process that had a connection ends
it silently sooner or later, so a lost one ends the runner at once and on purpose; the launcher starts another.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from engine.settings import Settings
from jobs import ray_worker
from jobs.cluster import Node, address_of, driver_environment
from jobs.sent_code import sent_code

START_AFTER_SECONDS = 3.0
"""The product starts first: Ray takes several seconds of processor time."""

AGAIN_SECONDS = 30.0
LONGEST_PAUSE = 600.0
"""A head gives up where others leave it no processor for half a minute, and trying costs some seconds of one."""

CONNECT_SECONDS = 180.0
WARM_SECONDS = 60.0
STUCK_SECONDS = 5.0
"""Connecting to a head that ends meanwhile may never return, so this long after its end the runner ends as well."""

NAMESPACE = "plumbline"

log = logging.getLogger("runner")


class Link:
    """`tick` from the main thread, often. `crash` is called when a connection is lost.

    Connecting puts handlers of Ray's own in the place of ours: `wake` is called then, from a thread, and the next tick
    calls `connected`, to take the signals back.
    """

    def __init__(
        self,
        settings: Settings,
        crash: Callable[[], None],
        connected: Callable[[], None],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.cpus = 0
        self.code: Any = None
        self.address = None if settings.ray == "off" or _missing() else address_of(settings)
        self._settings = settings
        self._crash = crash
        self._connected = connected
        self._wake = wake
        self.node: Node | None = None
        self._due = time.monotonic() + START_AFTER_SECONDS
        self._pause = AGAIN_SECONDS / 2
        self._thread: threading.Thread | None = None
        self._ended_at: float | None = None
        self._entered = threading.Event()
        self._ready = threading.Event()
        self._told = False
        self._warming: list[Any] = []

    @property
    def connected(self) -> bool:
        """Whether Ray is there, and takes jobs."""
        return self._ready.is_set() and self.cpus > 0

    @property
    def ready(self) -> bool:
        """Whether tasks can be given to Ray: it is there, and its workers are warm."""
        return self.connected and self._is_warm()

    def cool(self) -> None:
        """Workers were lost or killed: nobody waits for others to start, a child is faster."""
        self._warming = self.warm()

    def _is_warm(self) -> bool:
        warming = self._warming
        if not warming:
            return True
        import ray

        if len(ray.wait(warming, num_returns=len(warming), timeout=0)[0]) < len(warming):
            return False
        self._warming = []
        return True

    def wait(self, seconds: float) -> bool:
        """Whether it was ready within this time; for tests and measurements, with somebody else ticking."""
        return self._ready.wait(seconds)

    def tick(self) -> None:
        """Start what is due, notice what ended."""
        if self.address is None:
            return
        if self._entered.is_set() and not self._told:
            self._told = True
            self._connected()
        if self.node is None:
            if time.monotonic() >= self._due:
                self._begin()
        elif self._entered.is_set() and self.node.ended:
            self._lost()
        elif not self._connecting() and not self._ready.is_set():
            self._give_up()
        elif self._connecting() and self._is_stuck(self.node):
            self._lost()

    def _is_stuck(self, node: Node) -> bool:
        if not node.ended:
            self._ended_at = None
        elif self._ended_at is None:
            self._ended_at = time.monotonic()
        return self._ended_at is not None and time.monotonic() - self._ended_at >= STUCK_SECONDS

    def _connecting(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def warm(self) -> list[Any]:
        """Have as many workers get ready as there are processors; what to wait for, if somebody wants to."""
        import ray

        prepare = ray.remote(num_cpus=1, max_retries=0)(ray_worker.prepare)
        return [prepare.remote(self.code) for _ in range(max(1, self.cpus))]

    def stop(self) -> None:
        """End our part of Ray. Do nothing after it: Ray ends a process whose node is gone."""
        if self.node is not None:
            self.node.stop()

    def _begin(self) -> None:
        assert self.address is not None
        if not self.address.ours and not _open(self.address.host, self.address.port):
            self._due = time.monotonic() + AGAIN_SECONDS
            return
        os.environ.pop("RAY_ADDRESS", None)
        os.environ.update(driver_environment(self.address))
        self.node = Node(self._settings, self.address)
        self.node.start()
        self._thread = threading.Thread(target=self._connect, args=[self.node], daemon=True, name="ray")
        self._thread.start()

    def _lost(self) -> None:
        assert self.node is not None
        log.error("Ray ended; the runner ends with it and begins anew. Its last words: %s", self.node.last_words)
        self.node.stop()
        self._crash()
        self.node, self._due = None, float("inf")

    def _give_up(self) -> None:
        assert self.node is not None
        if self._entered.is_set():
            self._lost()
            return
        log.warning("Ray could not be reached; children do its work. Its last words: %s", self.node.last_words)
        self.node.stop()
        self.node = None
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._due = time.monotonic() + self._pause

    # ------------------------------------------------------------------ in the background

    def _connect(self, node: Node) -> None:
        deadline = time.monotonic() + CONNECT_SECONDS
        while not node.ended and time.monotonic() < deadline:
            try:
                if _open(node.address.host, node.address.port):
                    self._enter(node)
                    return
            except Exception as error:  # noqa: BLE001 - whatever Ray raises, the work goes on without it
                log.warning("Ray does not answer yet: %s", error)
                if self._entered.is_set():
                    return
            time.sleep(0.05)

    def _enter(self, node: Node) -> None:
        import ray

        ray.cloudpickle.register_pickle_by_value(ray_worker)  # type: ignore[no-untyped-call]
        ray.init(
            node.address.gcs,
            namespace=NAMESPACE,
            log_to_driver=False,
            configure_logging=False,
            logging_level=logging.WARNING,
            _temp_dir=str(node.folder),
        )
        self._entered.set()
        self._wake()
        self.code = ray.put(sent_code())
        self.cpus = int(ray.cluster_resources().get("CPU", 0))  # type: ignore[no-untyped-call]
        ray.wait(self.warm(), timeout=WARM_SECONDS)
        self._ready.set()
        log.info("Ray is ready with %d processors", self.cpus)


def _missing() -> bool:
    if importlib.util.find_spec("ray") is not None:
        return False
    log.info("Ray is not installed: child processes do all the work")
    return True


def _open(host: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False
