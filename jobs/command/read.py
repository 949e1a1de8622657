"""`python -m jobs read FILE…`: what files are, how many of their rows can be taken, and why the others cannot."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.errors import PlumblineError, UsageError
from engine.formats import Report, read
from engine.formats.report import REASONS

EXAMPLES = """examples:
  python -m jobs read scores.jsonl
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
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="files, recognised by their content")
    parser.add_argument(
        "--map", action="append", default=[], metavar="ROLE=COLUMN", help="what a column means, such as score_a=ours"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a file, one a line")
    parser.set_defaults(function=main)


def main(args: argparse.Namespace) -> int:
    """Read every file; the greatest exit code of them all (0 done, 2 usage, 3 refused)."""
    mapping = parse_mapping(args.map)
    codes = [_one(path, mapping, as_json=args.json) for path in args.files]
    return max(codes)


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
