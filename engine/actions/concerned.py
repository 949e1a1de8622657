"""What an event means to people: which of them it concerns, in which words, and what they can do. All *system*."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from engine.access.sessions import roles_of
from engine.access.visible import from_json
from engine.notices import CHANNEL_PAUSED, Level
from engine.store.engine import fetch
from engine.store.times import from_store
from engine.types import Role, Who

LONG_SECONDS: Final = 10.0
"""A run that took longer is told of when it is done."""

LONGEST_BODY: Final = 1_000

_PEOPLE = """
SELECT u.id, u.name, u.role, p.slug, m.role FROM "user" AS u LEFT JOIN membership AS m ON m.user_id = u.id
LEFT JOIN project AS p ON p.id = m.project_id WHERE u.disabled_at IS NULL ORDER BY u.id
"""
_RUN = """
SELECT r.kind, r.requested_by, r.started_at, r.finished_at, r.error, d.name, d.version, t.name
FROM run AS r LEFT JOIN dataset AS d ON d.id = r.dataset_id LEFT JOIN report AS t ON t.run_id = r.id WHERE r.id = :id
"""
_DATASET = "SELECT name FROM dataset WHERE id = :id AND removed_at IS NULL"
_DECISION = """
SELECT c.title, c.user_id, c.withdrawn_by, c.withdrawn_why, c.because, a.name, w.name FROM decision AS c
JOIN "user" AS a ON a.id = c.user_id LEFT JOIN "user" AS w ON w.id = c.withdrawn_by WHERE c.id = :id
"""
_SHARE = "SELECT title, user_id FROM share WHERE id = :id"
_CHANNEL = "SELECT name, error FROM channel WHERE id = :id"
_PROJECT = "SELECT name FROM project WHERE slug = :slug"


@dataclass(frozen=True, slots=True)
class Told:
    """What some people are told. `many` is the title once it is told of `{count}` things at once."""

    event: int
    kind: str
    project: str | None
    subject: str
    level: Level
    title: str
    many: str
    body: str
    target: str
    action: Mapping[str, Any] = field(default_factory=dict)
    people: Sequence[int] = ()


def people() -> list[Who]:
    """Everybody who may sign in, with their roles."""
    found: dict[int, list[Any]] = {}
    for row in fetch(_PEOPLE):
        found.setdefault(row[0], []).append(row)
    return [Who(rows[0][0], rows[0][1], rows[0][2], roles=roles_of(row[3:] for row in rows)) for rows in found.values()]


def told_of(events: Iterable[Mapping[str, Any]], everybody: Sequence[Who]) -> list[Told]:
    """What there is to tell of these events; nobody is told of a project that they do not see."""
    found = (_OF[event["kind"]](event, everybody) for event in events if event["kind"] in _OF)
    return [one for one in found if one is not None and one.people]


def _who(everybody: Iterable[Who], project: str, role: Role, *, without: int | None = None) -> list[int]:
    return [who.user_id for who in everybody if who.at_least(role, project) and who.user_id != without]


def _only(everybody: Iterable[Who], user_id: int | None, project: str | None) -> list[int]:
    return [who.user_id for who in everybody if who.user_id == user_id and (project is None or who.sees(project))]


def _one(sql: str, number: Any) -> Any:
    return next(iter(fetch(sql, {"id": number})), None)


def _run(event: Mapping[str, Any], everybody: Sequence[Who]) -> Told | None:
    body, project = event["body"], event["project"]
    if body["state"] not in ("done", "failed") or (row := _one(_RUN, body["run"])) is None:
        return None
    (kind, asked_by, started, finished, error, dataset, version, report) = row
    name = dataset or report or f"run {body['run']}"
    asker = _only(everybody, asked_by, project)
    common = {"event": event["id"], "project": project, "people": asker}
    if body["state"] == "failed":
        concerned = asker if asked_by is not None else _who(everybody, project, "analyst")
        return _failed({**common, "people": concerned}, body, name, kind, from_json(error) or {})
    if kind == "report":
        target = f"reports?project={project}"
        title = f"The report “{report or name}” is ready"
        return Told(kind="report", subject=project, level="good", title=title, many="{count} reports are ready",
                    body="", target=target, **common)  # fmt: skip
    seconds = _seconds(started, finished)
    if seconds is None or seconds <= LONG_SECONDS:
        return None
    said = f"{_DOING.get(kind, 'A run')} took {_lasted(seconds)}."
    target = (
        f"runs?project={project}" if body["dataset"] is None or not version else _answer_of(body["dataset"], project)
    )
    return Told(kind="run_done", subject=project, level="good", title=f"{name} is done",
                many="{count} long runs are done", body=said, target=target, **common)  # fmt: skip


_DOING = {"read": "Reading it", "job": "Reading it", "observe": "Looking at it"}


def _failed(common: Mapping[str, Any], body: Mapping[str, Any], name: str, kind: str, error: Mapping[str, Any]) -> Told:
    """Columns that were misread are named; anything else is tried again."""
    reads = kind in ("read", "job")
    said = body["error"] or error
    action: dict[str, Any] = {"name": "run.retry", "title": "Try again", "arguments": {"run_id": body["run"]}}
    if reads and error.get("signature") and body["dataset"] is not None:
        arguments = {"dataset_id": body["dataset"]}
        action = {"name": "dataset.set_mapping", "title": "Name the columns", "arguments": arguments}
    title = (
        f"{name} could not be read"
        if reads
        else f"The report “{name}” could not be made"
        if kind == "report"
        else f"A run of {name} failed"
    )
    return Told(kind="run_failed", subject=common["project"], level="bad", title=title, many="{count} runs failed",
                body=_cut(str(said.get("message") or "It ended without a reason.")),
                target=f"runs?project={common['project']}", action=action, **common)  # fmt: skip


def _refused(event: Mapping[str, Any], everybody: Sequence[Who]) -> Told:
    body, project = event["body"], event["project"]
    return Told(
        event["id"], "file_refused", project, project, "warn", f"{body['name']} was not taken from the inbox",
        "{count} files of the inbox were not taken", _cut(f"{body['name']}: {body['reason']}"),
        f"datasets?project={project}", people=_who(everybody, project, "analyst"),
    )  # fmt: skip


def _alarm(event: Mapping[str, Any], everybody: Sequence[Who]) -> Told | None:
    body, project = event["body"], event["project"]
    found = _one(_DATASET, body["dataset"])
    if found is None:
        return None
    turned = f"{body['was'].replace('_', ' ')} before, now {body['verdict'].replace('_', ' ')}"
    return Told(
        event["id"], "alarm", project, f"dataset/{body['dataset']}/{body['analysis']}", "bad",
        f"{found[0]}: {turned}", f"{found[0]} turned {{count}} times: {turned}", _cut(body["sentence"]),
        f"{body['analysis']}?dataset={body['dataset']}&project={project}", people=_who(everybody, project, "viewer"),
    )  # fmt: skip


def _decision(event: Mapping[str, Any], everybody: Sequence[Who]) -> Told | None:
    body, project = event["body"], event["project"]
    found = _one(_DECISION, body["decision"])
    if found is None:
        return None
    title, recorded_by, withdrawn_by, why, because, author, withdrawer = found
    withdrawn = body["change"] == "withdrawn"
    by, actor, reason = (withdrawer, withdrawn_by, why) if withdrawn else (author, recorded_by, because)
    did = "withdrew the decision" if withdrawn else "decided"
    return Told(
        event["id"], "decision", project, project, "warn" if withdrawn else "info", f"{by} {did}: {title}",
        "{count} decisions were recorded or withdrawn", _cut(reason), f"journal?project={project}",
        people=_who(everybody, project, "viewer", without=actor),
    )  # fmt: skip


def _membership(event: Mapping[str, Any], everybody: Sequence[Who]) -> Told | None:
    body, user_id = event["body"], int(event["topic"].partition("/")[2])
    project, role = body.get("project"), body.get("role")
    if body.get("change") != "role" or not project or not role or body.get("by") == user_id:
        return None
    found = next(iter(fetch(_PROJECT, {"slug": project})), None)
    if found is None:
        return None
    return Told(
        event["id"], "membership", project, project, "info", f"You are {role} in {found[0]} now",
        "Your role changed {count} times", "Choose it in the sidebar.", f"home?project={project}",
        people=_only(everybody, user_id, project),
    )  # fmt: skip


def _share(event: Mapping[str, Any], everybody: Sequence[Who]) -> Told | None:
    body, project = event["body"], event["project"]
    found = _one(_SHARE, body.get("share"))
    if found is None or body.get("change") != "opened":
        return None
    return Told(
        event["id"], "share", project, project or "", "info", f"{found[0]} was opened for the first time",
        "{count} links were opened for the first time", "Somebody followed the link that you shared.",
        f"settings?project={project}", people=_only(everybody, found[1], project),
    )  # fmt: skip


def _channel(event: Mapping[str, Any], everybody: Sequence[Who]) -> Told | None:
    body, user_id = event["body"], int(event["topic"].partition("/")[2])
    found = _one(_CHANNEL, body["channel"]) if body["change"] == "paused" else None
    if found is None:
        return None
    action = {"name": "channel.test", "title": "Test it", "arguments": {"channel_id": body["channel"]}}
    return Told(
        event["id"], CHANNEL_PAUSED, None, "", "bad", f"Nothing is sent to {found[0]} any more",
        "{count} channels are paused", _cut(f"{found[1]} It failed several times in a row and is paused until a test "
        "reaches it."), "settings", action, _only(everybody, user_id, None),
    )  # fmt: skip


_OF: Final[Mapping[str, Callable[[Mapping[str, Any], Sequence[Who]], Told | None]]] = {
    "run": _run,
    "inbox_refused": _refused,
    "alarm": _alarm,
    "decision": _decision,
    "session": _membership,
    "share": _share,
    "channel": _channel,
}
FOLLOWED: Final = tuple(_OF)
"""The kinds of events that may have to be told."""


def _answer_of(dataset_id: int, project: str) -> str:
    return f"answer?dataset={dataset_id}&project={project}"


def _seconds(started: Any, finished: Any) -> float | None:
    if started is None or finished is None:
        return None
    return (from_store(finished) - from_store(started)).total_seconds()


def _lasted(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_BODY else f"{text[: LONGEST_BODY - 1]}…"
