"""How each row of the role matrix is tried: by everybody, with arguments that succeed for whoever may."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from engine import registry
from engine.access.tokens import who_of
from engine.actions import (
    channels,
    cohorts,
    datasets,
    decisions,
    forecasts,
    mappings,
    passwords,
    people,
    reports,
    rows,
    runs,
    shares,
    tokens,
    views,
)
from engine.errors import AccessDenied, NotFound
from engine.queries import (
    arrangements,
    audit,
    belonging,
    browsing,
    contrast,
    favourites,
    monitoring,
    palette,
    presence,
    projects,
    room,
    several,
    streams,
    surfaces,
    timeline,
)
from engine.queries import channels as channel_queries
from engine.queries import cohorts as cohort_queries
from engine.queries import datasets as dataset_queries
from engine.queries import decisions as decision_queries
from engine.queries import forecasts as forecast_queries
from engine.queries import inbox as inbox_queries
from engine.queries import mappings as mapping_queries
from engine.queries import notifications as notification_queries
from engine.queries import people as people_queries
from engine.queries import reports as report_queries
from engine.queries import results as result_queries
from engine.queries import runs as run_queries
from engine.queries import shares as share_queries
from engine.queries import tokens as token_queries
from engine.queries import views as view_queries
from engine.store.engine import fetch
from engine.store.tables import Notification
from engine.store.transaction import transaction
from engine.types import ROLES, SCOPES, DatasetVersion, Grounds, NewForecast, RowReference, Who
from tests.store.people import join, person, project, upload

_numbers = count(1)


@dataclass(frozen=True)
class World:
    """What everybody is tried on: an administrator, somebody else, a dataset of main and its run."""

    admin: Who
    other: Who
    dataset: int


Call = Callable[[World, Who], object]


def world() -> World:
    """A store with something of everything in it."""
    admin = person("the administrator")
    project("elsewhere")
    return World(admin, person("somebody else", "member"), upload(admin).dataset_id)


def everybody(made: World) -> dict[str, Who]:
    """Each kind of person and of token there is, by the name of its column."""
    found = {f"{role} everywhere": person(f"{role} everywhere", role) for role in ROLES}
    for place, slug in (("here", "main"), ("elsewhere", "elsewhere")):
        for role in ROLES[1:]:
            found[f"{role} {place}"] = join(person(f"{role} {place}", "member"), slug, role)
    for scope in SCOPES:
        found[f"{scope} token"] = token_of(made.admin, scope, "")
    for place, slug in (("here", "main"), ("elsewhere", "elsewhere")):
        found[f"admin token {place}"] = token_of(made.admin, "admin", slug)
    return found


def token_of(owner: Who, scope: Any, slug: str) -> Who:
    """A token of somebody, as it asks."""
    who = who_of(tokens.create(owner, "matrix", scope, slug))
    assert who is not None
    return who


def every_cell() -> dict[tuple[str, str], str]:
    """What happens in every cell."""
    made = world()
    columns = everybody(made)
    decisions.grounded_by(answered_by_itself)
    forecasts.made_by(forecast_by_itself)
    shares.made_by(shared_by_itself)
    try:
        return {(row, name): outcome(call, made, who) for row, call in CALLS.items() for name, who in columns.items()}
    finally:
        decisions.grounded_by(decision_queries.grounds)
        forecasts.made_by(forecast_queries.asked)
        shares.made_by(share_queries._made)


def outcome(call: Call, made: World, who: Who) -> str:
    """The word for what happens. Anything but a refusal is an error of the test: its arguments should have worked."""
    try:
        got = call(made, who)
    except AccessDenied:
        return "no"
    except NotFound:
        return "hidden"
    return "none" if isinstance(got, list | dict) and not got else "yes"


# ------------------------------------------------------------------ things to try it on


def fresh(word: str) -> str:
    return f"{word} {next(_numbers)}"


def a_dataset(made: World) -> int:
    return upload(made.admin, fresh("content"), fresh("file")).dataset_id


def a_waiting_run(made: World) -> int:
    return upload(made.admin, fresh("content"), fresh("file")).run_id or 0


def a_failed_run(made: World) -> int:
    wanted = a_waiting_run(made)
    while (work := runs.claim("worker")) is not None:
        runs.fail(work, {"code": "broken", "message": "Broken."})
        if work.run_id == wanted:
            break
    return wanted


def somebody() -> int:
    return person(fresh("person"), "member").user_id


def of_person(who: Who) -> Who:
    """The person behind a token: what is one's own is made by them."""
    return Who(who.user_id, who.name, "admin", "1") if who.token else who


