"""Text is data: no text reaches the database as SQL, and none breaks a page."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import engine
from engine.actions import datasets, people, views
from engine.errors import NotFound, UsageError
from engine.queries import datasets as dataset_queries
from engine.queries import palette, projects
from engine.queries import people as people_queries
from engine.queries import views as view_queries
from engine.store.engine import fetch
from engine.types import Who
from tests.store.fixtures import Installation
from tests.store.people import person, upload

KNOWN = [
    "'", "''", '"', ";", "--", "/*", "\\", "%", "_", "' OR '1'='1", "' OR 1=1 --", '" OR ""="', "1; DROP TABLE user",
    "'; DELETE FROM run; --", "' UNION SELECT password_hash FROM user --", "admin'--", ") OR (1=1", "%27", "0x27",
    "main' AND (SELECT count(*) FROM user) > 0 --", ":id", ":project", "%(id)s", "{0}", "$1", "?", "\x00", "\ud800",
    "\u202egnp.exe", "\u200b", "a" * 10_000, "NULL", "1e400", "⁣", "'||(SELECT sqlite_version())||'",
]  # fmt: skip
TEXT = st.one_of(st.sampled_from(KNOWN), st.text(max_size=200))
ONE_STORE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ONE_STORE
@given(text=TEXT)
def test_text_comes_back_as_text(installation: Installation, text: str) -> None:
    who = someone()
    rows = fetch("SELECT count(*) FROM project")
    dataset = upload(who).dataset_id
    for act in (
        lambda: datasets.rename(who, dataset, text),
        lambda: datasets.set_mapping(who, dataset, {"margin": text}),
        lambda: views.save(who, "main", text, "calibration", text),
        lambda: people.set_preference(who, "note", text),
        lambda: people.record_failure(text, text),
        lambda: people.credentials(text, text),
    ):
        try:
            act()
        except UsageError:
            continue
    assert len(dataset_queries.list_datasets(who, "main")) == 1
    assert palette.entries(who, "main")
    assert people_queries.preferences(who).keys() <= {"note"}
    assert fetch("SELECT count(*) FROM project") == rows


def someone() -> Who:
    """The one person of this store."""
    found = fetch('SELECT id, name, role FROM "user"')
    return Who(*found[0]) if found else person()


@ONE_STORE
@given(text=TEXT.filter(lambda text: text not in ("main", "")))
def test_a_project_that_is_not_there_is_not_found(installation: Installation, text: str) -> None:
    who = someone()
    for ask in (dataset_queries.list_datasets, view_queries.list_views, palette.entries):
        with pytest.raises(NotFound):
            ask(who, text)
    with pytest.raises(UsageError):
        datasets.receive_inbox(f"../{text}", "a.jsonl", installation.settings.inbox / "a.jsonl", 1)
    assert [project.slug for project in projects.list_projects(who)] == ["main"]


def test_sql_is_never_built_from_values() -> None:
    """No f-string, format or % makes SQL: what is handed to the database is a constant."""
    for path in sorted(Path(engine.__file__).parent.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(call, ast.Call)
                and called(call) in {"text", "fetch", "exec_driver_sql", "execute"}
                and call.args
            ):
                assert not isinstance(call.args[0], ast.JoinedStr | ast.BinOp | ast.Call) or harmless(call.args[0]), (
                    path
                )


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def harmless(argument: ast.expr) -> bool:
    """A statement object, or text() itself, which is looked at on its own."""
    return isinstance(argument, ast.Call) and called(argument) not in {"format", "join", "replace"}
