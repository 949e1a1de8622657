"""`python -m jobs read FILE_OR_FOLDER…`: what files are, how many of their rows can be taken, and why others cannot.

One file is described; several, a folder or an archive give a table with a line for each file.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.errors import PlumblineError, UsageError
from engine.formats import Member, Report, archive_members, folder_members, is_archive, read
from engine.formats.members import REFUSALS
from engine.formats.report import REASONS

EXAMPLES = """examples:
  python -m jobs read scores.jsonl
  python -m jobs read results/ more.zip
  python -m jobs read pairs.csv --map score_a=ours --map score_b=theirs --map label=human --json
"""


def add(subparsers: Any) -> None:
    """Add the command to the command line's parser."""
    parser = subparsers.add_parser(
        "read",
        help="say what a file is, which rows can be taken and why others cannot",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE_OR_FOLDER", type=Path, help="files recognised by content, folders, archives"
    )
    parser.add_argument(
        "--map", action="append", default=[], metavar="ROLE=COLUMN", help="what a column means, such as score_a=ours"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a file, one a line")
    parser.set_defaults(function=main)


def main(args: argparse.Namespace) -> int:
    """Read every file; the greatest exit code of them all (0 done, 2 usage, 3 refused).

    Of folders and archives it is 0 where at least one file could be read: what else lies there may be anything.
    """
    mapping = parse_mapping(args.map)
    if len(args.files) == 1 and not _holds_files(args.files[0]):
        return _one(args.files[0], mapping, as_json=args.json)
    code, lines = 0, []
    for path in args.files:
        seen = [_seen(member, mapping) for member in _members(path)]
        codes = [line.code for line in seen]
        code = max(code, (min(codes, default=3) if _holds_files(path) else max(codes)))
        lines += seen
        if args.json:
            for line in seen:
                print(json.dumps(line.told(), ensure_ascii=False), flush=True)
    if not args.json:
        print("\n".join(table(lines)))
    return code


def _holds_files(path: Path) -> bool:
    return path.is_dir() or is_archive(path)


def _members(path: Path) -> Iterator[Member]:
    """The file itself, or those in it; names are relative to the folder, or stand behind the archive's name."""
    if path.is_dir():
        for member in folder_members(path):
            if member.path is not None and is_archive(member.path):
                yield from _packed(member.path, member.name)
            else:
                yield member
    elif is_archive(path):
        yield from _packed(path, path.name)
    else:
        yield Member(path.name, 0, path)


def _packed(path: Path, name: str) -> Iterator[Member]:
    with TemporaryDirectory(prefix="plumbline-") as folder:
        try:
            for member in archive_members(path, name, Path(folder)):
                yield replace(member, name=f"{name}/{member.name}")
        except PlumblineError as error:
            yield Member(name, 0, None, error.code)


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the table: the file's name, what was found, the code of a refusal and the exit code it means."""

    name: str
    report: Report
    refused: str = ""
    code: int = 0
    error: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As one JSON object."""
        found = {"file": self.name, **shown(self.report)}
        return {**found, "error": dict(self.error)} if self.refused else found


def _seen(member: Member, mapping: Mapping[str, str]) -> Seen:
    if member.path is None:
        error = {"code": member.refused, "message": f"{member.name}: {REFUSALS.get(member.refused, 'not taken out')}"}
        return Seen(member.name, Report(), member.refused, 3, error)
    reading = None
    try:
        reading = read(member.path, member.name, mapping)
        for _ in reading:
            pass
    except PlumblineError as error:
        report = reading.report if reading is not None else Report()
        return Seen(member.name, report, error.code, error.exit_code, error.to_dict())
    return Seen(member.name, reading.report)


COLUMNS = ("file", "format", "kind", "rows", "accepted", "rejected", "warnings")


def table(lines: Sequence[Seen]) -> list[str]:
    """The table as text that is also Markdown."""
    rows = [_cells(line) for line in lines]
    widths = [max(len(row[place]) for row in [COLUMNS, *rows]) for place in range(len(COLUMNS))]
    numbers = [name in ("rows", "accepted", "rejected") for name in COLUMNS]
    rule = ["-" * (width - 1) + ":" if number else "-" * width for width, number in zip(widths, numbers, strict=True)]
    padded = [
        [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, numbers, strict=True)
        ]
        for row in [COLUMNS, *rows]
    ]
    return [f"| {' | '.join(row)} |" for row in [padded[0], rule, *padded[1:]]]


def _cells(line: Seen) -> tuple[str, ...]:
    report = line.report
    name = line.name.replace("|", "\\|")
    if line.refused:
        return (name, "refused", "", "", "", "", line.refused)
    said = ", ".join(notice.code for notice in report.warnings)
    counts = (f"{count:,}" for count in (report.rows, report.accepted, report.rejected))
    return (name, report.format, report.kind or "", *counts, said)


def parse_mapping(words: list[str]) -> dict[str, str]:
    """`ROLE=COLUMN` words as a mapping; several slices add up.

    Raises:
        UsageError: a word without an equals sign.
    """
    mapping: dict[str, str] = {}
    for word in words:
        role, equals, column = word.partition("=")
        if not equals or not role or not column:
            raise UsageError(f"--map takes ROLE=COLUMN, not {word!r}")
        several = role in ("slice", "annotators") and role in mapping
        mapping[role] = f"{mapping[role]},{column}" if several else column
    return mapping


def _one(path: Path, mapping: Mapping[str, str], *, as_json: bool) -> int:
    reading = None
    try:
        reading = read(path, path.name, mapping)
        for _ in reading:
            pass
    except PlumblineError as error:
        report = reading.report if reading is not None else Report()
        if as_json:
            print(json.dumps({**shown(report), "error": error.to_dict()}, ensure_ascii=False))
        print(f"{path.name}: {error.message.removeprefix(f'{path.name}: ')}", file=sys.stderr)
        return error.exit_code
    print(
        json.dumps(shown(reading.report), ensure_ascii=False)
        if as_json
        else "\n".join(_lines(path.name, reading.report))
    )
    return 0


def shown(report: Report) -> dict[str, Any]:
    """The report as this command prints it."""
    return {
        "format": report.format,
        "kind": report.kind,
        "rows": report.rows,
        "accepted": report.accepted,
        "rejected": report.rejected,
        "reasons": report.reasons,
        "columns": report.columns,
        "warnings": [asdict(notice) for notice in report.warnings],
    }


def _lines(name: str, report: Report) -> Iterator[str]:
    """The report as a table for people."""
    yield name
    yield f"  format    {report.format} ({report.kind})"
    yield f"  rows      {report.rows:,}: {report.accepted:,} taken, {report.rejected:,} rejected"
    for source, role in report.columns.items():
        yield f"  column    {source or '(unnamed)'} → {role}"
    for column, values in report.slices.items():
        yield f"  slices    {column}: {len(values)} values"
    if report.scale not in (None, 1.0):
        yield f"  scale     {report.scale:g}"
    for reason, count in report.reasons.items():
        yield f"  rejected  {count:,}: {REASONS.get(reason, reason)}"
    for example in report.examples[:5]:
        yield f"            line {example.line}{f', {example.field}' if example.field else ''}: {example.reason}"
    for notice in report.warnings:
        yield f"  warning   {notice.message} [{notice.code}]"
