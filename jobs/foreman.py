"""`python -m jobs foreman`: watches the inbox and keeps house. It reads no file's content beyond its line ends.

The store is the only truth: the foreman merely says "this file is whole up to here", as often as it likes. What it
misses while it is down, the walk at its start finds.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Protocol

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from engine import logs
from engine.actions import datasets, notifications, rows, runs, services
from engine.actions import inbox as inbox_actions
from engine.errors import InputRefused, LimitExceeded, StorageFull, UsageError
from engine.settings import get_settings
from jobs import owners, sending
from jobs.inbox import PROJECT, Found, Inbox
from jobs.lag import Lag
from jobs.prober import Prober
from jobs.processes import stop_event
from jobs.telling import Telling

WALK_SECONDS = 5.0
REQUEUE_SECONDS = 2.0
RECOVER_SECONDS = 5.0
TELL_SECONDS = 0.5
SEND_SECONDS = 2.0
MOST_TOLD = 20
"""Rounds of telling, of some hundred events each, before files are looked at again."""
TIDY_SECONDS = 3600.0
FIRST_TIDY_SECONDS = 60.0
RETRY_SECONDS = 5.0
LIMIT_SECONDS = 60.0
LOOKED_AT: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]
"""The kernel is asked for these alone: whoever reads a file of the inbox wakes nobody."""

log = logging.getLogger("foreman")


class Receiver(Protocol):
    """Where the foreman hands what it found."""

    def receive(self, found: Found) -> None:
        """Take a file that is whole up to some byte."""

    def refuse(self, project: str, name: str, reason: str) -> None:
        """Tell why a path is not taken."""


class Store:
    """Hands everything to the actions."""

    def receive(self, found: Found) -> None:
        """Notice the file in the store."""
        datasets.receive_inbox(found.project, found.name, found.path, found.offset, inode=found.identity)

    def refuse(self, project: str, name: str, reason: str) -> None:
        """Announce the refusal."""
        inbox_actions.refuse(project, name, reason)


@dataclass(slots=True)
class Chore:
    """Something done again and again."""

    work: Callable[[], object]
    every: float
    due: float = 0.0


@dataclass(slots=True)
class Foreman:
    """Looks at paths when told to or when due, and does chores in between. One thread; nothing is polled."""

    inbox: Inbox
    receiver: Receiver
    chores: list[Chore]
    changed: queue.SimpleQueue[Path | None] = field(default_factory=queue.SimpleQueue)
    again: dict[Path, float] = field(default_factory=dict)
    said: set[tuple[Path, str]] = field(default_factory=set)

    def run(self, stop: Event) -> None:
        """Until `stop` is set (and something is put into `changed`)."""
        self.chores.insert(0, Chore(self.walk, WALK_SECONDS))
        while not stop.is_set():
            for path in self._wait():
                self.look(path)
            for chore in self.chores:
                self._do(chore)

    def walk(self) -> None:
        """Look at everything that changed unnoticed: at the start, and where the kernel dropped events."""
        for path in self.inbox.walk():
            self.look(path)

    def look(self, path: Path) -> None:
        """Look at one path; trouble with it is logged and never stops the others."""
        self.again.pop(path, None)
        try:
            look = self.inbox.look(path)
            if look.refused is not None:
                self._refuse(path, look.refused)
            if look.ignored is not None:
                self._say_once(path, look.ignored)
            if look.found is not None:
                self.receiver.receive(look.found)
        except StorageFull as error:
            self._say_once(path, error.message)
            self.again[path] = time.monotonic() + RETRY_SECONDS
        except LimitExceeded as error:
            self._refuse(path, error.message)
            self.again[path] = time.monotonic() + LIMIT_SECONDS
        except (UsageError, InputRefused) as error:
            self._refuse(path, error.message)
        except PermissionError:
            self._refuse(path, "it may not be read; give this installation the right to")
        except Exception:
            log.exception("%s could not be taken now; it is tried again", _shown(path))
            self.again[path] = time.monotonic() + RETRY_SECONDS
        else:
            if look.again is not None:
                self.again[path] = time.monotonic() + look.again

    def _wait(self) -> set[Path]:
        """The paths to look at now: those that changed, all at once, and those whose time has come."""
        now = time.monotonic()
        due = min([*self.again.values(), *(chore.due for chore in self.chores)])
        paths: set[Path] = set()
        try:
            first = self.changed.get(timeout=max(due - now, 0.0)) if due > now else self.changed.get_nowait()
            paths.update([first] if first is not None else [])
            while (path := self.changed.get_nowait()) is not None:
                paths.add(path)
        except queue.Empty:
            pass
        now = time.monotonic()
        return paths | {path for path, moment in self.again.items() if moment <= now}

    def _refuse(self, path: Path, reason: str) -> None:
        project = path.parent.name
        known = path.parent.parent == self.inbox.root and PROJECT.fullmatch(project)
        if self._say_once(path, reason) and known:
            self.receiver.refuse(project, _shown(path), reason)

    def _say_once(self, path: Path, reason: str) -> bool:
        if (path, reason) in self.said:
            return False
        self.said.add((path, reason))
        log.warning("%s was not taken: %s", _shown(path), reason)
        return True

    def _do(self, chore: Chore) -> None:
        if chore.due > time.monotonic():
            return
        try:
            chore.work()
        except Exception:
            log.exception("a chore failed; it is tried again")
        chore.due = time.monotonic() + chore.every


def _shown(path: Path) -> str:
    """A file's name as text that can be logged and stored, whatever bytes it is of."""
    return path.name.encode("utf-8", "replace").decode()


