"""Helpers of these tests: read bytes, look at rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.formats import Report, read_table


def taken(
    data: bytes, mapping: Mapping[str, str] | None = None, name: str = "file"
) -> tuple[list[dict[str, Any]], Report]:
    """The canonical rows as dicts, with the report."""
    table, report = read_table(data, name, mapping)
    return table.to_pylist(), report


def csv(*lines: str) -> bytes:
    """Lines as a file."""
    return "".join(f"{line}\n" for line in lines).encode()
