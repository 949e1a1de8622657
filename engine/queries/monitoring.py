"""How the installation is: what its processes said of themselves, and the store. Read once, shown everywhere.

`/metrics` and the Monitoring page are two ways to write down one `Reading`.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from engine.access.roles import require
from engine.access.visible import from_json
from engine.catalogue import FIGURES
from engine.errors import AccessDenied
from engine.queries.uptime import Budget, budget
from engine.settings import get_settings
from engine.store.engine import fetch, get_store
from engine.store.times import from_store, now
from engine.types import ROLES, Role, Who

LEAST_ROLE: Final[Role] = "operator"

SILENT_SECONDS: Final = 20.0
"""A process that has not said anything for this long is taken to be away: it missed three times."""

SAID_SECONDS: Final = 600.0
"""A process that has been silent for longer is not listed any more."""

SAMPLES: Final = 720
"""Readings that are remembered for the charts: an hour, one every five seconds."""

_SERVICES: Final = (
    "SELECT name, instance, state, figures, started_at, at FROM service ORDER BY name, started_at, instance"
)
_WAITING: Final = "SELECT count(*), min(requested_at) FROM run WHERE state = 'queued'"
_RUNS: Final = "SELECT state, backend, count(*) FROM run GROUP BY state, backend"
_EVENTS: Final = "SELECT coalesce(max(id) - min(id) + 1, 0) FROM event"
_POSTGRES_SIZE: Final = "SELECT pg_database_size(current_database())"
_OWNER: Final = 'SELECT role FROM "user" WHERE id = :user'
_ANSWERED: Final = """
SELECT d.id FROM dataset AS d JOIN version AS v ON v.dataset_id = d.id AND v.number = d.version
WHERE d.removed_at IS NULL AND v.verdict IS NOT NULL ORDER BY d.updated_at DESC LIMIT 1
"""
_STATES: Final = ("queued", "running", "done", "failed", "cancelled")
_REREAD_SECONDS: Final = 1.0
_RECOUNT_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Service:
    """A process as it last said it is; `state` is "running", "stopped" or, by its silence, "silent"."""

    name: str
    instance: str
    state: str
    figures: Mapping[str, Any]
    started_at: datetime
    at: datetime
    silent: float

    @property
    def lives(self) -> bool:
        """Whether it runs, as far as one can tell."""
        return self.state == "running"


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything at one moment. `store` holds the figures of the catalogue whose source is the store."""

    at: datetime
    services: tuple[Service, ...]
    store: Mapping[str, Any]
    budget: Budget

    def living(self, name: str) -> list[Service]:
        """The processes of this name that run."""
        return [service for service in self.services if service.name == name and service.lives]

    def total(self, figure: str, service: str = "web") -> float | None:
        """A gauge or counter over the living processes of a name; None where none says it."""
        found = [one.figures[figure] for one in self.living(service) if figure in one.figures]
        return float(sum(found)) if found else None

    def worst(self, figure: str, label: str, service: str = "web") -> float | None:
        """The highest value under this label over the living processes; None where none says it."""
        return max(
            (v for one in self.living(service) if (v := one.figures.get(figure, {}).get(label)) is not None),
            default=None,
        )


def watches(who: Who) -> bool:
    """Whether somebody may know how the installation is."""
    return who.at_least(LEAST_ROLE)


def reading(who: Who) -> Reading:
    """How the installation is now (at most a second ago). Raises AccessDenied below operator."""
    require(who, None, LEAST_ROLE)
    return _latest.get()


def scraped(who: Who) -> Reading:
    """The same for a program: its token may be for reading only, if it is its owner's who may read this.

    Raises AccessDenied.
    """
    if who.token is None:
        return reading(who)
    owner = fetch(_OWNER, {"user": who.user_id})
    if who.token.project is not None or not owner or ROLES.index(owner[0][0]) < ROLES.index(LEAST_ROLE):
        raise AccessDenied(f"The token has to be an {LEAST_ROLE}'s, and for all projects.")
    return _latest.get()


def scraped_by_secret() -> Reading:
    """*System.* The same for whoever holds the secret of `metrics_token_file`."""
    return _latest.get()


def course(who: Who) -> list[Reading]:
    """The readings of the last hour, oldest first, since this process began. Raises AccessDenied below operator."""
    require(who, None, LEAST_ROLE)
    return list(_course)


def sample() -> Reading:
    """*System.* Read now and remember it for the charts."""
    found = _latest.get()
    _course.append(found)
    return found