class Aside:
    """A chore that takes long, in a thread of its own; never twice at once."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._thread: Thread | None = None

    def __call__(self) -> None:
        """Begin, unless it still runs."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = Thread(target=self._do, daemon=True)
            self._thread.start()

    def _do(self) -> None:
        try:
            self._work()
        except Exception:
            log.exception("a chore failed; it is tried again")


def tell() -> None:
    """Tell people of what happened."""
    for _ in range(MOST_TOLD):
        if not notifications.tell():
            return


def _upkeep() -> Callable[[], object]:
    """Loaded when it is due first: it knows every analysis, and nothing else here needs to."""
    rounds: list[Callable[[], object]] = []

    def once() -> object:
        from jobs.upkeep import Upkeep

        if not rounds:
            rounds.append(Upkeep())
        return rounds[0]()

    return once


class _Watch(FileSystemEventHandler):
    def __init__(self, foreman: Foreman) -> None:
        self._changed = foreman.changed

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._changed.put(Path(str(event.dest_path or event.src_path)))


def main() -> int:
    """Run until asked to stop."""
    logs.configure("foreman")
    settings = get_settings()
    root = settings.inbox.resolve()
    root.mkdir(parents=True, exist_ok=True)
    chores = [
        Chore(lambda: runs.requeue_lost(owners.lives), REQUEUE_SECONDS),
        Chore(Aside(_upkeep()), TIDY_SECONDS, due=time.monotonic() + FIRST_TIDY_SECONDS),
        Chore(tell, TELL_SECONDS),
        Chore(Aside(sending.round_of), SEND_SECONDS),
        Chore(rows.recover, RECOVER_SECONDS),
        Chore(rows.prune, TIDY_SECONDS),
        Chore(notifications.prune, TIDY_SECONDS),
        Chore(services.forget, TIDY_SECONDS),
    ]
    foreman = Foreman(Inbox(root, settings.max_upload_bytes, time.monotonic), Store(), chores)
    stop = stop_event(lambda: foreman.changed.put(None))
    observer = Observer()
    observer.schedule(_Watch(foreman), str(root), recursive=True, event_filter=LOOKED_AT)
    observer.start()
    prober, lag = Prober(settings), Lag(settings)
    telling = Telling("foreman", lambda: {**lag.figures(), "probe_seconds": dict(prober.took)})
    prober.start()
    telling.start()
    try:
        foreman.run(stop)
    finally:
        observer.stop()
        observer.join()
        prober.stop()
        telling.stop()
    return 0
