"""Slice columns: how many values of one are kept apart, and what is said of one that is not there."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from engine.errors import NotFound

SLICE_VALUES = 100
"""Most values of a slice column; a column with more is not kept apart."""


def check_slice(
    column: str, value: str, columns: Mapping[str, Collection[str]], untracked: Collection[str] = ()
) -> None:
    """Raises NotFound for a column or value that the data do not have, or too many values of it to keep apart."""
    if column in untracked:
        raise NotFound(f"Slice column {column!r} has more than {SLICE_VALUES} values; they are not kept apart.")
    if column not in columns:
        raise NotFound(f"There is no slice column {column!r}; known are {', '.join(columns) or 'none'}.")
    if value not in columns[column]:
        raise NotFound(f"Slice column {column!r} has no value {value!r}.")