def newest_answered() -> int | None:
    """*System.* The dataset whose answer moved last, None where there is none: what the probe of uptime asks for."""
    found = fetch(_ANSWERED)
    return int(found[0][0]) if found else None


# ------------------------------------------------------------------ reading it


class _Latest:
    """The newest reading, shared by all who ask within a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read = float("-inf")
        self._reading: Reading | None = None
        self.counts: tuple[float, dict[str, Any]] = (float("-inf"), {})

    def get(self) -> Reading:
        """The reading of the last second, or one made now."""
        with self._lock:
            if self._reading is None or time.monotonic() - self._read > _REREAD_SECONDS:
                self._reading = _read(self)
                self._read = time.monotonic()
            return self._reading

    def clear(self) -> None:
        """Forget it."""
        with self._lock:
            self._read, self.counts = float("-inf"), (float("-inf"), {})


_latest: Final = _Latest()
_course: Final[deque[Reading]] = deque(maxlen=SAMPLES)


def forget() -> None:
    """*System.* What a new process would know (for tests)."""
    _latest.clear()
    _course.clear()


def _read(latest: _Latest) -> Reading:
    moment = now()
    spent = budget(moment)
    if time.monotonic() - latest.counts[0] > _RECOUNT_SECONDS:
        latest.counts = (time.monotonic(), _counts())
    store = {**latest.counts[1], **_queue(moment), **_sizes()}
    store["probes"] = {"good": spent.good, "bad": spent.bad}
    store["error_budget_left_ratio"] = spent.left
    return Reading(moment, tuple(_services(moment)), store, spent)


def _services(moment: datetime) -> list[Service]:
    found = []
    for name, instance, state, figures, started_at, at in fetch(_SERVICES):
        heard = from_store(at)
        silent = max((moment - heard).total_seconds(), 0.0)
        if silent <= SAID_SECONDS:
            told = "silent" if state == "running" and silent > SILENT_SECONDS else state
            found.append(Service(name, instance, told, from_json(figures), from_store(started_at), heard, silent))
    return found


def _queue(moment: datetime) -> dict[str, Any]:
    (length, oldest) = fetch(_WAITING)[0]
    waited = 0.0 if oldest is None else max((moment - from_store(oldest)).total_seconds(), 0.0)
    return {"queue_length": int(length), "queue_oldest_seconds": waited}


def _counts() -> dict[str, Any]:
    """What takes longer to count, and is asked for less often."""
    states, executed = dict.fromkeys(_STATES, 0), {"child": 0, "ray": 0, "job": 0}
    for state, backend, number in fetch(_RUNS):
        states[state] = states.get(state, 0) + number
        if backend:
            executed[backend] = executed.get(backend, 0) + number
    return {"runs": states, "runs_executed": executed, "events_kept": int(fetch(_EVENTS)[0][0])}


def _sizes() -> dict[str, Any]:
    home = get_settings().home
    disk = shutil.disk_usage(home)
    return {"store_bytes": _store_bytes(), "disk_free_bytes": disk.free, "disk_total_bytes": disk.total}


def _store_bytes() -> int:
    if not get_store().is_sqlite:
        return int(fetch(_POSTGRES_SIZE)[0][0])
    store = Path(get_settings().url.removeprefix("sqlite:///"))
    files = (store, store.with_name(store.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


# ------------------------------------------------------------------ as samples


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a figure: a number, or durations in buckets; `labels` in the order of the catalogue."""

    labels: tuple[str, ...]
    value: Any = field(hash=False)


def samples(found: Reading) -> dict[str, list[Sample]]:
    """Every figure of the catalogue with its values."""
    told: dict[str, list[Sample]] = {name: [] for name in FIGURES}
    for service in found.services:
        alive = {
            "up": int(service.lives),
            "heard_seconds": service.silent,
            "start_time_seconds": service.started_at.timestamp(),
        }
        for name, value in {**(service.figures if service.lives else {}), **alive}.items():
            _spread(told, name, (service.name, service.instance), value)
    for name, value in found.store.items():
        _spread(told, name, (), value)
    return told


def _spread(told: dict[str, list[Sample]], name: str, labels: tuple[str, ...], value: Any) -> None:
    figure = FIGURES.get(name)
    if figure is None:
        return
    if figure.label:
        told[name] += [Sample((*labels, key), part) for key, part in value.items()]
    else:
        told[name].append(Sample(labels, value))
