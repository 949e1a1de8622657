"""What the readings mean: one sentence, and for each trouble what it is and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from engine.queries.monitoring import Reading
from engine.settings import get_settings
from engine.words import amount

Verdict = Literal["well", "warning", "bad"]

RERUN_SECONDS: Final = 0.3
LIVE_SECONDS: Final = 0.15
WAITING_SECONDS: Final = 60.0
DISK_SHARE: Final = 0.05
BUDGET_SHARE: Final = 0.1
"""Where it begins to be worth saying."""

ENOUGH: Final = 50
"""Below as many within five minutes a p95 is one or two slow ones, such as the first pages after a start."""

_MISSING: Final = {
    "web": ("The web process is not heard", "Pages may not answer."),
    "foreman": ("The foreman is not heard", "Files in the inbox are not noticed, and uptime is not watched."),
    "runner": ("The runner is not heard", "Runs wait; answers that exist are still shown."),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not as it should be: `bad` where people lose something by it already."""

    bad: bool
    what: str
    do: str


@dataclass(frozen=True, slots=True)
class Health:
    """The verdict, its sentence, and the troubles, worst first."""

    verdict: Verdict
    sentence: str
    troubles: tuple[Trouble, ...]


def health(found: Reading) -> Health:
    """What a reading means."""
    troubles = tuple(sorted(_troubles(found), key=lambda trouble: not trouble.bad))
    if not troubles:
        return Health("well", f"All well: {_numbers(found)}.", ())
    first = troubles[0]
    more = f" {amount(len(troubles) - 1, 'more trouble')} below." if len(troubles) > 1 else ""
    return Health("bad" if first.bad else "warning", f"{first.what}: {_small(first.do)}{more}", troubles)


def milliseconds(seconds: float | None) -> str:
    """A duration as people read it; a dash where there is none."""
    if seconds is None:
        return "–"
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.1f} ms"


def size(count: float | None) -> str:
    """Bytes as people read them; a dash where there are none."""
    if count is None:
        return "–"
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if count >= 10 or unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def ago(seconds: float) -> str:
    """A while in the largest unit that fits: seconds, minutes, hours, days."""
    for length, noun in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * length:
            return amount(seconds // length, noun)
    return amount(round(seconds), "second")


def percent(share: float) -> str:
    """A share in per cent; what is not all of it is never rounded up to that."""
    shown = 100 * share
    return f"{shown:.0f} %" if shown == 100 or shown < 99 else f"{int(100 * shown) / 100:g} %"


def _numbers(found: Reading) -> str:
    parts = [amount(found.total("sessions") or 0, "open page")]
    if (rerun := found.worst("rerun_recent_seconds", "0.95")) is not None:
        parts.append(f"rerun p95 {milliseconds(rerun)}")
    parts.append(f"{amount(found.store['queue_length'], 'run')} waiting")
    if found.budget.since is not None:
        parts.append(f"error budget {percent(found.budget.left)} left")
    return ", ".join(parts)


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _troubles(found: Reading) -> Iterator[Trouble]:
    yield from _processes(found)
    yield from _speed(found)
    yield from _queue(found)
    yield from _disk(found)
    yield from _budget(found)


def _processes(found: Reading) -> Iterator[Trouble]:
    for name, (what, meaning) in _MISSING.items():
        if not found.living(name):
            look = f"Look at `python -m jobs logs --process {name}`; the launcher starts it again by itself."
            yield Trouble(True, what, f"{meaning} {look}")


def _speed(found: Reading) -> Iterator[Trouble]:
    rerun = found.worst("rerun_recent_seconds", "0.95")
    if rerun is not None and rerun > RERUN_SECONDS and (found.total("reruns_recent") or 0) >= ENOUGH:
        do = "Too many pages for this machine, or something else uses its processors: see the processes below."
        yield Trouble(False, f"Pages are slow (rerun p95 {milliseconds(rerun)})", do)
    live = found.worst("live_recent_seconds", "0.95")
    if live is not None and live > LIVE_SECONDS and (found.total("deliveries_recent") or 0) >= ENOUGH:
        do = "Numbers on open pages move late; the web process is busy, see the processes below."
        yield Trouble(False, f"Events arrive late (p95 {milliseconds(live)})", do)


def _queue(found: Reading) -> Iterator[Trouble]:
    waited = found.store["queue_oldest_seconds"]
    if waited > WAITING_SECONDS:
        what = f"{amount(found.store['queue_length'], 'run')} waiting, the oldest for {ago(waited)}"
        yield Trouble(False, what, "See what runs under Runs; a run that hangs can be cancelled there.")


def _disk(found: Reading) -> Iterator[Trouble]:
    free, total = found.store["disk_free_bytes"], found.store["disk_total_bytes"]
    least = get_settings().min_free_disk_bytes
    what = f"The disk is nearly full ({size(free)} free)"
    if free < least:
        yield Trouble(True, what, "No new data are taken. Free some space; taking goes on by itself.")
    elif free < max(2 * least, min(DISK_SHARE * total, 10e9)):
        yield Trouble(False, what, f"Free some space: below {size(least)} no new data are taken.")


def _budget(found: Reading) -> Iterator[Trouble]:
    if found.budget.left < BUDGET_SHARE:
        left = f"{found.budget.minutes_left:.0f} of 43 minutes left"
        do = "Change nothing risky until it recovers; `python -m jobs logs --level error` says what failed."
        yield Trouble(found.budget.left == 0, f"The error budget of 99.9 % is nearly spent ({left})", do)
