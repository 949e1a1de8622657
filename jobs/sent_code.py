"""The sources that travel to Ray's workers: the pure part of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from engine.settings import ROOT
from jobs.ray_worker import Code

PURE = tuple(f"engine/{name}.py" for name in ("__init__", "cohort", "downsample", "errors", "naming", "types", "words"))
PURE_FOLDERS = ("engine/analysis", "engine/formats")


@cache
def sent_code() -> Code:
    """Every module that observing may import."""
    return {_name(path): (path.read_text("utf-8"), path.name == "__init__.py") for path in _files()}


def _files() -> Iterator[Path]:
    yield from (ROOT / name for name in PURE)
    for folder in PURE_FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.py"))


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
