"""The sources that travel to Ray's workers import nothing of ours that does not travel with them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from jobs.sent_code import sent_code

OURS = ("engine", "jobs", "pages", "web")


def imported(source: str) -> Iterator[tuple[str, str]]:
    """Modules that a source imports, each with the name that is taken from it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


def test_what_is_sent_needs_nothing_that_is_not():
    code = sent_code()
    missing = {
        (name, f"{module}.{part}")
        for name, (source, _) in code.items()
        for module, part in imported(source)
        if module.partition(".")[0] in OURS
        and (module not in code or (f"{module}.{part}" not in code and code[module][1] and part not in code[module][0]))
    }
    lazily = {("engine", "engine.standalone.analyse")}
    assert missing <= lazily, missing
    assert len(code) > 100
