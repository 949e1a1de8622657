"""What `user` and `token` share: the owner of the machine acts on the store itself, as an administrator."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from getpass import getpass
from typing import TYPE_CHECKING, Any

from engine.errors import NotFound, UsageError

if TYPE_CHECKING:
    from engine.types import PersonView, Who


@contextmanager
def owner() -> Iterator[Who]:
    """The owner of the machine, in front of a store of today's form. What they do is audited as the command line's."""
    from engine.access import audit
    from engine.settings import get_settings
    from engine.store.migrate import migrate
    from engine.types import Who
    from jobs import preflight

    preflight.check_home(get_settings())
    migrate()
    with audit.asked_from("command line", str(os.getpid())):
        yield Who(0, "the owner of the machine", "admin")


def person(who: Who, name: str) -> PersonView:
    """The account of this name. Raises NotFound."""
    from engine.access.names import account_name
    from engine.queries import people

    wanted = account_name(name)
    found = next((one for one in people.list_people(who) if one.name == wanted), None)
    if found is None:
        raise NotFound(f"There is no account called {wanted}. python -m jobs user list shows them.", code="no_user")
    return found


def read_password(args: argparse.Namespace, name: str) -> str:
    """A new password's hash: from standard input where asked for, else typed twice. Raises UsageError."""
    import bcrypt

    from engine.access.strength import password_fault

    password = sys.stdin.readline().rstrip("\r\n") if args.password_stdin else _typed()
    if fault := password_fault(password, name):
        raise UsageError(fault, code="password")
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()


def _typed() -> str:
    if not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask for a password on. Use --password-stdin.", code="no_terminal")
    password = getpass("New password: ")
    if getpass("Once more: ") != password:
        raise UsageError("The two passwords differ. Nothing was changed.", code="password")
    return password


def show(args: argparse.Namespace, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    """Rows as a table for people, or as JSON objects; exit code 0."""
    from jobs.command.text import printable, table

    if args.json:
        print(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], default=_plain))
    elif rows:
        print(table(columns, [[printable(_said(cell)) for cell in row] for row in rows]))
    return 0


def tell(args: argparse.Namespace, said: str, **facts: Any) -> int:
    """A sentence for people, or its facts as one JSON object; exit code 0."""
    print(json.dumps(facts, default=_plain) if args.json else said)
    return 0


def link(token: str) -> str:
    """The address of a one-time link."""
    from engine.settings import get_settings
    from jobs.command.run import address

    return f"{address(get_settings())}/signin/link?token={token}"


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _said(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


def command(subparsers: Any, name: str, function: Callable[[argparse.Namespace], int], said: str) -> Any:
    """One of the commands below `user` or `token`, with --json."""
    parser = subparsers.add_parser(name, help=said, description=said)
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(function=function, asked=name)
    return parser
