"""What pages read, remembered until the next event: a rerun of a quiet page costs no query.

Every change of state ends in an event, so the id of the newest event says whether a read is still true. Rights are part
of `who`, and a change of rights is an event too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.queries import (
    arrangements,
    cohorts,
    datasets,
    decisions,
    events,
    favourites,
    forecasts,
    inbox,
    mappings,
    notifications,
    palette,
    people,
    projects,
    reports,
    results,
    room,
    runs,
    several,
    surfaces,
    timeline,
    views,
)
from engine.queries import (
    contrast as contrasts,
)
from engine.queries.contrast import Contrast
from engine.types import (
    AnswerView,
    CohortView,
    Concluded,
    DatasetView,
    DecisionView,
    MappingView,
    NotificationView,
    PaletteEntry,
    PersonView,
    ProjectView,
    ReportView,
    RunView,
    SavedView,
    Scoreboard,
    SessionView,
    Since,
    SourceView,
    Who,
)
from pages.parts.newest import newest

Params = tuple[tuple[str, Any], ...]

MOST_POINTS = 100
"""Versions in a line of answers; it stays as quick to draw when a file has grown for days."""
MOVING_SECONDS = 5.0
"""While rows keep arriving, what would have to be concluded anew may be this old, and older while the next is
made beside the pages (`engine.queries.moving`); the default answer never is."""


def cursor() -> int:
    """The id of the newest event."""
    return events.cursor()


def project_of(who: Who, slug: str) -> ProjectView:
    """The project with this slug, else the one to begin with. Raises NotFound where there is none."""
    return _project(who, slug, cursor())


def projects_of(who: Who) -> list[ProjectView]:
    """Every project of this person."""
    return _projects(who, cursor())


def datasets_of(who: Who, project: str) -> list[DatasetView]:
    """The datasets of a project."""
    return _datasets(who, project, cursor())


def dataset_of(who: Who, dataset_id: int) -> DatasetView:
    """One dataset. Raises NotFound."""
    return datasets.get_dataset(who, dataset_id)


def refusals_of(who: Who, project: str) -> list[inbox.Refusal]:
    """What lies in the inbox of a project and was not taken."""
    return inbox.refusals(who, project)


def room_of(who: Who, project: str) -> room.RoomView:
    """What a project holds of what it may."""
    return _room(who, project, cursor())


def runs_of(who: Who, project: str) -> list[RunView]:
    """The newest runs of a project."""
    return _runs(who, project, cursor())


def active_runs_of(who: Who, project: str) -> dict[int, str]:
    """Runs of a project under way or waiting: their state by id."""
    return _active_runs(who, project, cursor())


def run_of(who: Who, run_id: int) -> RunView:
    """One run."""
    return runs.get_run(who, run_id)


def entries_of(who: Who, project: str) -> list[PaletteEntry]:
    """What the palette offers."""
    return _entries(who, project, cursor())


def preferences_of(who: Who) -> dict[str, str]:
    """The settings of this person."""
    return _preferences(who, cursor())


def notifications_of(who: Who, limit: int) -> tuple[list[NotificationView], int]:
    """What this person was told last, and how much in all they have not read."""
    return _notifications(who, limit, cursor())


def sessions_of(who: Who) -> list[SessionView]:
    """The open sessions of this person."""
    return people.sessions(who)


def people_of(who: Who) -> list[PersonView]:
    """Everybody with an account. Raises AccessDenied."""
    return people.list_people(who)


def has_password(who: Who) -> bool:
    """Whether this person signs in by a password, which can then be changed."""
    return bool(people.password_hash(who))


def history_of(who: Who, dataset_id: int) -> list[AnswerView]:
    """The answers of the last versions."""
    return _history(who, dataset_id, cursor())


def answer_of(who: Who, dataset_id: int) -> AnswerView | None:
    """The newest answer, where there is one."""
    return _answer(who, dataset_id, cursor())


def decisions_of(who: Who, project: str, limit: int, before: int | None) -> list[DecisionView]:
    """The newest decisions of a project, or those before one of them."""
    return _decisions(who, project, limit, before, cursor())


def decision_of(who: Who, decision_id: int) -> DecisionView:
    """One decision. Raises NotFound."""
    return decisions.get_decision(who, decision_id)


def favourites_of(who: Who, project: str) -> list[int]:
    """The datasets that this person wants at hand."""
    return _favourites(who, project, cursor())


def views_of(who: Who, project: str) -> list[SavedView]:
    """The views that this person saved."""
    return _views(who, project, cursor())


def arrangement_of(who: Who, project: str, page: str) -> dict[str, list[str]]:
    """How this person arranged the cards of a page."""
    return _arrangement(who, project, page, cursor())


def reports_of(who: Who, project: str, limit: int, before: int | None) -> list[ReportView]:
    """The newest reports of a project, or those before one of them."""
    return _reports(who, project, limit, before, cursor())


def report_of(who: Who, report_id: int) -> ReportView:
    """One report, as far as it is now."""
    return reports.get_report(who, report_id)


def cohorts_of(who: Who, dataset_id: int) -> list[CohortView]:
    """The cohorts of its project for which a dataset has the columns. Raises NotFound."""
    return _cohorts(who, dataset_id, cursor())


def cohorts_named(who: Who, project: str) -> list[CohortView]:
    """Every cohort of a project."""
    return cohorts.list_cohorts(who, project)


def mappings_of(who: Who, project: str) -> list[MappingView]:
    """What was saved of the columns of files."""
    return mappings.list_mappings(who, project)


def source_of(who: Who, dataset_id: int) -> SourceView:
    """The columns of a dataset's file. Raises NotFound."""
    return mappings.source(who, dataset_id)


