"""Text that no database can hold is refused by name, on the way in and in a question, and the store goes on."""

from __future__ import annotations

import pytest

from engine.errors import UsageError
from engine.store.engine import fetch
from engine.store.tables import Project
from engine.store.transaction import transaction
from tests.store.fixtures import Installation

HALF = "half \ud800 a character"


def test_half_a_character_is_refused_and_nothing_is_saved(installation: Installation) -> None:
    for _ in range(3):
        with pytest.raises(UsageError, match="half a character"), transaction() as tx:
            tx.session.add(Project(slug="p", name=HALF))
        with pytest.raises(UsageError, match="half a character"):
            fetch("SELECT name FROM project WHERE name = :name", {"name": HALF})
    assert fetch("SELECT count(*) FROM project WHERE slug = 'p'")[0][0] == 0
