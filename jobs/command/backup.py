"""`python -m jobs backup FILE`: the whole home in one file, while the product runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("backup", help="write the whole home to one file, while the product runs")
    parser.add_argument("file", type=Path, metavar="FILE", help="a new file, such as plumbline-2026-11-23.tar")
    parser.set_defaults(function=main)


def main(args: argparse.Namespace) -> int:
    """Write it, and say what it holds."""
    from engine.settings import get_settings
    from jobs.backup import backup

    saved = backup(get_settings(), args.file)
    print(f"{args.file} holds {saved.files:,} files, {saved.size:,} bytes. Every file the store needs is there.")
    return 0
