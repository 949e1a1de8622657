"""The whole surface of queries and actions, found by reflection: who comes first, and what each role may do."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine import actions, queries, registry
from engine.access.roles import require
from engine.actions import demo, runs
from engine.errors import AccessDenied, PlumblineError
from engine.types import ROLES, Role, Who
from tests.store.fixtures import Installation
from tests.store.people import person, read, upload

SYSTEM = {
    "actions.datasets": {"receive_inbox"},
    "actions.demo": {"set_playing"},
    "actions.inbox": {"refuse"},
    "actions.maintenance": {"prune", "prune_events", "prune_versions"},
    "actions.people": {"create_first_link", "credentials", "open_session", "record_failure", "redeem_link"},
    "actions.projects": {"ensure"},
    "actions.queue": {"cancel_work", "enqueue", "observe_once", "publish_dataset", "publish_run", "work_key"},
    "actions.reports": {"merged"},
    "actions.runs": set(),
    "actions.versions": {"add_version", "head", "head_manifest", "replace_segments", "to_compact"},
    "actions.views": set(),
    "actions.work": {"beat", "claim", "fail", "finish", "progress", "requeue_lost"},
    "queries.cache": set(),
    "queries.datasets": {"version_of"},
    "queries.events": {"after", "cursor", "oldest"},
    "queries.inbox": set(),
    "queries.palette": set(),
    "queries.people": {"link_role"},
    "queries.projects": {"demo_playing"},
    "queries.results": {"answer_of", "find_analysis", "found_params", "summary"},
    "queries.runs": set(),
    "queries.segments": {"count_rows", "rows_by_hash"},
    "queries.states": {"folded", "observed"},
    "queries.views": set(),
}
"""What only the launcher, foreman, runner, gate and other actions call. Everything else takes `who` first."""

LEAST_ROLE: dict[str, Role] = {
    "dataset.rename": "analyst",
    "dataset.remove": "analyst",
    "dataset.restore": "analyst",
    "dataset.set_mapping": "analyst",
    "run.request": "analyst",
    "run.cancel": "analyst",
    "run.retry": "analyst",
    "view.save": "viewer",
    "view.delete": "viewer",
    "demo.play": "analyst",
    "demo.stop": "analyst",
    "preference.set": "viewer",
    "session.close": "viewer",
    "session.revoke": "viewer",
    "person.invite": "admin",
    "person.set_role": "admin",
}


def surface() -> Iterator[tuple[str, str, Callable[..., Any]]]:
    for package in (actions, queries):
        for found in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            short = module.__name__.removeprefix("engine.")
            for name, function in vars(module).items():
                own = inspect.isfunction(function) and function.__module__ == module.__name__
                if own and not name.startswith("_"):
                    yield short, name, function


def test_everything_asks_who() -> None:
    system = {
        (module, name)
        for module, name, function in surface()
        if next(iter(inspect.signature(function).parameters), "") != "who"
    }
    assert system == {(module, name) for module, names in SYSTEM.items() for name in names}


def test_every_function_that_asks_who_wants_a_who() -> None:
    for module, name, function in surface():
        parameter = inspect.signature(function).parameters.get("who")
        if parameter is not None and name not in SYSTEM[module]:
            assert parameter.annotation in (Who, "Who"), (module, name)


def test_the_registry_is_complete() -> None:
    """An action that takes `who` is in the registry, except what needs a file or makes no change."""
    registered = {action.function for action in registry.ACTIONS.values()}
    missing = {
        name
        for module, name, function in surface()
        if module.startswith("actions.") and name not in SYSTEM[module] and function not in registered
    }
    assert missing == {"receive_upload"}


def test_arguments_are_those_of_the_functions() -> None:
    for action in registry.ACTIONS.values():
        parameters = list(inspect.signature(action.function).parameters.values())[1:]
        assert [argument.name for argument in action.arguments] == [parameter.name for parameter in parameters]
        assert [argument.required for argument in action.arguments] == [
            parameter.default is inspect.Parameter.empty for parameter in parameters
        ]


def test_the_role_table_is_whole() -> None:
    assert {name: action.role for name, action in registry.ACTIONS.items()} == LEAST_ROLE


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("needed", ROLES)
def test_roles_are_ordered(role: Role, needed: Role) -> None:
    who = Who(1, "ann", role)
    if ROLES.index(role) >= ROLES.index(needed):
        require(who, "main", needed)
    else:
        with pytest.raises(AccessDenied, match=needed):
            require(who, "main", needed)


def arguments_for(owner: Who, other: Who) -> dict[str, dict[str, Any]]:
    """Arguments with which each action would succeed for whoever may."""
    read(runs.claim("worker") if upload(owner, "a").run_id else None)
    dataset = upload(owner, "b", "other.jsonl").dataset_id
    failing = runs.claim("worker")
    assert failing is not None
    runs.fail(failing, {"code": "broken", "message": "Broken."})
    waiting = upload(owner, "c", "third.jsonl").run_id
    return {
        "dataset.rename": {"dataset_id": dataset, "name": "new"},
        "dataset.remove": {"dataset_id": dataset},
        "dataset.restore": {"dataset_id": dataset},
        "dataset.set_mapping": {"dataset_id": dataset, "mapping": {"margin": "m"}},
        "run.request": {"dataset_id": dataset, "kind": "read"},
        "run.cancel": {"run_id": waiting},
        "run.retry": {"run_id": failing.run_id},
        "view.save": {"project": "main", "name": "mine", "page": "calibration", "query": "bins=10"},
        "view.delete": {"view_id": 0},
        "demo.play": {},
        "demo.stop": {},
        "preference.set": {"key": "theme", "value": "dark"},
        "session.close": {},
        "session.revoke": {"session_id": 0},
        "person.invite": {"role": "viewer"},
        "person.set_role": {"user_id": other.user_id, "role": "operator"},
    }


def calls_directly(who: Who, name: str, given: dict[str, Any]) -> None:
    registry.ACTIONS[name].function(who, **given)


@pytest.mark.parametrize("door", [registry.run, calls_directly])
@pytest.mark.parametrize("name", LEAST_ROLE)
def test_role_matrix(installation: Installation, name: str, door: Callable[..., Any]) -> None:
    """Each action by each role, through the registry and past it."""
    admin, other = person("ann"), person("bob", "viewer")
    given = arguments_for(admin, other)[name]
    for role in ROLES:
        who = person(role, role)
        own = dict(given)
        if name == "view.delete":
            own = {"view_id": registry.run(who, "view.save", arguments_view())}
        if name == "session.revoke":
            own = {"session_id": int(who.session)}
        if ROLES.index(role) < ROLES.index(LEAST_ROLE[name]):
            with pytest.raises(AccessDenied):
                door(who, name, own)
        else:
            door_opens(door, who, name, own)


def arguments_view() -> dict[str, str]:
    return {"project": "main", "name": "mine", "page": "calibration", "query": ""}


def door_opens(door: Callable[..., Any], who: Who, name: str, own: dict[str, Any]) -> None:
    """It is allowed; what an earlier role already did may make it a conflict, never a refusal."""
    try:
        door(who, name, own)
    except AccessDenied:
        raise
    except PlumblineError as error:
        assert error.http_status in (404, 409)  # noqa: PT017 - both outcomes are fine here


def test_uploads_need_an_analyst(installation: Installation) -> None:
    with pytest.raises(AccessDenied):
        upload(person("bob", "viewer"))
    assert list(installation.settings.blobs.iterdir()) == []


def test_viewers_can_stop_nothing(installation: Installation) -> None:
    demo.set_playing(True)
    with pytest.raises(AccessDenied):
        demo.stop(person("bob", "viewer"))
