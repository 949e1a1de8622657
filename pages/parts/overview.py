"""The Monitoring page's numbers, tables and charts, made of readings; the browser gets them as cards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html import escape
from itertools import groupby

from engine.figures import Chart, Line, course
from engine.queries.health import Health, Trouble, ago, health, milliseconds, percent, size
from engine.queries.monitoring import Reading, Service
from engine.usage import PALETTE
from engine.words import amount
from pages.parts import cards
from pages.parts.cards import Block, Card

STEP_SECONDS = 20
"""Readings nearer to each other than this become one point of a chart: the worst of them."""

Number = tuple[str, str, str]

SPEED = "speed"
SERVICES = ("web", "foreman", "runner")
_COLUMNS = ("Process", "State", "Since", "Heard", "Processor", "Memory", "Threads", "Errors")


def answer(found: Reading) -> str:
    """The sentence, and below it the numbers that matter, as HTML of escaped words."""
    told = health(found)
    tiles = "".join(_tile(*number) for number in numbers(found))
    return (
        f'<section class="pl-answer" data-health="{told.verdict}" aria-label="How the installation is">'
        f'<div class="pl-answer-head"><p class="pl-sentence" data-live="health">{_said(told)}</p></div>'
        f'<dl class="pl-numbers">{tiles}</dl></section>'
    )


def _said(told: Health) -> str:
    verdict, colon, rest = told.sentence.partition(": ")
    return f"<strong>{escape(verdict + colon.strip())}</strong> {escape(rest)}"


def _tile(name: str, value: str, beside: str) -> str:
    return (
        f'<div class="pl-number-card" data-number="{escape(name)}"><dt>{escape(name)}</dt>'
        f'<dd class="pl-value">{escape(value)}</dd><dd class="pl-beside">{escape(beside)}</dd></div>'
    )


def numbers(found: Reading) -> list[Number]:
    """Name, value and what stands beside it."""
    store, spent = found.store, found.budget
    middle = found.worst("rerun_recent_seconds", "0.5")
    live = found.worst("live_recent_seconds", "0.95")
    waited = store["queue_oldest_seconds"]
    return [
        ("Open pages", f"{found.total('sessions') or 0:,.0f}", amount(found.total("live_sockets") or 0, "live socket")),
        ("Rerun p95", milliseconds(found.worst("rerun_recent_seconds", "0.95")), f"p50 {milliseconds(middle)}, 5 min"),
        ("Event delay p95", milliseconds(live), "over 5 min"),
        ("Runs waiting", f"{store['queue_length']:,}", f"oldest for {ago(waited)}" if waited else "none waits"),
        ("Error budget", percent(spent.left), f"{spent.minutes_left:.0f} of 43 min left"),
        _by_palette(found),
        ("Disk free", size(store["disk_free_bytes"]), f"of {size(store['disk_total_bytes'])}"),
    ]


def _by_palette(found: Reading) -> Number:
    """Which share of what people changed on pages they changed by the palette, since the web processes began."""
    ways = [one.figures.get("changes_total", {}) for one in found.living("web")]
    by, every = sum(way.get(PALETTE, 0) for way in ways), sum(sum(way.values()) for way in ways)
    walks = amount(found.total("palette_walks_total") or 0, "walk")
    share = f"{100 * by / every:.0f} %" if every else "–"
    return ("By the palette", share, f"of {amount(every, 'change')}; {walks}")


def below(found: Reading, readings: Sequence[Reading]) -> list[Card]:
    """The cards below the answer."""
    return [
        *_troubles(health(found).troubles),
        *_charts(readings),
        Card("processes", [cards.title("Processes"), _processes(found.services)]),
        Card("queue", [cards.title("Runs and store"), cards.facts(_store(found))], half=True),
        Card("uptime", [cards.title("Uptime"), *_uptime(found)], half=True),
    ]


def _troubles(troubles: Sequence[Trouble]) -> Iterator[Card]:
    if len(troubles) > 1:
        told = [block for one in troubles for block in (cards.strong(f"{one.what}."), cards.text(one.do))]
        yield Card("troubles", [cards.title("What to do"), *told])


# ------------------------------------------------------------------ tables


def _processes(services: Sequence[Service]) -> Block:
    if not services:
        return cards.text("No process has said anything yet; they do every five seconds.")
    return cards.table("Processes", _COLUMNS, [_row(service) for service in services], -1)


def _row(service: Service) -> list[str]:
    told = service.figures
    busy = told.get("cpu_busy_ratio")
    return [
        f"{service.name} {service.instance.rpartition('-')[2]}",
        service.state,
        f"{service.started_at:%d %b, %H:%M} UTC",
        f"{ago(service.silent)} ago",
        "–" if busy is None else f"{100 * busy:.0f} %",
        size(told.get("resident_memory_bytes")),
        str(told.get("threads", "–")),
        str(told.get("errors_logged_total", "–")),
    ]


def _store(found: Reading) -> list[tuple[str, str]]:
    store = found.store
    runs = ", ".join(f"{number:,} {state}" for state, number in store["runs"].items() if number)
    by = ", ".join(f"{number:,} by {what}" for what, number in store["runs_executed"].items() if number)
    slots, busy = found.total("slots", "runner"), found.total("slots_busy", "runner")
    ray = found.total("ray_up", "runner")
    commit = max((one.figures.get("store_commit_seconds", 0.0) for one in found.services if one.lives), default=None)
    unread = found.total("inbox_unread_bytes", "foreman")
    return [
        ("Runs kept", runs or "none yet"),
        ("Executed", by or "none yet"),
        ("Slots", "–" if slots is None else f"{busy:.0f} of {slots:.0f} busy"),
        ("Ray", "–" if ray is None else "executes runs" if ray else "away; child processes execute runs"),
        ("Inbox", _inbox(found, unread)),
        ("Store", f"{size(store['store_bytes'])}, last write {milliseconds(commit)}"),
        ("Events kept", f"{store['events_kept']:,}"),
        ("Not handed out yet", amount(found.total("live_events_behind") or 0, "event")),
    ]


def _inbox(found: Reading, unread: float | None) -> str:
    files = found.total("inbox_files", "foreman")
    if files is None or unread is None:
        return "–"
    behind = f"{size(unread)} not read yet" if unread else "all read"
    return f"{amount(files, 'file')} followed, {behind}" if files else "no file is followed"


def _uptime(found: Reading) -> list[Block]:
    spent = found.budget
    said = cards.text(
        "Up means: the sign-in page and the last result answer within 2 seconds each. Both are tried every 10 seconds; "
        "99.9 % over 30 days allow 43 minutes without."
    )
    if spent.since is None or spent.uptime is None:
        return [said, cards.strong("Nothing was tried yet; the foreman begins once the web process answers.")]
    foreman = found.living("foreman")
    took = foreman[0].figures.get("probe_seconds", {}) if foreman else {}
    return [
        said,
        cards.facts(
            [
                ("In time", f"{percent(spent.uptime)} of {amount(spent.good + spent.bad, 'probe')}"),
                ("Not in time", amount(spent.bad, "probe")),
                ("First hour", f"{spent.since:%d %b %Y, %H:%M} UTC"),
                ("Sign-in page", milliseconds(took.get("signin"))),
                ("Last result", milliseconds(took.get("answer"))),
            ]
        ),
    ]


# ------------------------------------------------------------------ charts


def _charts(readings: Sequence[Reading]) -> Iterator[Card]:
    thin = _thinned(readings)
    if len(thin) < 2:
        yield Card("charts", [cards.title("Last hour"), cards.text("The charts begin with the next readings.")])
        return
    newest = int(thin[-1][-1].at.timestamp())
    found = drawn(thin)
    if SPEED not in found:
        none = cards.text("Nobody opened a page within the hour; this view is the first and shows in a moment.")
        yield Card(SPEED, [cards.title("Reruns and events"), none], half=True)
    for name, chart in found.items():
        data = {
            "name": name,
            "chart": chart.to_dict("tokens"),
            "version": newest,
            "since": 0,
            "dataset": 0,
            "query": "",
            "stamp": str(newest),
            "file": f"monitoring-{name}",
        }
        yield Card(name, [cards.title(chart.title), cards.part("chart", f"chart-{name}", data)], half=True)


def drawn(thin: Sequence[Sequence[Reading]]) -> dict[str, Chart]:
    """The charts by name; those that have nothing to show are left out."""
    times = [group[-1].at for group in thin]

    def line(name: str, value: Callable[[Reading], float | None], scale: float = 1) -> Line:
        return Line(name, [_worst(group, value, scale) for group in thin])

    found = {
        SPEED: course(
            "Reruns and events",
            times,
            [
                line("rerun p95", lambda one: one.worst("rerun_recent_seconds", "0.95"), 1000),
                line("rerun p50", lambda one: one.worst("rerun_recent_seconds", "0.5"), 1000),
                line("event delay p95", lambda one: one.worst("live_recent_seconds", "0.95"), 1000),
            ],
            " ms",
        ),
        "pages": course("Open pages", times, [line("pages", lambda one: one.total("sessions"))]),
        "runs": course(
            "Runs",
            times,
            [
                line("waiting", lambda one: float(one.store["queue_length"])),
                line("busy slots", lambda one: one.total("slots_busy", "runner")),
            ],
        ),
        "processor": course(
            "Processor",
            times,
            [line(name, partial(_busy, name), 100) for name in SERVICES],
            " %",
        ),
    }
    return {name: chart for name, chart in found.items() if chart is not None}


def _busy(service: str, found: Reading) -> float | None:
    return found.total("cpu_busy_ratio", service)


def _worst(group: Sequence[Reading], value: Callable[[Reading], float | None], scale: float) -> float | None:
    values = [found for one in group if (found := value(one)) is not None]
    return round(scale * max(values), 3) if values else None


def _thinned(readings: Sequence[Reading]) -> list[list[Reading]]:
    """Readings by the step that they lie in: a point stays what it is while newer ones come."""
    grouped = groupby(readings, key=lambda one: int(one.at.timestamp() // STEP_SECONDS))
    return [list(group) for _step, group in grouped]
