"""What the palette offers somebody now: pages, datasets, saved views, actions that make sense. No dead entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine import registry
from engine.access.visible import project_id
from engine.queries.datasets import list_datasets
from engine.queries.people import preferences, sessions
from engine.queries.projects import demo_playing, list_projects
from engine.queries.runs import list_runs
from engine.queries.views import list_views
from engine.store.engine import fetch
from engine.types import DatasetView, PaletteEntry, Who
from engine.words import amount

PAGES = (
    ("home", "Home", ("start", "overview", "answer"), "g h"),
    ("calibration", "Calibration", ("reliability", "ece", "trust", "reward model", "over-confident"), "g c"),
    ("datasets", "Datasets", ("files", "upload", "data", "import", "drop"), "g d"),
    ("runs", "Runs", ("jobs", "queue", "progress", "history"), "g r"),
    ("settings", "Settings", ("preferences", "theme", "density", "account", "sessions"), "g s"),
)
THEMES = {"light": "Light theme", "dark": "Dark theme", "system": "Theme of the system"}
DENSITIES = {"comfortable": "Comfortable density", "compact": "Compact density"}
ACTIVE_RUNS = 20
REMOVED = 10
PEOPLE = 50

_REMOVED = """
SELECT id, name FROM dataset WHERE project_id = :project AND removed_at IS NOT NULL
ORDER BY removed_at DESC, id DESC LIMIT :limit
"""
_OTHERS = 'SELECT id, name, role FROM "user" WHERE id <> :me ORDER BY name LIMIT :limit'


def entries(who: Who, project: str) -> list[PaletteEntry]:
    """Every entry for this person in this project, in the order of sections. Raises NotFound, AccessDenied."""
    datasets = list_datasets(who, project)
    return [
        *_pages(project),
        *(_dataset(dataset) for dataset in datasets),
        *_views(who, project),
        *_view_actions(who, project),
        *_dataset_actions(who, datasets),
        *_run_actions(who, project, {dataset.run_id for dataset in datasets}),
        *_preferences(who),
        *_demo(who),
        *_removed(who, project),
        *_people(who),
        *_projects(who, project),
    ]


def _pages(project: str) -> Iterator[PaletteEntry]:
    for page, title, synonyms, shortcut in PAGES:
        yield PaletteEntry(
            f"page:{page}",
            title,
            "Pages",
            "page",
            page,
            synonyms=synonyms,
            arguments={"project": project},
            shortcut=shortcut,
        )


def _dataset(dataset: DatasetView) -> PaletteEntry:
    hint = amount(dataset.rows, "row") if dataset.version else "not read yet"
    target = f"calibration?dataset={dataset.id}" if dataset.verdict else f"datasets?dataset={dataset.id}"
    synonyms = tuple(word for word in (dataset.format, dataset.kind) if word)
    return PaletteEntry(f"dataset:{dataset.id}", dataset.name, "Datasets", "link", target, hint, synonyms)


def _views(who: Who, project: str) -> Iterator[PaletteEntry]:
    for view in list_views(who, project):
        target = f"{view.page}?{view.query}" if view.query else view.page
        yield PaletteEntry(f"view:{view.id}", view.name, "Saved views", "link", target, view.page, ("view",))


def _projects(who: Who, current: str) -> Iterator[PaletteEntry]:
    for project in list_projects(who):
        if project.slug != current and project.datasets:
            hint = "simulated" if project.simulated else ""
            target = f"home?project={project.slug}"
            yield PaletteEntry(f"project:{project.slug}", project.name, "Projects", "link", target, hint, ("switch",))


# ------------------------------------------------------------------ actions


def _dataset_actions(who: Who, datasets: list[DatasetView]) -> Iterator[PaletteEntry]:
    for dataset in datasets:
        read = {"dataset_id": dataset.id, "kind": "read"}
        one = {"dataset_id": dataset.id}
        yield from _action(who, "dataset.rename", f"Rename {dataset.name}…", f"rename:{dataset.id}", one)
        yield from _action(who, "dataset.set_mapping", f"Columns of {dataset.name}…", f"columns:{dataset.id}", one)
        yield from _action(who, "run.request", f"Read {dataset.name} again", f"read:{dataset.id}", read)
        yield from _action(who, "dataset.remove", f"Remove {dataset.name}", f"remove:{dataset.id}", one)


def _run_actions(who: Who, project: str, newest: set[int | None]) -> Iterator[PaletteEntry]:
    for run in list_runs(who, project, ACTIVE_RUNS):
        about = f"run {run.id} of {run.dataset}" if run.dataset else f"run {run.id}"
        if run.state in ("queued", "running"):
            yield from _action(who, "run.cancel", f"Cancel {about}", f"cancel:{run.id}", {"run_id": run.id}, run.stage)
        elif run.state in ("failed", "cancelled") and run.id in newest:
            yield from _action(who, "run.retry", f"Try {about} again", f"retry:{run.id}", {"run_id": run.id}, run.state)


def _preferences(who: Who) -> Iterator[PaletteEntry]:
    chosen = preferences(who)
    for key, default, titles in (("theme", "system", THEMES), ("density", "comfortable", DENSITIES)):
        for value, title in titles.items():
            if chosen.get(key, default) != value:
                arguments = {"key": key, "value": value}
                yield from _action(who, "preference.set", title, f"{key}:{value}", arguments)


def _demo(who: Who) -> Iterator[PaletteEntry]:
    name = "demo.stop" if demo_playing() else "demo.play"
    yield from _action(who, name, registry.ACTIONS[name].title, name, {})


def _view_actions(who: Who, project: str) -> Iterator[PaletteEntry]:
    yield from _action(who, "view.save", "Save this view…", "save-view", {"project": project})
    for view in list_views(who, project):
        yield from _action(
            who, "view.delete", f"Delete view {view.name}", f"delete-view:{view.id}", {"view_id": view.id}
        )


def _removed(who: Who, project: str) -> Iterator[PaletteEntry]:
    asked = {"project": project_id(who, project), "limit": REMOVED}
    for dataset_id, name in fetch(_REMOVED, asked):
        one = {"dataset_id": dataset_id}
        yield from _action(who, "dataset.restore", f"Bring back {name}", f"restore:{dataset_id}", one)


def _people(who: Who) -> Iterator[PaletteEntry]:
    yield from _action(who, "session.close", "Sign out", "sign-out", {})
    for one in sessions(who):
        if not one.current:
            title = f"End the session from {one.address}, since {one.created_at:%d %b, %H:%M} UTC"
            yield from _action(who, "session.revoke", title, f"end-session:{one.id}", {"session_id": one.id})
    yield from _action(who, "person.invite", "Invite somebody…", "invite", {})
    if who.at_least("admin"):
        for user_id, name, role in fetch(_OTHERS, {"me": who.user_id, "limit": PEOPLE}):
            asked = {"user_id": user_id}
            yield from _action(who, "person.set_role", f"Change the role of {name}…", f"role:{user_id}", asked, role)


def _action(
    who: Who, name: str, title: str, entry: str, arguments: Mapping[str, Any], hint: str = ""
) -> Iterator[PaletteEntry]:
    action = registry.ACTIONS[name]
    if who.at_least(action.role):
        yield PaletteEntry(f"action:{entry}", title, "Actions", "action", name, hint, action.synonyms, dict(arguments))
