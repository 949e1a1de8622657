"""What the palette offers somebody now: pages, datasets, saved views, actions that make sense. No dead entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from engine import registry
from engine.access.visible import from_json, project_id
from engine.actions import demo
from engine.cohort import spoken
from engine.offered import DENSITIES, OVERSIGHT, PAGES, SECTIONS, THEMES, WATCH
from engine.queries import kept, monitoring, runs
from engine.queries.channels import list_channels
from engine.queries.cohorts import list_cohorts
from engine.queries.datasets import list_datasets
from engine.queries.decisions import list_decisions
from engine.queries.favourites import list_favourites
from engine.queries.mappings import list_mappings
from engine.queries.notifications import list_notifications
from engine.queries.people import list_people, preferences, sessions
from engine.queries.projects import demo_playing, list_projects
from engine.queries.reports import list_reports
from engine.queries.shares import list_shares, shares_of
from engine.queries.tokens import list_tokens
from engine.queries.views import default_view, list_views
from engine.store.engine import fetch
from engine.types import DatasetView, PaletteEntry, PersonView, Who
from engine.words import amount

MOST_DATASETS = 200
"""Datasets that are offered, those changed last; the page Datasets has them all."""
ACTIVE_RUNS = 20
REMOVED = 10
DECISIONS = 10
REPORTS = 10
MAPPINGS = 10
SHARES = 10
PEOPLE = 20
UNREAD = 10
RUNS = 20
NAMED = 20
"""Datasets, those changed last, whose answers are looked through for names of models, judges and runs."""
MOST_NAMES = 100
COHORTS = 20

_ON_DATASETS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "dataset.rename": ("Rename {}…", "rename", {}),
    "dataset.set_mapping": ("Columns of {}…", "columns", {}),
    "run.request": ("Read {} again", "read", {"kind": "read"}),
    "dataset.remove": ("Remove {}", "remove", {}),
}
"""Actions on a dataset: title, beginning of the entry's id, and the arguments beside the dataset's."""

_REMOVED = """
SELECT id, name FROM dataset WHERE project_id = :project AND removed_at IS NOT NULL
ORDER BY removed_at DESC, id DESC LIMIT :limit
"""

_MAPPED = """
SELECT id, name, mapping FROM dataset WHERE project_id = :project AND removed_at IS NULL
AND CAST(mapping AS TEXT) <> '{}' AND CAST(source_columns AS TEXT) <> '{}'
ORDER BY updated_at DESC, id DESC LIMIT :limit
"""


def entries(who: Who, project: str) -> list[PaletteEntry]:
    """Every entry for this person in this project, in the order of sections. Raises NotFound, AccessDenied.

    Without a project (empty) there are only those that need none.
    """
    if not project:
        return [
            *_pages(who, ""),
            *_preferences(who),
            *_account(who),
            *_notifications(who),
            *_projects(who, ""),
            *_people(who, ""),
        ]
    datasets = list_datasets(who, project)[:MOST_DATASETS]
    return [
        *_pages(who, project),
        *(_dataset(dataset) for dataset in datasets),
        *_names(datasets),
        *_views(who, project),
        *_cohorts(who, project),
        *_reports(who, project),
        *_runs(who, project),
        *_view_actions(who, project),
        *_decisions(who, project),
        *_report_actions(who, project),
        *_mappings(who, project),
        *_shares(who, project),
        *_dataset_actions(who, project, datasets),
        *_run_actions(who, project),
        *_preferences(who),
        *_demo(who),
        *_removed(who, project),
        *_account(who),
        *_notifications(who),
        *_project_actions(who, project),
        *_people(who, project),
        *_projects(who, project),
    ]


def oversees(who: Who) -> bool:
    """Whether somebody looks after others: the people, the members of a project, or what was done there."""
    return any(who.at_least("operator", slug) for slug in (None, *who.roles))


def _pages(who: Who, project: str) -> tuple[PaletteEntry, ...]:
    return _pages_for(project, oversees(who), monitoring.watches(who))


@lru_cache
def _pages_for(project: str, overseeing: bool, watching: bool) -> tuple[PaletteEntry, ...]:
    here = {"project": project}
    pages = (*PAGES, *([OVERSIGHT] if overseeing else []), *([WATCH] if watching else []))
    return (
        *(
            PaletteEntry(f"page:{page}", title, "Pages", "page", page, "", synonyms, here, shortcut)
            for page, title, synonyms, shortcut in pages
        ),
        *(
            PaletteEntry(
                f"page:people:{section.lower()}",
                title,
                "Pages",
                "link",
                f"people?section={section}",
                "People",
                synonyms,
            )
            for section, title, synonyms in (SECTIONS if overseeing else ())
        ),
    )


def _dataset(dataset: DatasetView) -> PaletteEntry:
    hint = _size(dataset) if dataset.version else "not read yet"
    page = dataset.analyses[0] if dataset.verdict and dataset.analyses else "datasets"
    return _link(dataset.id, dataset.name, page, hint, (dataset.format, dataset.kind or ""))


@lru_cache(2 * MOST_DATASETS)
def _link(dataset_id: int, name: str, page: str, hint: str, synonyms: tuple[str, ...]) -> PaletteEntry:
    target = f"{page}?dataset={dataset_id}"
    about = f"dataset:{dataset_id}"
    return PaletteEntry(about, name, "Datasets", "link", target, hint, tuple(filter(None, synonyms)), about=about)


def _names(datasets: list[DatasetView]) -> Iterator[PaletteEntry]:
    """The models, judges, raters and runs that the newest answers tell apart, each with the page that shows it."""
    told: set[str] = set()
    for dataset in [one for one in datasets if one.version and one.analyses][:NAMED]:
        for name in _named(dataset.id, dataset.version, dataset.sentence):
            if name not in told and len(told) < MOST_NAMES:
                told.add(name)
                target = f"{dataset.analyses[0]}?dataset={dataset.id}"
                yield PaletteEntry(f"name:{name}", name, "Named in answers", "link", target, f"in {dataset.name}")


@lru_cache(4 * NAMED)
def _named(dataset_id: int, _version: int, _sentence: str | None) -> tuple[str, ...]:
    return kept.names(dataset_id)


def _runs(who: Who, project: str) -> Iterator[PaletteEntry]:
    for run in runs.list_runs(who, project, RUNS):
        title = f"Run {run.id} of {run.dataset}" if run.dataset else f"Run {run.id}"
        yield PaletteEntry(f"run:{run.id}", title, "Runs", "link", f"runs?run={run.id}", run.kind, ("job",))


def _reports(who: Who, project: str) -> Iterator[PaletteEntry]:
    """Files that were made, to be downloaded."""
    for one in list_reports(who, project, REPORTS):
        if one.state == "done":
            synonyms = ("report", "download", "file")
            yield PaletteEntry(
                f"report:{one.id}", one.name, "Reports", "file", f"/report/{one.id}", one.format, synonyms
            )


def _size(dataset: DatasetView) -> str:
    """How many rows; of a file that grows there is no saying, and each row would send the whole palette again."""
    return "growing" if dataset.live else amount(dataset.rows, "row")


def _views(who: Who, project: str) -> Iterator[PaletteEntry]:
    for view in list_views(who, project):
        target = f"{view.page}?{view.query}" if view.query else view.page
        yield PaletteEntry(f"view:{view.id}", view.name, "Saved views", "link", target, view.page, ("view",))


def _projects(who: Who, current: str) -> Iterator[PaletteEntry]:
    for project in list_projects(who):
        if project.slug != current and project.datasets:
            hint = "simulated" if project.simulated else project.slug
            target = f"home?project={project.slug}"
            yield PaletteEntry(f"project:{project.slug}", project.name, "Projects", "link", target, hint, ("switch",))


# ------------------------------------------------------------------ actions


def _dataset_actions(who: Who, project: str, datasets: list[DatasetView]) -> Iterator[PaletteEntry]:
    may = frozenset(name for name in _ON_DATASETS if who.at_least(registry.ACTIONS[name].role, project))
    keeps = who.at_least(registry.ACTIONS["forecast.keep"].role, project)
    at_hand = frozenset(list_favourites(who, project))
    for dataset in datasets:
        yield from _actions_on(dataset.id, dataset.name, may)
        yield _at_hand(dataset, dataset.id in at_hand)
        if keeps and dataset.version and "forecast" in dataset.analyses:
            title, one = f"Keep a forecast of {dataset.name}", {"dataset_id": dataset.id}
            yield _offer("forecast.keep", title, f"forecast:{dataset.id}", one, of=("dataset", dataset.name))


def _at_hand(dataset: DatasetView, kept_now: bool) -> PaletteEntry:
    """Keeping a dataset at hand, or letting it go where it is."""
    title = f"Let go of {dataset.name}" if kept_now else f"Keep {dataset.name} at hand"
    name = "favourite.remove" if kept_now else "favourite.add"
    one = {"dataset_id": dataset.id}
    return _offer(name, title, f"favourite:{dataset.id}", one, of=("dataset", dataset.name))


@lru_cache(10 * MOST_DATASETS)
def _actions_on(dataset_id: int, name: str, may: frozenset[str]) -> tuple[PaletteEntry, ...]:
    """What somebody who may do this can do with a dataset; the same for as long as it keeps its name."""
    return tuple(
        _offer(
            action,
            title.replace("{}", name),
            f"{entry}:{dataset_id}",
            {"dataset_id": dataset_id, **given},
            of=("dataset", name),
            defaults={"name": name} if action == "dataset.rename" else {},
        )
        for action, (title, entry, given) in _ON_DATASETS.items()
        if action in may
    )


def _decisions(who: Who, project: str) -> Iterator[PaletteEntry]:
    """Deciding needs an answer; the page that shows it asks the questions."""
    here = {"project": project}
    yield from _action(who, project, "decision.record", "Record a decision…", "decide", here)
    for one in list_decisions(who, project, DECISIONS):
        if one.withdrawn_at is None:
            title, arguments = f"Withdraw the decision {one.title}…", {"decision_id": one.id}
            of = ("decision", one.title)
            yield from _action(who, project, "decision.withdraw", title, f"withdraw:{one.id}", arguments, of=of)


def _report_actions(who: Who, project: str) -> Iterator[PaletteEntry]:
    """A report needs an answer; the page that shows it is what it is of."""
    yield from _action(who, project, "report.request", "Export this view as PDF", "export", {"project": project})
    for one in list_reports(who, project, REPORTS):
        may = one.user_id == who.user_id or who.at_least("analyst", project)
        named, arguments = f"the report {one.name} ({one.format})", {"report_id": one.id}
        if may and one.state in ("failed", "cancelled"):
            yield from _action(who, project, "report.retry", f"Make {named} again", f"make:{one.id}", arguments)
        if may:
            yield from _action(who, project, "report.remove", f"Remove {named}", f"remove-report:{one.id}", arguments)


def _mappings(who: Who, project: str) -> Iterator[PaletteEntry]:
    asked = {"project": project_id(who, project), "limit": MAPPINGS}
    for dataset_id, name, mapping in fetch(_MAPPED, asked):
        given = {"dataset_id": dataset_id, "mapping": from_json(mapping)}
        title = f"Use the columns of {name} for the next files…"
        yield from _action(
            who, project, "mapping.save", title, f"save-mapping:{dataset_id}", given, of=("dataset", name)
        )
    for one in list_mappings(who, project)[:MAPPINGS]:
        said, given, of = f"the saved columns {one.name}", {"mapping_id": one.id}, ("mapping", one.name)
        named = {"name": one.name}
        yield from _action(
            who, project, "mapping.rename", f"Rename {said}…", f"rename-mapping:{one.id}", given, of=of, defaults=named
        )
        yield from _action(who, project, "mapping.delete", f"Forget {said}", f"delete-mapping:{one.id}", given, of=of)


def _shares(who: Who, project: str) -> Iterator[PaletteEntry]:
    """Sharing needs an answer; the page that shows it asks the questions."""
    yield from _action(who, project, "share.create", "Share this answer…", "share", {"project": project})
    held = shares_of(who, project) if who.at_least("admin", project) else []
    known = {one.id: one for one in [*list_shares(who), *held]}
    for one in sorted(known.values(), key=lambda one: -one.id)[:SHARES]:
        title = f"Revoke the {one.kind} {one.title}"
        yield from _action(who, "", "share.revoke", title, f"end-share:{one.id}", {"share_id": one.id}, one.mode)


def _run_actions(who: Who, project: str) -> Iterator[PaletteEntry]:
    for run in runs.to_act_on(who, project, ACTIVE_RUNS):
        about = f"run {run.id} of {run.dataset}" if run.dataset else f"run {run.id}"
        one, of = {"run_id": run.id}, ("run", about)
        if run.state in ("queued", "running"):
            yield from _action(who, project, "run.cancel", f"Cancel {about}", f"cancel:{run.id}", one, run.stage, of)
        else:
            yield from _action(who, project, "run.retry", f"Try {about} again", f"retry:{run.id}", one, run.state, of)


def _preferences(who: Who) -> Iterator[PaletteEntry]:
    chosen = preferences(who)
    for key, default, titles in (("theme", "system", THEMES), ("density", "comfortable", DENSITIES)):
        for value, title in titles.items():
            if chosen.get(key, default) != value:
                arguments = {"key": key, "value": value}
                yield from _action(who, "", "preference.set", title, f"{key}:{value}", arguments)


def _demo(who: Who) -> Iterator[PaletteEntry]:
    name = "demo.stop" if demo_playing() else "demo.play"
    yield from _action(who, demo.SLUG, name, registry.ACTIONS[name].title, name, {})


def _view_actions(who: Who, project: str) -> Iterator[PaletteEntry]:
    here = {"project": project}
    yield from _action(who, project, "view.save", "Save this view…", "save-view", here)
    yield from _action(who, project, "arrangement.reset", "Arrange this page as usual", "as-usual", here)
    chosen = preferences(who)
    for key, value in chosen.items():
        if value and key.startswith(default_view("")):
            page = key.removeprefix(default_view(""))
            title, given = f"Open {page} as usual, without a view", {"key": key, "value": ""}
            yield from _action(who, "", "preference.set", title, f"open-plain:{page}", given)
    for view in list_views(who, project):
        one = {"view_id": view.id}
        of = ("view", view.name)
        titled = f"Rename view {view.name}…"
        yield from _action(who, project, "view.rename", titled, f"rename-view:{view.id}", one, of=of)
        opens = {"key": default_view(view.page), "value": str(view.id)}
        if chosen.get(opens["key"]) != opens["value"] and view.query:
            title = f"Open {view.page} with view {view.name}"
            yield from _action(who, "", "preference.set", title, f"open-with:{view.id}", opens)
        title = f"Delete view {view.name}"
        yield from _action(who, project, "view.delete", title, f"delete-view:{view.id}", one, of=of)


def _cohorts(who: Who, project: str) -> Iterator[PaletteEntry]:
    """Looking at a cohort alone; a new one is named where its rows are seen, on a figure."""
    known = list_cohorts(who, project)
    for one in known:
        title, hint = f"Only rows of {one.name}", spoken(one.where)
        yield PaletteEntry(
            f"cohort:{one.id}", title, "Cohorts", "rows", one.where, hint, ("cohort", "filter", "subset")
        )
    yield from _action(who, project, "cohort.save", "Name a cohort…", "save-cohort", {"project": project})
    for one in known[:COHORTS]:
        named, given = f"cohort {one.name}", {"cohort_id": one.id}
        of = ("cohort", one.name)
        yield from _action(who, project, "cohort.rename", f"Rename {named}…", f"rename-cohort:{one.id}", given, of=of)
        yield from _action(who, project, "cohort.delete", f"Delete {named}", f"delete-cohort:{one.id}", given, of=of)


def _removed(who: Who, project: str) -> Iterator[PaletteEntry]:
    asked = {"project": project_id(who, project), "limit": REMOVED}
    for dataset_id, name in fetch(_REMOVED, asked):
        title, one, of = f"Bring back {name}", {"dataset_id": dataset_id}, ("dataset", name)
        yield from _action(who, project, "dataset.restore", title, f"restore:{dataset_id}", one, of=of)


def _account(who: Who) -> Iterator[PaletteEntry]:
    yield from _action(who, "", "session.close", "Sign out", "sign-out", {})
    others = [one for one in sessions(who) if not one.current]
    for one in others:
        which = f"from {one.address}, since {one.created_at:%d %b, %H:%M} UTC"
        title, given, of = f"End the session {which}", {"session_id": one.id}, ("session", which)
        yield from _action(who, "", "session.revoke", title, f"end-session:{one.id}", given, of=of)
    if others:
        own = {"user_id": who.user_id}
        yield from _action(who, "", "session.end_all", "Sign out everywhere else", "end-sessions", own)
    yield from _action(who, "", "token.create", "Make an API token…", "new-token", {})
    for token in list_tokens(who):
        title, given, of = f"Revoke the API token {token.name}", {"token_id": token.id}, ("token", token.name)
        yield from _action(who, "", "token.revoke", title, f"end-token:{token.id}", given, token.scope, of)


def _notifications(who: Who) -> Iterator[PaletteEntry]:
    if who.token is not None:
        return
    synonyms = ("bell", "alerts", "told", "unread")
    yield PaletteEntry("notifications", "See all notifications", "Actions", "link", "notifications", "", synonyms)
    found = list_notifications(who, UNREAD)
    if any(not one.read for one in found):
        yield from _action(who, "", "notification.read_all", "Mark all notifications as read", "read-all", {})
    for one in [one for one in found if not one.read][:1]:
        title, named = f"Mark as read: {one.title}", {"notification_id": one.id}
        yield from _action(who, "", "notification.read", title, "read-newest", named)
    yield from _action(who, "", "channel.add", "Add a channel for notifications…", "new-channel", {})
    for channel in list_channels(who):
        one_of, name = {"channel_id": channel.id}, f"the channel {channel.name}"
        yield from _action(who, "", "channel.test", f"Test {name}", f"test-channel:{channel.id}", one_of)
        title = f"Choose what goes to {name}…"
        yield from _action(who, "", "channel.set_kinds", title, f"channel-kinds:{channel.id}", one_of)
        yield from _action(who, "", "channel.remove", f"Remove {name}", f"end-channel:{channel.id}", one_of)


def _project_actions(who: Who, project: str) -> Iterator[PaletteEntry]:
    one = {"project": project}
    for known in list_projects(who):
        if known.slug == project:
            title, named = "Rename this project…", {"name": known.name}
            yield from _action(who, project, "project.rename", title, "rename-project", one, defaults=named)
    yield from _action(who, project, "project.create", "Make a project…", "new-project", {})


def _people(who: Who, project: str) -> Iterator[PaletteEntry]:
    yield from _action(who, "", "person.invite", "Invite somebody…", "invite", {})
    if not who.at_least("admin") and not any(who.at_least("admin", slug) for slug in who.roles):
        return
    for person in [one for one in list_people(who) if one.id != who.user_id][:PEOPLE]:
        yield from _person(who, project, person)


def _person(who: Who, project: str, person: PersonView) -> Iterator[PaletteEntry]:
    one, name, number = {"user_id": person.id}, person.name, person.id

    def offered(action: str, title: str, entry: str, hint: str = "", **defaults: str) -> Iterator[PaletteEntry]:
        of = ("user", name)
        yield from _action(who, "", action, title, f"{entry}:{number}", one, hint, of, defaults)

    yield from offered("person.set_role", f"Change the role of {name}…", "role", person.role, role=person.role)
    yield from offered("person.rename", f"Rename {name}…", "rename-person", name=name)
    if person.disabled_at is None:
        yield from offered("person.disable", f"Disable the account of {name}…", "disable")
        yield from offered("person.reset_password", f"New password for {name}", "password")
    else:
        yield from offered("person.enable", f"Enable the account of {name}", "enable")
    if person.sessions and who.at_least("admin"):
        yield from offered("session.end_all", f"End all sessions of {name}", "end-sessions")
    if project:
        yield from _membership(who, project, person)


def _membership(who: Who, project: str, person: PersonView) -> Iterator[PaletteEntry]:
    name, of, here = person.name, ("user", person.name), {"user_id": person.id, "project": project}
    known = project in person.memberships
    joins = f"Change the role of {name} in this project…" if known else f"Add {name} to this project…"
    yield from _action(who, project, "membership.set", joins, f"join:{person.id}", here, of=of)
    if known:
        title = f"Take {name} out of this project"
        yield from _action(who, project, "membership.remove", title, f"part:{person.id}", here, of=of)


def _action(
    who: Who,
    project: str,
    name: str,
    title: str,
    entry: str,
    arguments: Mapping[str, Any],
    hint: str = "",
    of: tuple[str, str] = ("", ""),
    defaults: Mapping[str, str] | None = None,
) -> Iterator[PaletteEntry]:
    action = registry.ACTIONS[name]
    if who.at_least(action.role, project if action.where == "project" else None):
        yield _offer(name, title, entry, arguments, hint, of, defaults)


def _offer(
    name: str,
    title: str,
    entry: str,
    arguments: Mapping[str, Any],
    hint: str = "",
    of: tuple[str, str] = ("", ""),
    defaults: Mapping[str, str] | None = None,
) -> PaletteEntry:
    """An action; `of` is what kind of thing it is done to, and what that is called."""
    kind, thing = of
    return PaletteEntry(
        f"action:{entry}",
        title,
        "Actions",
        "action",
        name,
        hint,
        registry.ACTIONS[name].synonyms,
        dict(arguments),
        about=f"{kind}:{arguments[f'{kind}_id']}" if kind else "",
        thing=thing,
        defaults=defaults or {},
    )
