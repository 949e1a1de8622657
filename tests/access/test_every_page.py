"""Rules that hold for every page there is, found by their files (tests 1 and 18 of the catalogue)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from engine.settings import ROOT

PAGES = sorted(path for path in (ROOT / "pages").glob("*.py") if path.stem != "__init__")
ALL = sorted((ROOT / "pages").rglob("*.py"))
TELLING = {"exception", "format_exc", "print_exc", "format_exception", "print_exception"}


def test_there_are_pages() -> None:
    assert {"home", "people", "monitoring", "settings"} <= {path.stem for path in PAGES}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_nothing_runs_before_the_guard(path: Path) -> None:
    """A page reached around the router runs its own file only: what stands before the guard runs for anybody."""
    for statement in ast.parse(path.read_text()).body:
        if ast.unparse(statement) == "who = guard.enter()":
            return
        assert harmless(statement), f"{path.name}:{statement.lineno}"
    raise AssertionError(f"{path.name} has no guard")


def harmless(statement: ast.stmt) -> bool:
    """Whether a statement only names things: the docstring, an import, a definition, a constant."""
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef):
        return True
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return statement.value is None or not any(isinstance(node, ast.Call) for node in ast.walk(statement.value))
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_no_page_shows_what_went_wrong_inside(path: Path) -> None:
    """Errors nobody expected are left to `web.errors.script_failed`, which shows their id."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            assert node.attr not in TELLING, f"{path.name}:{node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            assert caught not in ("everything", "Exception", "BaseException"), f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_part_that_runs_by_itself_asks_who_is_there(path: Path) -> None:
    """A fragment that repeats runs without its page: nobody has looked whether the session still holds."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and any("run_every" in ast.unparse(one) for one in node.decorator_list):
            assert "guard.enter()" in ast.unparse(node), f"{path.name}:{node.lineno}"
