"""`python -m jobs restore FILE`: a backup into an empty home."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("restore", help="bring a backup into an empty home")
    parser.add_argument("file", type=Path, metavar="FILE", help="what `python -m jobs backup` wrote")
    parser.set_defaults(function=main)


def main(args: argparse.Namespace) -> int:
    """Check it, bring it in, and upgrade its store to this version."""
    from engine.errors import UsageError
    from engine.settings import get_settings
    from engine.store.migrate import migrate
    from jobs import preflight
    from jobs.backup import restore

    settings = get_settings()
    if not args.file.is_file():
        raise UsageError(f"There is no file {args.file}.", code="no_file")
    preflight.check_home(settings)
    with preflight.only_one(settings.home):
        saved = restore(settings, args.file)
        migrate()
    print(f"{settings.home} holds {saved.files:,} files again, {saved.size:,} bytes. Start with `python -m jobs run`.")
    return 0
