"""Readers: bytes in, canonical rows out, or a named error. Pure: no network, no store, nothing executed from a file."""

from engine.formats.canonical import build, kind_of, schema, to_rows, view_columns
from engine.formats.limits import Limits
from engine.formats.reading import FollowState, Reading, follow_from_dict, read, read_table, settled
from engine.formats.report import Rejection, Report, report_from_dict

__all__ = [
    "FollowState",
    "Limits",
    "Reading",
    "Rejection",
    "Report",
    "build",
    "follow_from_dict",
    "kind_of",
    "read",
    "read_table",
    "report_from_dict",
    "schema",
    "settled",
    "to_rows",
    "view_columns",
]
