"""Reads of projects."""

from __future__ import annotations

from engine.errors import NotFound
from engine.store.engine import fetch
from engine.types import ProjectView, Who

_PROJECTS = """
SELECT p.id, p.slug, p.name, p.simulated,
       (SELECT count(*) FROM dataset d WHERE d.project_id = p.id AND d.removed_at IS NULL)
FROM project p ORDER BY p.simulated, p.id
"""


def list_projects(who: Who) -> list[ProjectView]:
    """The projects this person may see, real ones before simulated ones, with the number of datasets in each."""
    return [
        ProjectView(project_id, slug, name, bool(simulated), datasets)
        for project_id, slug, name, simulated, datasets in fetch(_PROJECTS)
        if who.sees(slug)
    ]


def default_project(who: Who) -> ProjectView:
    """Where somebody who names no project begins: a real one with data, else the simulated one, else an empty one."""
    projects = list_projects(who)
    if not projects:
        raise NotFound("You are not a member of any project yet. Ask an administrator.", code="no_project")
    with_data = [project for project in projects if project.datasets]
    return (with_data or projects)[0]


def demo_playing() -> bool:
    """*System.* Whether the simulator should be feeding the simulated project."""
    return any(bool(playing) for (playing,) in fetch("SELECT playing FROM project WHERE simulated"))
