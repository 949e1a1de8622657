"""Readers: bytes in, canonical rows out, or a named error. Pure: no network, no store, nothing executed from a file."""

from engine.formats.canonical import build, kind_of, schema, to_rows, view_columns
from engine.formats.guess import guess, signature
from engine.formats.limits import Limits
from engine.formats.members import Member, archive_members, folder_members, is_archive
from engine.formats.reading import FollowState, Reading, Saved, follow_from_dict, read, read_table, settled
from engine.formats.report import Rejection, Report, report_from_dict

__all__ = [
    "FollowState",
    "Limits",
    "Member",
    "Reading",
    "Rejection",
    "Report",
    "Saved",
    "archive_members",
    "build",
    "folder_members",
    "follow_from_dict",
    "guess",
    "is_archive",
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