def own_view(who: Who) -> int:
    return views.save(Who(who.user_id, who.name, "viewer"), "main", fresh("view"), "home", "")


def open_session(user_id: int) -> int:
    people.open_session(user_id, "127.0.0.1", "matrix")
    return int(fetch("SELECT max(id) FROM session")[0][0])


def open_token(owner: Who) -> int:
    tokens.create(of_person(owner), "matrix", "read")
    return int(fetch("SELECT max(id) FROM api_token")[0][0])


def do(name: str, arguments: Callable[[World, Who], Mapping[str, Any]] = lambda _made, _who: {}) -> Call:
    """An action of the registry, through it."""
    return lambda made, who: registry.run(who, name, arguments(made, who))


def answered(who: Who, made: World) -> object:
    """Whether the answer is found: a dataset without one is not hidden from those who see it."""
    dataset_queries.get_dataset(who, made.dataset)
    try:
        return result_queries.conclude(who, made.dataset)
    except NotFound as error:
        if error.code == "no_version":
            return True
        raise


def answered_together(who: Who, made: World) -> object:
    """Whether the answer on several is found, as `answered`."""
    try:
        return several.conclude(who, [made.dataset, a_dataset(made)], "compare")
    except NotFound as error:
        if error.code == "no_version":
            return True
        raise


def played(who: Who, made: World, ask: Callable[[Who, int, Mapping[str, Any]], object]) -> object:
    """Whether a timeline is found, as `answered`."""
    try:
        return ask(who, made.dataset, {})
    except NotFound as error:
        if error.code == "no_version":
            return True
        raise


def rows_belonging(who: Who, made: World) -> object:
    """Whether the rows of a cohort are found, as `answered`."""
    try:
        return belonging.rows_of(who, [made.dataset], "label=1..1")
    except NotFound as error:
        if error.code == "no_version":
            return True
        raise


def contrasted(who: Who, made: World) -> object:
    """Whether a cohort is put beside the rest, as `answered`."""
    try:
        return contrast.contrast(who, [made.dataset], "calibration", {"where": "label=1..1"})
    except NotFound as error:
        if error.code == "no_version":
            return True
        raise


def rows_browsed(ask: Callable[[], object]) -> object:
    """Whether a dataset's rows are found, as `answered`."""
    try:
        return (ask(),)
    except NotFound as error:
        if error.code == "no_version":
            return True
        raise


def rows_of(who: Who, made: World) -> object:
    try:
        return dataset_queries.read_rows(who, made.dataset, 1, [RowReference(1, 0.5)])
    except NotFound as error:
        if error.code == "no_version":
            return True
        raise


def answered_by_itself(_who: Who, dataset_ids: Sequence[int], *_asked: object) -> Grounds:
    """The grounds of a decision in a store whose datasets have no rows."""
    versions = tuple(DatasetVersion(number, "scores", 1, "0" * 64) for number in dataset_ids)
    return Grounds(
        "calibration", versions, {}, "calibrated", "Calibrated.", {}, {"command": ""}, "calibration?dataset=1"
    )


def forecast_by_itself(_who: Who, _dataset_id: int, _params: object) -> tuple[NewForecast, int, int]:
    """A forecast in a store whose datasets have no rows."""
    return NewForecast("reward", "run", "naive", 1.0, 2.0, {"by": "step"}), 1, 10


def a_decision(made: World) -> int:
    return decisions.record(made.admin, "main", fresh("decision"), "because", "calibration", [made.dataset])


def shared_by_itself(_who: Who, dataset_ids: Sequence[int], *_asked: object) -> tuple[str, bytes]:
    """What is shared in a store whose datasets have no rows."""
    return f"dataset={dataset_ids[0]}", b"{}"


def a_share(owner: Who) -> int:
    """A share in main of somebody, whatever they may do there by now."""
    shares.create(Who(owner.user_id, owner.name, "analyst"), "main", fresh("share"), "calibration", [1])
    return int(fetch("SELECT max(id) FROM share")[0][0])


def a_report(owner: Who, made: World) -> int:
    """A report that was asked for and cancelled, so that nobody has too many waiting."""
    number = reports.request(Who(owner.user_id, owner.name, "admin"), "main", fresh("report"), *TRUST, [made.dataset])
    runs.cancel(made.admin, report_queries.get_report(made.admin, number).run_id or 0)
    return number


