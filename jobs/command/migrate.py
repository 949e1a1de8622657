"""`python -m jobs migrate`: bring the store to this version, where services are started one by one."""

from __future__ import annotations

import argparse
from typing import Any


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("migrate", help="bring the store to this version (`run` does it by itself)")
    parser.set_defaults(function=main)


def main(_args: argparse.Namespace) -> int:
    """Check the store and upgrade it; doing it twice, or twice at once, changes nothing."""
    from engine.settings import get_settings
    from engine.store.migrate import migrate
    from jobs import preflight

    preflight.check_home(get_settings())
    migrate()
    print("The store has the form that this version expects.")
    return 0