def roles() -> Mapping[str, str]:
    """What a column may be, and what stands in it."""
    return mappings.roles()


def shared_roles() -> frozenset[str]:
    """The roles that several columns may have."""
    return mappings.shared_roles()


def since_decision(who: Who, decision_id: int) -> Since:
    """What became of the data that a decision rests on."""
    return _since(who, decision_id, cursor())


def scoreboard_of(who: Who, dataset_id: int) -> Scoreboard:
    """How kept forecasts did in the project of a dataset, and which of it wait. Raises NotFound."""
    return _scoreboard(who, dataset_id, cursor())


def together(who: Who, dataset_ids: tuple[int, ...], params: Params, analysis: str) -> Concluded:
    """The answer on several datasets, remembered for as long as nothing happens anywhere."""
    return _together(who, dataset_ids, params, analysis, cursor())


def conclusion(who: Who, dataset_id: int, version: int, params: Params, analysis: str) -> Concluded:
    """The answer of a version, remembered for as long as nothing happens anywhere; raises what `conclude` raises."""
    return _conclusion(who, dataset_id, version, params, analysis, cursor())


def contrast(who: Who, dataset_ids: tuple[int, ...], params: Params, analysis: str) -> Contrast:
    """A cohort beside the rest, remembered for as long as nothing happens anywhere; raises what `conclude` raises."""
    return _contrast(who, dataset_ids, params, analysis, cursor())


def timeline_shows(who: Who, dataset_id: int) -> list[str]:
    """The analyses whose answers a timeline of this dataset can show; none without a step or a time."""
    return _timeline_shows(who, dataset_id, cursor())


def timeline_ready(who: Who, dataset_id: int, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with everything named; raises what `timeline.prepared` raises."""
    return timeline.prepared(who, dataset_id, params)


@newest
def _timeline_shows(who: Who, dataset_id: int, _as_of: int) -> list[str]:
    return timeline.shown(who, dataset_id)


def choices_of(who: Who, dataset_id: int) -> surfaces.Choices:
    """Which parameters and metrics the trials of a dataset have."""
    return _trial_choices(who, dataset_id, cursor())


@newest
def _trial_choices(who: Who, dataset_id: int, _as_of: int) -> surfaces.Choices:
    return surfaces.choices(who, dataset_id)


@newest
def _project(who: Who, slug: str, as_of: int) -> ProjectView:
    known = {project.slug: project for project in _projects(who, as_of)}
    return known.get(slug) or projects.default_project(who)


@newest
def _projects(who: Who, _as_of: int) -> list[ProjectView]:
    return projects.list_projects(who)


@newest
def _room(who: Who, project: str, _as_of: int) -> room.RoomView:
    return room.room_of(who, project)


@newest
def _datasets(who: Who, project: str, _as_of: int) -> list[DatasetView]:
    return datasets.list_datasets(who, project)


@newest
def _runs(who: Who, project: str, _as_of: int) -> list[RunView]:
    return runs.list_runs(who, project)


@newest
def _active_runs(who: Who, project: str, _as_of: int) -> dict[int, str]:
    return runs.active(who, project)


@newest
def _entries(who: Who, project: str, _as_of: int) -> list[PaletteEntry]:
    return palette.entries(who, project)


@newest
def _preferences(who: Who, _as_of: int) -> dict[str, str]:
    return people.preferences(who)


@newest
def _notifications(who: Who, limit: int, _as_of: int) -> tuple[list[NotificationView], int]:
    return notifications.list_notifications(who, limit), notifications.unread(who)


@newest
def _history(who: Who, dataset_id: int, _as_of: int) -> list[AnswerView]:
    return datasets.history(who, dataset_id, limit=MOST_POINTS)


@newest
def _answer(who: Who, dataset_id: int, _as_of: int) -> AnswerView | None:
    return next(iter(datasets.history(who, dataset_id, limit=1)), None)


@newest
def _decisions(who: Who, project: str, limit: int, before: int | None, _as_of: int) -> list[DecisionView]:
    return decisions.list_decisions(who, project, limit, before)


@newest
def _favourites(who: Who, project: str, _as_of: int) -> list[int]:
    return favourites.list_favourites(who, project)


@newest
def _views(who: Who, project: str, _as_of: int) -> list[SavedView]:
    return views.list_views(who, project)


@newest
def _arrangement(who: Who, project: str, page: str, _as_of: int) -> dict[str, list[str]]:
    return arrangements.arrangement(who, project, page)


@newest
def _reports(who: Who, project: str, limit: int, before: int | None, _as_of: int) -> list[ReportView]:
    return reports.list_reports(who, project, limit, before)


@newest
def _since(who: Who, decision_id: int, _as_of: int) -> Since:
    return decisions.since(who, decision_id)


@newest
def _scoreboard(who: Who, dataset_id: int, _as_of: int) -> Scoreboard:
    return forecasts.scoreboard(who, dataset_id)


@newest
def _conclusion(who: Who, dataset_id: int, version: int, params: Params, analysis: str, _as_of: int) -> Concluded:
    return results.conclude(who, dataset_id, analysis, dict(params), version, rows=False, patience=MOVING_SECONDS)


@newest
def _together(who: Who, dataset_ids: tuple[int, ...], params: Params, analysis: str, _as_of: int) -> Concluded:
    return several.conclude(who, dataset_ids, analysis, dict(params), rows=False)


@newest
def _cohorts(who: Who, dataset_id: int, _as_of: int) -> list[CohortView]:
    return cohorts.fitting(who, dataset_id)


@newest
def _contrast(who: Who, dataset_ids: tuple[int, ...], params: Params, analysis: str, _as_of: int) -> Contrast:
    return contrasts.contrast(who, dataset_ids, analysis, dict(params))
