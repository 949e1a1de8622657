"""The written table of rights, cell by cell, and that no action and no read is missing from it."""

from __future__ import annotations

import pytest

from engine import registry
from engine.types import ROLES
from tests.access.matrix import TABLE, differences, public_functions, read_table, write_table
from tests.access.matrix_calls import CALLS, every_cell
from tests.store.fixtures import Installation


def row(name: str) -> str:
    """What a row is about, without the part that says on whose thing it is tried."""
    return name.partition(",")[0]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_every_cell_is_as_written(installation: Installation) -> None:
    found = every_cell()
    assert differences(read_table(TABLE.read_text()), found) == []
    assert len(found) == len(CALLS) * 18


def test_every_action_and_every_read_has_a_row() -> None:
    registered = {
        f"{action.function.__module__.removeprefix('engine.')}.{action.function.__name__}"
        for action in registry.ACTIONS.values()
    }
    asking = {
        function
        for package in ("actions", "queries")
        for function, first in public_functions(package)
        if first == "who" and function not in registered
    }
    assert {row(name) for name in CALLS} == set(registry.ACTIONS) | asking


def test_the_registry_says_the_same() -> None:
    """The least role of an action, and where it is needed, is what the table shows of people without memberships."""
    written = read_table(TABLE.read_text())
    for name, action in registry.ACTIONS.items():
        may = [role for role in ROLES if written[name, f"{role} everywhere"] == "yes"]
        assert may == list(ROLES[ROLES.index(action.role) :]), name
        if action.where == "installation":
            assert written[name, "admin here"] == "no", name


def test_the_table_is_read_as_it_is_written() -> None:
    cells = {("one", "ann"): "yes", ("one", "bob"): "no", ("two", "ann"): "hidden", ("two", "bob"): "none"}
    assert read_table(write_table(cells)) == cells
    assert differences(cells, {**cells, ("two", "bob"): "yes"}) == ["two, bob: written none, found yes"]
    assert differences({}, {("one", "ann"): "yes"}) == ["one, ann: written (not), found yes"]
