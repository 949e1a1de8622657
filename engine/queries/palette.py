"""What the palette offers somebody now: pages, datasets, saved views, actions that make sense. No dead entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from engine import registry
from engine.access.visible import from_json, project_id
from engine.actions import demo
from engine.cohort import spoken
from engine.queries import monitoring, runs
from engine.queries.cohorts import list_cohorts
from engine.queries.datasets import list_datasets
from engine.queries.decisions import list_decisions
from engine.queries.mappings import list_mappings
from engine.queries.people import list_people, preferences, sessions
from engine.queries.projects import demo_playing, list_projects
from engine.queries.tokens import list_tokens
from engine.queries.views import default_view, list_views
from engine.store.engine import fetch
from engine.types import DatasetView, PaletteEntry, PersonView, Who
from engine.words import amount

PAGES = (
    ("home", "Home", ("start", "overview", "answer"), "g h"),
    ("calibration", "Calibration", ("reliability", "ece", "trust", "reward model", "over-confident"), "g c"),
    ("judge", "Judges", ("llm as a judge", "verdicts", "kappa", "position bias", "ppi", "win rate"), "g u"),
    ("audit", "Audit", ("length bias", "style", "shortcut", "ruler", "degenerate subsets"), "g l"),
    ("whatif", "What if", ("threshold", "temperature", "automate", "abstain", "selective", "scenario"), "g y"),
    ("compare", "Compare", ("ship", "checkpoint", "paired", "mcnemar", "significance", "labels needed"), "g v"),
    ("ranking", "Ranking", ("bradley-terry", "elo", "arena", "leaderboard", "battles", "ship", "win rate"), "g k"),
    ("agreement", "Agreement", ("annotators", "raters", "krippendorff", "kappa", "fleiss", "workers", "desk"), "g a"),
    ("bestofn", "Best of n", ("best-of-n", "rejection sampling", "reranking", "goodhart"), "g b"),
    ("drift", "Drift", ("shift", "psi", "ks test", "moved", "change point", "composition", "distribution"), "g f"),
    (
        "monitor",
        "Alarms",
        ("drift", "cusum", "page-hinkley", "martingale", "change point", "false alarms", "e-process"),
        "g n",
    ),
    ("timeline", "Timeline", ("play", "animation", "over time", "frames", "per day", "per step", "drift"), "g i"),
    ("curves", "Training curves", ("stop", "reward curve", "loss", "training log", "runs", "seeds"), "g t"),
    (
        "overoptimisation",
        "Over-optimisation",
        ("stop", "kl budget", "goodhart", "reward hacking", "gold reward"),
        "g o",
    ),
    (
        "hackwatch",
        "Hack watch",
        ("reward hacking", "onset", "goodhart", "proxy gold gap", "stop", "entropy collapse"),
        "g w",
    ),
    ("forecast", "Forecast", ("predict", "extrapolate", "plateau", "when", "threshold", "backtest", "crps"), "g e"),
    ("rollouts", "Rollouts", ("completions", "responses", "samples", "answers", "tokens", "grpo", "browse"), "g q"),
    ("tradeoff", "KL trade-off", ("beta", "kl coefficient", "kl penalty", "checkpoint", "what if"), "g x"),
    ("sweep", "Sweep", ("hyperparameters", "trials", "grid search", "tune", "best run", "compare runs"), "g z"),
    ("surface", "Surface", ("3d", "hyperparameters", "response surface", "tune", "learning rate", "contour"), "g g"),
    ("journal", "Journal", ("decisions", "because", "sign off", "log", "why", "record", "evidence"), "g j"),
    ("datasets", "Datasets", ("files", "upload", "data", "import", "drop"), "g d"),
    ("runs", "Runs", ("jobs", "queue", "progress", "history"), "g r"),
    ("settings", "Settings", ("preferences", "theme", "density", "account", "sessions", "tokens", "password"), "g s"),
)
OVERSIGHT = ("people", "People", ("accounts", "roles", "members", "users", "audit", "tokens", "sessions"), "g p")
"""The page for those who look after others."""
SECTIONS = (
    ("Projects", "Projects and members", ("team", "roles", "share", "access")),
    ("Audit", "Audit", ("log", "history", "who did what", "compliance", "export")),
)
"""Its parts that somebody may look for by name."""
WATCH = ("monitoring", "Monitoring", ("health", "status", "uptime", "processes", "metrics", "queue", "disk"), "g m")
"""The page for those who run the installation."""
THEMES = {"light": "Light theme", "dark": "Dark theme", "system": "Theme of the system"}
DENSITIES = {"comfortable": "Comfortable density", "compact": "Compact density"}
MOST_DATASETS = 200
"""Datasets that are offered, those changed last; the page Datasets has them all."""
ACTIVE_RUNS = 20
REMOVED = 10
DECISIONS = 10
MAPPINGS = 10
PEOPLE = 20
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
        return [*_pages(who, ""), *_preferences(who), *_account(who), *_projects(who, ""), *_people(who, "")]
    datasets = list_datasets(who, project)[:MOST_DATASETS]
    return [
        *_pages(who, project),
        *(_dataset(dataset) for dataset in datasets),
        *_views(who, project),
        *_view_actions(who, project),
        *_cohorts(who, project),
        *_decisions(who, project),
        *_mappings(who, project),
        *_dataset_actions(who, project, datasets),
        *_run_actions(who, project),
        *_preferences(who),
        *_demo(who),
        *_removed(who, project),
        *_account(who),
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
    return PaletteEntry(f"dataset:{dataset_id}", name, "Datasets", "link", target, hint, tuple(filter(None, synonyms)))


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
            hint = "simulated" if project.simulated else ""
            target = f"home?project={project.slug}"
            yield PaletteEntry(f"project:{project.slug}", project.name, "Projects", "link", target, hint, ("switch",))


# ------------------------------------------------------------------ actions


def _dataset_actions(who: Who, project: str, datasets: list[DatasetView]) -> Iterator[PaletteEntry]:
    may = frozenset(name for name in _ON_DATASETS if who.at_least(registry.ACTIONS[name].role, project))
    keeps = who.at_least(registry.ACTIONS["forecast.keep"].role, project)
    for dataset in datasets:
        yield from _actions_on(dataset.id, dataset.name, may)
        if keeps and dataset.version and "forecast" in dataset.analyses:
            title, one = f"Keep a forecast of {dataset.name}", {"dataset_id": dataset.id}
            yield _offer("forecast.keep", title, f"forecast:{dataset.id}", one)


@lru_cache(10 * MOST_DATASETS)
def _actions_on(dataset_id: int, name: str, may: frozenset[str]) -> tuple[PaletteEntry, ...]:
    """What somebody who may do this can do with a dataset; the same for as long as it keeps its name."""
    return tuple(
        _offer(action, title.format(name), f"{entry}:{dataset_id}", {"dataset_id": dataset_id, **given})
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
            yield from _action(who, project, "decision.withdraw", title, f"withdraw:{one.id}", arguments)


def _mappings(who: Who, project: str) -> Iterator[PaletteEntry]:
    asked = {"project": project_id(who, project), "limit": MAPPINGS}
    for dataset_id, name, mapping in fetch(_MAPPED, asked):
        given = {"dataset_id": dataset_id, "mapping": from_json(mapping)}
        title = f"Use the columns of {name} for the next files…"
        yield from _action(who, project, "mapping.save", title, f"save-mapping:{dataset_id}", given)
    for one in list_mappings(who, project)[:MAPPINGS]:
        named, arguments = f"the saved columns {one.name}", {"mapping_id": one.id}
        yield from _action(who, project, "mapping.rename", f"Rename {named}…", f"rename-mapping:{one.id}", arguments)
        yield from _action(who, project, "mapping.delete", f"Forget {named}", f"delete-mapping:{one.id}", arguments)


def _run_actions(who: Who, project: str) -> Iterator[PaletteEntry]:
    for run in runs.to_act_on(who, project, ACTIVE_RUNS):
        about = f"run {run.id} of {run.dataset}" if run.dataset else f"run {run.id}"
        one = {"run_id": run.id}
        if run.state in ("queued", "running"):
            yield from _action(who, project, "run.cancel", f"Cancel {about}", f"cancel:{run.id}", one, run.stage)
        else:
            yield from _action(who, project, "run.retry", f"Try {about} again", f"retry:{run.id}", one, run.state)


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
    yield from _action(who, project, "view.save", "Save this view…", "save-view", {"project": project})
    chosen = preferences(who)
    for key, value in chosen.items():
        if value and key.startswith(default_view("")):
            page = key.removeprefix(default_view(""))
            title, given = f"Open {page} as usual, without a view", {"key": key, "value": ""}
            yield from _action(who, "", "preference.set", title, f"open-plain:{page}", given)
    for view in list_views(who, project):
        one = {"view_id": view.id}
        yield from _action(who, project, "view.rename", f"Rename view {view.name}…", f"rename-view:{view.id}", one)
        opens = {"key": default_view(view.page), "value": str(view.id)}
        if chosen.get(opens["key"]) != opens["value"] and view.query:
            title = f"Open {view.page} with view {view.name}"
            yield from _action(who, "", "preference.set", title, f"open-with:{view.id}", opens)
        yield from _action(who, project, "view.delete", f"Delete view {view.name}", f"delete-view:{view.id}", one)


def _cohorts(who: Who, project: str) -> Iterator[PaletteEntry]:
    """Looking at a cohort alone; a new one is named where its rows are seen, on a figure."""
    known = list_cohorts(who, project)
    for one in known:
        hint, target = spoken(one.where), f"?{urlencode({'where': one.where})}"
        yield PaletteEntry(f"cohort:{one.id}", f"Only {one.name}", "Cohorts", "link", target, hint, ("cohort", "rows"))
    yield from _action(who, project, "cohort.save", "Name a cohort…", "save-cohort", {"project": project})
    for one in known[:COHORTS]:
        named, given = f"cohort {one.name}", {"cohort_id": one.id}
        yield from _action(who, project, "cohort.rename", f"Rename {named}…", f"rename-cohort:{one.id}", given)
        yield from _action(who, project, "cohort.delete", f"Delete {named}", f"delete-cohort:{one.id}", given)


def _removed(who: Who, project: str) -> Iterator[PaletteEntry]:
    asked = {"project": project_id(who, project), "limit": REMOVED}
    for dataset_id, name in fetch(_REMOVED, asked):
        one = {"dataset_id": dataset_id}
        yield from _action(who, project, "dataset.restore", f"Bring back {name}", f"restore:{dataset_id}", one)


def _account(who: Who) -> Iterator[PaletteEntry]:
    yield from _action(who, "", "session.close", "Sign out", "sign-out", {})
    others = [one for one in sessions(who) if not one.current]
    for one in others:
        title = f"End the session from {one.address}, since {one.created_at:%d %b, %H:%M} UTC"
        yield from _action(who, "", "session.revoke", title, f"end-session:{one.id}", {"session_id": one.id})
    if others:
        own = {"user_id": who.user_id}
        yield from _action(who, "", "session.end_all", "Sign out everywhere else", "end-sessions", own)
    yield from _action(who, "", "token.create", "Make an API token…", "new-token", {})
    for token in list_tokens(who):
        title = f"Revoke the API token {token.name}"
        yield from _action(who, "", "token.revoke", title, f"end-token:{token.id}", {"token_id": token.id}, token.scope)


def _project_actions(who: Who, project: str) -> Iterator[PaletteEntry]:
    one = {"project": project}
    yield from _action(who, project, "project.rename", "Rename this project…", "rename-project", one)
    yield from _action(who, project, "project.create", "Make a project…", "new-project", {})


def _people(who: Who, project: str) -> Iterator[PaletteEntry]:
    yield from _action(who, "", "person.invite", "Invite somebody…", "invite", {})
    if not who.at_least("admin") and not any(who.at_least("admin", slug) for slug in who.roles):
        return
    for person in [one for one in list_people(who) if one.id != who.user_id][:PEOPLE]:
        yield from _person(who, project, person)


def _person(who: Who, project: str, person: PersonView) -> Iterator[PaletteEntry]:
    one, name, number = {"user_id": person.id}, person.name, person.id
    here = {**one, "project": project}
    yield from _action(who, "", "person.set_role", f"Change the role of {name}…", f"role:{number}", one, person.role)
    yield from _action(who, "", "person.rename", f"Rename {name}…", f"rename-person:{number}", one)
    if person.disabled_at is None:
        yield from _action(who, "", "person.disable", f"Disable the account of {name}…", f"disable:{number}", one)
        yield from _action(who, "", "person.reset_password", f"New password for {name}", f"password:{number}", one)
    else:
        yield from _action(who, "", "person.enable", f"Enable the account of {name}", f"enable:{number}", one)
    if person.sessions and who.at_least("admin"):
        yield from _action(who, "", "session.end_all", f"End all sessions of {name}", f"end-sessions:{number}", one)
    if project:
        known = project in person.memberships
        joins = f"Change the role of {name} in this project…" if known else f"Add {name} to this project…"
        yield from _action(who, project, "membership.set", joins, f"join:{number}", here)
    if project in person.memberships:
        title = f"Take {name} out of this project"
        yield from _action(who, project, "membership.remove", title, f"part:{number}", here)


def _action(
    who: Who, project: str, name: str, title: str, entry: str, arguments: Mapping[str, Any], hint: str = ""
) -> Iterator[PaletteEntry]:
    action = registry.ACTIONS[name]
    if who.at_least(action.role, project if action.where == "project" else None):
        yield _offer(name, title, entry, arguments, hint)


def _offer(name: str, title: str, entry: str, arguments: Mapping[str, Any], hint: str = "") -> PaletteEntry:
    synonyms = registry.ACTIONS[name].synonyms
    return PaletteEntry(f"action:{entry}", title, "Actions", "action", name, hint, synonyms, dict(arguments))