def retried(who: Who, number: int, made: World) -> object:
    """Whether a report may be made again; it is cancelled at once."""
    registry.run(who, "report.retry", {"report_id": number})
    runs.cancel(made.admin, report_queries.get_report(made.admin, number).run_id or 0)
    return True


def a_file(who: Who, made: World) -> object:
    """Whether the file of a report is found: one that is not made is not hidden from those who see it."""
    try:
        return report_queries.file_of(who, a_report(made.admin, made))
    except NotFound as error:
        if error.code == "not_made":
            return True
        raise


def asked_for(made: World, who: Who) -> object:
    """Whether a report may be asked for; it is cancelled at once."""
    arguments = {**HERE, "name": "x", "of": "trust", "file_format": "pdf", "dataset_ids": [made.dataset]}
    number = registry.run(who, "report.request", arguments)
    runs.cancel(made.admin, report_queries.get_report(made.admin, number).run_id or 0)
    return number


def a_mapping(made: World) -> int:
    return mappings.save(made.admin, with_columns(made), fresh("mapping"), {"margin": "m"})


def a_cohort(made: World) -> int:
    return cohorts.save(made.admin, "main", fresh("cohort"), "label=1..1")


def with_columns(made: World) -> int:
    """A dataset whose file was refused, but whose columns are known."""
    run_id = a_waiting_run(made)
    columns = [{"name": "m", "examples": [], "role": None, "confidence": 0.0}]
    while (work := runs.claim("worker")) is not None:
        told = {"source_columns": columns, "signature": "0" * 64} if work.run_id == run_id else {}
        runs.fail(work, {"code": "broken", "message": "Broken.", **told})
        if work.run_id == run_id:
            return work.dataset_id
    raise AssertionError("the run was not claimed")


def a_channel(owner: Who) -> int:
    return channels.add(of_person(owner), fresh("channel"), HOOK)


def fewer_channels(who: Who) -> None:
    """Nobody may have more than some, and the matrix adds many."""
    for one in channel_queries.list_channels(who):
        channels.remove(of_person(who), one.id)


def own_channel(who: Who) -> int:
    fewer_channels(who)
    return a_channel(who)


def told(who: Who) -> int:
    """A notification of somebody, of nothing that belongs to a project."""
    with transaction() as tx:
        newest = int(fetch("SELECT coalesce(max(event), 0) + 1 FROM notification")[0][0])
        one = Notification(user_id=who.user_id, kind="membership", level="info", title="told", event=newest)
        tx.session.add(one)
        tx.session.flush()
        return one.id or 0


def grounded(who: Who, made: World) -> object:
    """Whether the grounds are found: a dataset without an answer is not hidden from those who see it."""
    try:
        return decision_queries.grounds(who, [made.dataset], "calibration", {})
    except NotFound as error:
        if error.code == "no_version":
            return True
        raise


def forecast_of(who: Who, made: World) -> object:
    """Whether it would be forecast: a dataset without a version is not hidden from those who see it."""
    try:
        return forecast_queries.asked(who, made.dataset, {})
    except NotFound as error:
        if error.code == "no_version":
            return True
        raise


