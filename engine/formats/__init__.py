"""Readers: bytes in, canonical rows out, or a named error. Pure: no network, no store, nothing executed from a file."""

from engine.formats.canonical import build, kind_of, schema, to_rows, view_columns
from engine.formats.guess import guess, signature
from engine.formats.limits import Limits
from engine.formats.reading import FollowState, Reading, Saved, follow_from_dict, read, read_table, settled
from engine.formats.report import Rejection, Report, report_from_dict

__all__ = [
    "FollowState",
    "Limits",
    "Reading",
    "Rejection",
    "Report",
    "Saved",
    "build",
    "follow_from_dict",
    "guess",
    "kind_of",
    "read",
    "read_table",
    "report_from_dict",
    "schema",
    "settled",
    "signature",
    "to_rows",
    "view_columns",
]
