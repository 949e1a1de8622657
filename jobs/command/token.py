"""`python -m jobs token …`: API tokens, for the owner of the machine."""

from __future__ import annotations

import argparse
from typing import Any

from jobs.command.accounts import command, owner, person, show, tell

SCOPES = ("read", "write", "admin")
"""As in `engine.types`."""

DAYS = 90
EXAMPLES = """examples:
  python -m jobs token create ann "training cluster" --scope write --project main --days 30
  python -m jobs token revoke 7
"""


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "token",
        help="API tokens: make, list, revoke",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    below = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    made = command(below, "create", create, "make a token that acts for somebody; it is printed this once")
    made.add_argument("user", help="whose account it acts for")
    made.add_argument("name", help="what it is for")
    made.add_argument("--scope", choices=SCOPES, default="read", help="what it may do at most (read)")
    made.add_argument("--project", metavar="SLUG", default="", help="only in this project")
    made.add_argument("--days", type=int, default=DAYS, help=f"days until it ends ({DAYS})")
    command(below, "list", list_, "the tokens that work").add_argument("user", nargs="?", help="only of this account")
    command(below, "revoke", revoke, "end a token, at once").add_argument("id", type=int)


def create(args: argparse.Namespace) -> int:
    """`token create`."""
    from engine.actions import tokens
    from engine.types import Who

    with owner() as who:
        one = person(who, args.user)
        acting = Who(one.id, one.name, one.role, roles=one.memberships)
        secret = tokens.create(acting, args.name, args.scope, args.project, args.days)
    said = f"It acts for {one.name} and is shown this once:\n{secret}"
    return tell(args, said, token=secret, user=one.name, scope=args.scope, project=args.project or None)


def list_(args: argparse.Namespace) -> int:
    """`token list`."""
    from engine.queries import tokens

    with owner() as who:
        wanted = person(who, args.user).name if args.user else None
        rows = [
            (one.id, one.person, one.name, one.prefix, one.scope, one.project, one.expires_at, one.used_at)
            for one in tokens.every_token(who)
            if wanted in (None, one.person)
        ]
    return show(args, ("id", "user", "name", "begins", "scope", "project", "until", "used"), rows)


def revoke(args: argparse.Namespace) -> int:
    """`token revoke`."""
    from engine.actions import tokens

    with owner() as who:
        tokens.revoke(who, args.id)
    return tell(args, f"Token {args.id} opens nothing any more.", id=args.id)