HOOK = "jsons://example.com/hook"
HERE = {"project": "main"}
TRUST = ("trust", "pdf")
DECIDED = {**HERE, "title": "ship", "because": "it is better", "analysis": "calibration"}
SHARED = {**HERE, "title": "as it stands", "analysis": "calibration"}
CALLS: dict[str, Call] = {
    "dataset.rename": do("dataset.rename", lambda made, _: {"dataset_id": a_dataset(made), "name": fresh("name")}),
    "dataset.remove": do("dataset.remove", lambda made, _: {"dataset_id": a_dataset(made)}),
    "dataset.restore": do("dataset.restore", lambda made, _: {"dataset_id": a_dataset(made)}),
    "dataset.set_mapping": do(
        "dataset.set_mapping", lambda made, _: {"dataset_id": a_dataset(made), "mapping": {"margin": "m"}}
    ),
    "mapping.save": do(
        "mapping.save",
        lambda made, _: {"dataset_id": with_columns(made), "name": fresh("mapping"), "mapping": {"margin": "m"}},
    ),
    "mapping.rename": do("mapping.rename", lambda made, _: {"mapping_id": a_mapping(made), "name": fresh("renamed")}),
    "mapping.delete": do("mapping.delete", lambda made, _: {"mapping_id": a_mapping(made)}),
    "run.request": do("run.request", lambda made, _: {"dataset_id": a_dataset(made), "kind": "read"}),
    "run.cancel": do("run.cancel", lambda made, _: {"run_id": a_waiting_run(made)}),
    "run.retry": do("run.retry", lambda made, _: {"run_id": a_failed_run(made)}),
    "favourite.add": do("favourite.add", lambda made, _: {"dataset_id": a_dataset(made)}),
    "favourite.remove": do("favourite.remove", lambda made, _: {"dataset_id": a_dataset(made)}),
    "arrangement.set": do(
        "arrangement.set", lambda _made, _who: {**HERE, "page": "home", "layout": {"order": ["trust"]}}
    ),
    "arrangement.reset": do("arrangement.reset", lambda _made, _who: {**HERE, "page": "home"}),
    "view.save": do("view.save", lambda _made, _who: {**HERE, "name": fresh("view"), "page": "home", "query": ""}),
    "view.delete": do("view.delete", lambda _made, who: {"view_id": own_view(who)}),
    "view.delete, another's": do("view.delete", lambda made, _: {"view_id": own_view(made.other)}),
    "view.rename": do("view.rename", lambda _made, who: {"view_id": own_view(who), "name": fresh("renamed")}),
    "view.rename, another's": do(
        "view.rename", lambda made, _: {"view_id": own_view(made.other), "name": fresh("renamed")}
    ),
    "cohort.save": do("cohort.save", lambda _made, _who: {**HERE, "name": fresh("cohort"), "where": "label=1..1"}),
    "cohort.rename": do("cohort.rename", lambda made, _: {"cohort_id": a_cohort(made), "name": fresh("renamed")}),
    "cohort.delete": do("cohort.delete", lambda made, _: {"cohort_id": a_cohort(made)}),
    "decision.record": do("decision.record", lambda made, _: {**DECIDED, "dataset_ids": [made.dataset]}),
    "decision.withdraw": do("decision.withdraw", lambda made, _: {"decision_id": a_decision(made), "why": "wrong"}),
    "report.request": asked_for,
    "report.retry": lambda made, who: retried(who, a_report(who, made), made),
    "report.retry, another's": lambda made, who: retried(who, a_report(made.other, made), made),
    "report.remove": do("report.remove", lambda made, who: {"report_id": a_report(who, made)}),
    "report.remove, another's": do("report.remove", lambda made, _: {"report_id": a_report(made.other, made)}),
    "forecast.keep": do("forecast.keep", lambda made, _: {"dataset_id": made.dataset}),
    "demo.play": do("demo.play"),
    "demo.stop": do("demo.stop"),
    "channel.add": do(
        "channel.add", lambda _made, who: fewer_channels(who) or {"name": fresh("channel"), "address": HOOK}
    ),
    "channel.set_kinds": do("channel.set_kinds", lambda _made, who: {"channel_id": own_channel(who), "kinds": "alarm"}),
    "channel.set_kinds, another's": do(
        "channel.set_kinds", lambda made, _: {"channel_id": own_channel(made.other), "kinds": "alarm"}
    ),
    "channel.test": do("channel.test", lambda _made, who: {"channel_id": own_channel(who)}),
    "channel.test, another's": do("channel.test", lambda made, _: {"channel_id": own_channel(made.other)}),
    "channel.remove": do("channel.remove", lambda _made, who: {"channel_id": own_channel(who)}),
    "channel.remove, another's": do("channel.remove", lambda made, _: {"channel_id": own_channel(made.other)}),
    "notification.read": do("notification.read", lambda _made, who: {"notification_id": told(who)}),
    "notification.read, another's": do("notification.read", lambda made, _: {"notification_id": told(made.other)}),
    "notification.read_all": do("notification.read_all"),
    "preference.set": do("preference.set", lambda _made, _who: {"key": "note", "value": "x"}),
    "session.close": do("session.close"),
    "session.revoke": do("session.revoke", lambda _made, who: {"session_id": open_session(who.user_id)}),
    "session.revoke, another's": do("session.revoke", lambda made, _: {"session_id": open_session(made.other.user_id)}),
    "session.end_all": do("session.end_all", lambda _made, who: {"user_id": who.user_id}),
    "session.end_all, another's": do("session.end_all", lambda made, _: {"user_id": made.other.user_id}),
    "share.create": do("share.create", lambda made, _: {**SHARED, "dataset_ids": [made.dataset]}),
    "share.revoke": do("share.revoke", lambda made, who: {"share_id": a_share(of_person(who))}),
    "share.revoke, another's": do("share.revoke", lambda made, _: {"share_id": a_share(made.admin)}),
    "token.create": do("token.create", lambda _made, _who: {"name": "x", "scope": "read"}),
    "token.create, of main": do("token.create", lambda _made, _who: {**HERE, "name": "x", "scope": "read"}),
    "token.revoke": do("token.revoke", lambda _made, who: {"token_id": open_token(who)}),
    "token.revoke, another's": do("token.revoke", lambda made, _: {"token_id": open_token(made.other)}),
    "person.invite": do("person.invite", lambda _made, _who: {"role": "viewer"}),
    "person.set_role": do("person.set_role", lambda _made, _who: {"user_id": somebody(), "role": "viewer"}),
    "person.rename": do("person.rename", lambda _made, _who: {"user_id": somebody(), "name": fresh("renamed")}),
    "person.disable": do("person.disable", lambda _made, _who: {"user_id": somebody()}),
    "person.enable": do("person.enable", lambda _made, _who: {"user_id": somebody()}),
    "person.reset_password": do("person.reset_password", lambda _made, _who: {"user_id": somebody()}),
    "membership.set": do("membership.set", lambda _made, _who: {**HERE, "user_id": somebody(), "role": "viewer"}),
    "membership.remove": do("membership.remove", lambda _made, _who: {**HERE, "user_id": somebody()}),
    "project.create": do("project.create", lambda _made, _who: {"project": f"p{next(_numbers)}"}),
    "project.rename": do("project.rename", lambda _made, _who: {**HERE, "name": "Main"}),
    "actions.datasets.receive_upload": lambda _, who: upload(who, fresh("content"), fresh("file")),
    "actions.datasets.may_receive": lambda _, who: datasets.may_receive(who, "main", 10),
    "actions.passwords.change": lambda _, who: passwords.change(who, "a hash"),
    "actions.rows.append": lambda _, who: rows.append(who, "main", f"r{next(_numbers)}.jsonl", b'{"margin": 1}\n'),
    "queries.arrangements.arrangement": lambda _, who: (arrangements.arrangement(who, "main", "home"),),
    "queries.favourites.list_favourites": lambda _, who: (favourites.list_favourites(who, "main"),),
    "queries.presence.present": lambda _, who: (presence.present(who, "main"),),
    "queries.runs.active": lambda _, who: (run_queries.active(who, "main"),),
    "queries.audit.lines": lambda _, who: audit.lines(who),
    "queries.audit.lines, of main": lambda _, who: audit.lines(who, "main"),
    "queries.audit.actors": lambda _, who: audit.actors(who),
    "queries.audit.actors, of main": lambda _, who: audit.actors(who, "main"),
    "queries.cohorts.list_cohorts": lambda _, who: (cohort_queries.list_cohorts(who, "main"),),
    "queries.cohorts.fitting": lambda made, who: (cohort_queries.fitting(who, made.dataset),),
    "queries.contrast.contrast": lambda made, who: contrasted(who, made),
    "queries.datasets.list_datasets": lambda _, who: dataset_queries.list_datasets(who, "main"),
    "queries.datasets.page": lambda _, who: dataset_queries.page(who, "main", 10),
    "queries.datasets.get_dataset": lambda made, who: dataset_queries.get_dataset(who, made.dataset),
    "queries.datasets.history": lambda made, who: (dataset_queries.history(who, made.dataset),),
    "queries.datasets.versions": lambda made, who: (dataset_queries.versions(who, made.dataset, 10),),
    "queries.datasets.read_rows": lambda made, who: rows_of(who, made),
    "queries.decisions.get_decision": lambda made, who: decision_queries.get_decision(who, a_decision(made)),
    "queries.decisions.grounds": lambda made, who: grounded(who, made),
    "queries.decisions.list_decisions": lambda _, who: (decision_queries.list_decisions(who, "main"),),
    "queries.decisions.since": lambda made, who: decision_queries.since(who, a_decision(made)),
    "queries.forecasts.asked": lambda made, who: forecast_of(who, made),
    "queries.forecasts.scoreboard": lambda made, who: (forecast_queries.scoreboard(who, made.dataset),),
    "queries.inbox.refusals": lambda _, who: (inbox_queries.refusals(who, "main"),),
    "queries.mappings.list_mappings": lambda _, who: (mapping_queries.list_mappings(who, "main"),),
    "queries.mappings.source": lambda made, who: mapping_queries.source(who, made.dataset),
    "queries.monitoring.course": lambda _, who: (monitoring.course(who),),
    "queries.monitoring.reading": lambda _, who: monitoring.reading(who),
    "queries.monitoring.scraped": lambda _, who: monitoring.scraped(who),
    "queries.monitoring.watches": lambda _, who: [True] if monitoring.watches(who) else [],
    "queries.palette.entries": lambda _, who: palette.entries(who, "main"),
    "queries.palette.oversees": lambda _, who: [True] if palette.oversees(who) else [],
    "queries.channels.list_channels": lambda _, who: (channel_queries.list_channels(who),),
    "queries.notifications.get_notification": lambda _, who: notification_queries.get_notification(who, told(who)),
    "queries.notifications.get_notification, another's": lambda made, who: notification_queries.get_notification(
        who, told(made.other)
    ),
    "queries.notifications.list_notifications": lambda _, who: (notification_queries.list_notifications(who),),
    "queries.notifications.unread": lambda _, who: (notification_queries.unread(who),),
    "queries.people.list_people": lambda _, who: people_queries.list_people(who),
    "queries.people.members": lambda _, who: people_queries.members(who, "main"),
    "queries.people.password_hash": lambda _, who: people_queries.password_hash(who),
    "queries.people.preferences": lambda _, who: (people_queries.preferences(who),),
    "queries.people.session_expiry": lambda _, who: people_queries.session_expiry(who),
    "queries.people.sessions": lambda _, who: (people_queries.sessions(who),),
    "queries.people.sessions_of, another's": lambda made, who: (people_queries.sessions_of(who, made.other.user_id),),
    "queries.projects.default_project": lambda _, who: projects.default_project(who),
    "queries.projects.list_projects": lambda _, who: [one for one in projects.list_projects(who) if one.slug == "main"],
    "queries.reports.file_of": lambda made, who: a_file(who, made),
    "queries.reports.get_report": lambda made, who: report_queries.get_report(who, a_report(made.admin, made)),
    "queries.reports.list_reports": lambda _, who: (report_queries.list_reports(who, "main"),),
    "queries.results.conclude": lambda made, who: answered(who, made),
    "queries.room.room_of": lambda _, who: room.room_of(who, "main"),
    "queries.runs.get_run": lambda made, who: run_queries.get_run(who, a_waiting_run(made)),
    "queries.runs.list_runs": lambda _, who: run_queries.list_runs(who, "main"),
    "queries.runs.page": lambda _, who: run_queries.page(who, "main", 10),
    "queries.runs.to_act_on": lambda made, who: a_waiting_run(made) and run_queries.to_act_on(who, "main", 5),
    "queries.belonging.rows_of": lambda made, who: rows_belonging(who, made),
    "queries.browsing.browse": lambda made, who: rows_browsed(
        lambda: browsing.browse(who, [made.dataset], browsing.Asked())
    ),
    "queries.browsing.followed": lambda made, who: rows_browsed(
        lambda: browsing.followed(who, [made.dataset], "a prompt")
    ),
    "queries.browsing.single": lambda made, who: rows_browsed(lambda: browsing.single(who, [made.dataset], 1)),
    "queries.several.conclude": lambda made, who: answered_together(who, made),
    "queries.shares.list_shares": lambda _, who: (share_queries.list_shares(who),),
    "queries.shares.shares_of": lambda _, who: (share_queries.shares_of(who, "main"),),
    "queries.shares.shown": lambda _, who: share_queries.shown(who),
    "queries.streams.stream_rows": lambda made, who: rows_browsed(lambda: streams.stream_rows(who, [made.dataset])),
    "queries.surfaces.choices": lambda made, who: rows_browsed(lambda: surfaces.choices(who, made.dataset)),
    "queries.surfaces.grid": lambda made, who: rows_browsed(lambda: surfaces.grid(who, made.dataset, {}, "value")),
    "queries.timeline.frames": lambda made, who: played(who, made, timeline.frames),
    "queries.timeline.prepared": lambda made, who: played(who, made, timeline.prepared),
    "queries.timeline.shown": lambda made, who: played(who, made, lambda who, number, _: timeline.shown(who, number)),
    "queries.tokens.every_token": lambda _, who: token_queries.every_token(who),
    "queries.tokens.list_tokens": lambda _, who: (token_queries.list_tokens(who),),
    "queries.views.list_views": lambda _, who: (view_queries.list_views(who, "main"),),
}
