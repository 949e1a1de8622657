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
from engine.actions import demo
from engine.errors import AccessDenied, NotFound
from engine.types import ROLES, Role, Who
from tests.access.matrix import public_functions
from tests.store.fixtures import Installation
from tests.store.people import person, upload

SYSTEM = {
    "actions.archives": {"fitted", "spread"},
    "actions.arrangements": set(),
    "actions.channels": {"due", "failed", "sent"},
    "actions.cohorts": set(),
    "actions.concerned": {"people", "told_of"},
    "actions.datasets": {"add", "checked_mapping", "followed", "free_name", "receive_inbox"},
    "actions.decisions": {"grounded_by"},
    "actions.demo": {"set_playing"},
    "actions.favourites": set(),
    "actions.forecasts": {"made_by", "record"},
    "actions.identities": {"arrive"},
    "actions.inbox": {"refuse"},
    "actions.maintenance": {
        "prune",
        "prune_events",
        "prune_forecasts",
        "prune_reports",
        "prune_runs",
        "prune_segments",
        "prune_versions",
    },
    "actions.mappings": set(),
    "actions.merging": {"merged"},
    "actions.memberships": set(),
    "actions.notifications": {"plain", "prune", "tell"},
    "actions.passwords": {"put", "redeem"},
    "actions.people": {"add", "create_first_link", "credentials", "open_session", "record_failure", "redeem_link"},
    "actions.projects": {"ensure"},
    "actions.queue": {"cancel_work", "enqueue", "observe_once", "publish_dataset", "publish_run", "work_key"},
    "actions.reports": {"finish"},
    "actions.rows": {"prune", "recover", "whole_lines"},
    "actions.runs": set(),
    "actions.shares": {"made_by"},
    "actions.services": {"forget", "my_instance", "say"},
    "actions.tokens": set(),
    "actions.uptime": {"record"},
    "actions.versions": {"add_version", "lock_head", "replace_segments", "set_follow", "to_compact"},
    "actions.views": set(),
    "actions.work": {
        "beat",
        "claim",
        "describe",
        "fail",
        "fenced",
        "finish",
        "forget_progress",
        "give_back",
        "progress",
        "publish_partial",
        "requeue_lost",
    },
    "queries.arrangements": set(),
    "queries.audit": set(),
    "queries.belonging": set(),
    "queries.browsing": set(),
    "queries.cache": set(),
    "queries.channels": set(),
    "queries.cohorts": set(),
    "queries.contrast": set(),
    "queries.datasets": {"version_of"},
    "queries.decisions": {"frozen"},
    "queries.events": {"after", "cursor", "hold", "oldest"},
    "queries.favourites": set(),
    "queries.forecasts": {"due", "ratio"},
    "queries.health": {"ago", "health", "milliseconds", "percent", "size"},
    "queries.inbox": set(),
    "queries.kept": {"answer", "keep", "names"},
    "queries.mappings": {"kept", "roles", "shared_roles"},
    "queries.monitoring": {"forget", "newest_answered", "sample", "samples", "scraped_by_secret"},
    "queries.moving": set(),
    "queries.notifications": set(),
    "queries.palette": set(),
    "queries.people": {"link_person", "link_role"},
    "queries.presence": set(),
    "queries.projects": {"demo_playing"},
    "queries.reports": {"asked_of"},
    "queries.results": {
        "answer_of",
        "answered",
        "check_rows",
        "every_parameter",
        "find_analysis",
        "found_params",
        "others_of",
        "summary",
        "with_evidence",
        "with_worst",
    },
    "queries.room": set(),
    "queries.runs": set(),
    "queries.segments": {"count_rows", "hashes_of", "plain", "rows_by_hash"},
    "queries.several": {"answered"},
    "queries.shares": set(),
    "queries.states": {"folded", "observed"},
    "queries.streams": set(),
    "queries.surfaces": set(),
    "queries.timeline": set(),
    "queries.tokens": set(),
    "queries.uptime": {"budget"},
    "queries.views": {"default_view"},
}
"""What only the launcher, foreman, runner, gate and other actions call. Everything else takes `who` first: a new name
here is a hole unless a person says why not.
"""


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
    """By the text of the modules: no trick at run time hides a function."""
    system: dict[str, set[str]] = {module: set() for module in SYSTEM}
    for package in ("actions", "queries"):
        for function, first in public_functions(package):
            if first != "who":
                module, _, name = function.rpartition(".")
                system.setdefault(module, set()).add(name)
    assert system == SYSTEM


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
    assert missing == {"receive_upload", "may_receive", "append", "change"}


def test_arguments_are_those_of_the_functions() -> None:
    for action in registry.ACTIONS.values():
        parameters = list(inspect.signature(action.function).parameters.values())[1:]
        assert [argument.name for argument in action.arguments] == [parameter.name for parameter in parameters]
        assert [argument.required for argument in action.arguments] == [
            parameter.default is inspect.Parameter.empty for parameter in parameters
        ]


@pytest.mark.parametrize("everywhere", ROLES)
@pytest.mark.parametrize("here", [None, *ROLES[1:]])
@pytest.mark.parametrize("needed", ROLES)
def test_the_greater_role_counts(everywhere: Role, here: Role | None, needed: Role) -> None:
    who = Who(1, "ann", everywhere, roles={"main": here} if here else {})
    greater = max(ROLES.index(everywhere), ROLES.index(here or "member"))
    if greater >= ROLES.index(needed):
        require(who, "main", needed)
    else:
        with pytest.raises(NotFound if greater == 0 else AccessDenied):
            require(who, "main", needed)
    for place in ("elsewhere", None):
        if ROLES.index(everywhere) >= ROLES.index(needed):
            require(who, place, needed)
        else:
            with pytest.raises(NotFound if place and everywhere == "member" else AccessDenied):
                require(who, place, needed)


def test_uploads_need_an_analyst(installation: Installation) -> None:
    with pytest.raises(AccessDenied):
        upload(person("bob", "viewer"))
    assert list(installation.settings.blobs.iterdir()) == []


def test_viewers_can_stop_nothing(installation: Installation) -> None:
    demo.set_playing(True)
    with pytest.raises(AccessDenied):
        demo.stop(person("bob", "viewer"))
