"""`python -m jobs user …`: accounts, roles, passwords and sessions, for the owner of the machine."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from engine.errors import UsageError
from jobs.command.accounts import command, link, owner, person, read_password, show, tell

if TYPE_CHECKING:
    from engine.types import Who

ROLES = ("member", "viewer", "analyst", "operator", "admin")
"""As in `engine.types`, which takes longer to import than this command may take to explain itself."""

EXAMPLES = """examples:
  python -m jobs user add ann --role analyst          prints a one-time link to choose a password
  python -m jobs user role ben viewer --project main  gives a role in one project
  python -m jobs user password ann --password-stdin < secret.txt
"""


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "user",
        help="accounts, roles, passwords and sessions",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    below = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    command(below, "list", list_, "who has an account, and with which roles")
    made = command(
        below, "add", add_user, "make an account; without a password it prints a one-time link to choose one"
    )
    made.add_argument("name")
    made.add_argument(
        "--role", choices=ROLES, default="member", help="role everywhere (member: in no project by itself)"
    )
    made.add_argument("--project", action="append", default=[], metavar="SLUG=ROLE", help="role in one project")
    made.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    role = command(below, "role", set_role, "give somebody another role, everywhere or in one project")
    role.add_argument("name")
    role.add_argument("role", choices=(*ROLES, "none"), help="none takes somebody out of a project")
    role.add_argument("--project", metavar="SLUG", help="in this project only")
    for name, said in (("disable", "keep somebody out, at once"), ("enable", "let somebody in again")):
        command(below, name, switch, said).add_argument("name")
    password = command(below, "password", set_password, "set a password; every session of the account ends")
    password.add_argument("name")
    password.add_argument("--password-stdin", action="store_true", help="read it from standard input")
    once = command(below, "link", make_link, "print a one-time link: to a new password, or to a new account")
    once.add_argument("name", nargs="?", help="whose password it sets; without a name it makes a new account")
    once.add_argument("--role", choices=ROLES, default="viewer", help="role of the new account")
    command(below, "sessions", list_sessions, "where somebody is signed in").add_argument("name")
    revoke = command(below, "revoke", revoke_sessions, "end the sessions of somebody, at once")
    revoke.add_argument("name")
    revoke.add_argument("--session", type=int, metavar="ID", help="only this one")


def list_(args: argparse.Namespace) -> int:
    """`user list`."""
    from engine.queries import people

    with owner() as who:
        rows = [
            (
                one.name,
                one.role,
                ", ".join(f"{slug}={role}" for slug, role in one.memberships.items()),
                "disabled" if one.disabled_at else "yes",
                "password" if one.password else "provider" if one.identity else "not yet",
                one.seen_at,
            )
            for one in people.list_people(who)
        ]
    return show(args, ("name", "role", "projects", "may sign in", "with", "seen"), rows)


def add_user(args: argparse.Namespace) -> int:
    """`user add`."""
    from engine.access import audit
    from engine.actions import memberships, passwords, people
    from engine.store.transaction import transaction

    wanted = [pair.partition("=") for pair in args.project]
    if any(role not in ROLES[1:] for _slug, _mark, role in wanted):
        raise UsageError(f"Say --project SLUG=ROLE, with a role of {', '.join(ROLES[1:])}.", code="bad_argument")
    with owner() as who:
        hashed = read_password(args, args.name) if args.password_stdin else ""
        with transaction() as tx:
            made = people.add(tx, args.name, args.role, hashed)
            audit.record(tx.session, who, "add_user", f"user/{made.user_id}", role=args.role)
        for slug, _mark, role in wanted:
            memberships.put(who, slug, made.user_id, role)
        address = "" if hashed else link(passwords.reset(who, made.user_id))
    said = f"{made.name} has an account with the role {args.role}."
    once = f"\nA password is chosen by this link (once, within ten minutes):\n  {address}" if address else ""
    return tell(args, said + once, name=made.name, id=made.user_id, role=args.role, link=address or None)


def set_role(args: argparse.Namespace) -> int:
    """`user role`."""
    from engine.actions import memberships, people

    with owner() as who:
        one = person(who, args.name)
        if args.project is None:
            if args.role == "none":
                raise UsageError("none is for a project; everywhere the least role is member.", code="role")
            people.set_role(who, one.id, args.role)
        elif args.role == "none":
            memberships.remove(who, args.project, one.id)
        else:
            memberships.put(who, args.project, one.id, args.role)
    where = f"in {args.project}" if args.project else "everywhere"
    return tell(args, f"{one.name}: {args.role} {where}.", name=one.name, role=args.role, project=args.project)


def switch(args: argparse.Namespace) -> int:
    """`user disable` and `user enable`."""
    from engine.actions import people

    with owner() as who:
        one = person(who, args.name)
        disabled = args.asked == "disable"
        (people.disable if disabled else people.enable)(who, one.id)
    said = "kept out; open pages are closed" if disabled else "let in again"
    return tell(args, f"{one.name} is {said}.", name=one.name, disabled=disabled)


def set_password(args: argparse.Namespace) -> int:
    """`user password`."""
    from engine.actions import passwords

    with owner() as who:
        one = person(who, args.name)
        passwords.put(one.id, read_password(args, one.name))
    return tell(args, f"{one.name} has a new password and is signed out everywhere.", name=one.name)


def make_link(args: argparse.Namespace) -> int:
    """`user link`."""
    from engine.actions import passwords, people

    with owner() as who:
        if args.name is None:
            address, what = link(people.invite(who, args.role)), f"a new account with the role {args.role}"
        else:
            one = person(who, args.name)
            address, what = link(passwords.reset(who, one.id)), f"a new password for {one.name}"
    return tell(args, f"A link to {what} (once, within ten minutes):\n  {address}", link=address)


def list_sessions(args: argparse.Namespace) -> int:
    """`user sessions`."""
    from engine.queries import people

    with owner() as who:
        rows = [
            (one.id, one.address, one.agent, one.created_at, one.expires_at)
            for one in people.sessions_of(who, person(who, args.name).id)
        ]
    return show(args, ("id", "address", "browser", "since", "until"), rows)


def revoke_sessions(args: argparse.Namespace) -> int:
    """`user revoke`."""
    with owner() as who:
        one = person(who, args.name)
        ended = _end(who, one.id, args.session)
    return tell(args, f"{one.name}: {len(ended)} signed out.", name=one.name, sessions=ended)


def _end(who: Who, user_id: int, only: int | None) -> list[int]:
    from engine.actions import people as actions
    from engine.errors import NotFound
    from engine.queries import people

    still_open = [one.id for one in people.sessions_of(who, user_id)]
    if only is not None and only not in still_open:
        raise NotFound("There is no such session of this person.", code="no_session")
    ended = still_open if only is None else [only]
    for session in ended:
        actions.revoke_session(who, session)
    return ended
