"""`python -m jobs run`: start the product and print its address."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.settings import Settings
    from jobs.launcher import Child


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("run", help="start the product and print its address")
    parser.add_argument("--new-link", action="store_true", help="print a fresh administrator's link and end")
    parser.set_defaults(function=run)


def run(args: argparse.Namespace) -> int:
    """Check, prepare, then keep everything running until Ctrl-C."""
    from engine.settings import get_settings
    from engine.store.migrate import migrate
    from jobs import preflight

    settings = get_settings()
    if args.new_link:
        preflight.check_home(settings)
        migrate()
        _say(f"Sign-in link for an administrator (once, within ten minutes):\n  {_link(settings)}")
        return 0
    preflight.check(settings)
    with preflight.only_one(settings.home):
        migrate()
        _begin_demo(settings)
        return _launch(settings)


def _begin_demo(settings: Settings) -> None:
    """Let the simulated project play on a home without real data."""
    from engine.actions.demo import set_playing
    from jobs.simulator.audience import has_real_data

    if settings.demo and not has_real_data():
        set_playing(True)


def _launch(settings: Settings) -> int:
    import asyncio

    from engine.store.engine import close_store
    from jobs import launcher, preflight

    path = preflight.open_log(launcher.log, settings.home)

    async def announce() -> None:
        if not await preflight.healthy(settings):
            _say(f"The web process does not answer yet; it is tried again. See {path}")
            return
        _say(f"Plumbline runs at {address(settings)}")
        if (link := _first_link(settings)) is not None:
            _say(f"Sign in for the first time (once, within ten minutes):\n  {link}")
        close_store()
        _say("Ctrl-C stops.")

    async def everything() -> int:
        return await launcher.Launcher(_children(settings), _say).run(announce())

    return asyncio.run(everything())


def _children(settings: Settings) -> list[Child]:
    from jobs.launcher import Child

    python = [sys.executable, "-m", "jobs"]
    home = {"PLUMBLINE_HOME": str(settings.home.resolve())}
    webs = ["web", *(f"web-{number}" for number in range(2, settings.web_processes + 1))]
    children = [
        *(Child(name, [sys.executable, "server.py"], home) for name in webs),
        Child("foreman", [*python, "foreman"], home, waits=True),
        Child("runner", [*python, "runner"], home, waits=True),
    ]
    if settings.demo:
        children.append(Child("simulator", [*python, "simulate", "--with-server"], home, waits=True))
    return children


def _first_link(settings: Settings) -> str | None:
    """A link for the first administrator where nobody can sign in yet."""
    from engine.store.engine import fetch

    return None if fetch('SELECT 1 FROM "user" LIMIT 1') else _link(settings)


def _link(settings: Settings) -> str:
    """A one-time link that makes an administrator. Whoever may run this command owns the home folder anyway."""
    from engine.actions.people import create_first_link, invite
    from engine.store.engine import fetch
    from engine.types import Who

    token = create_first_link()
    if token is None:
        user_id, name = fetch("SELECT id, name FROM \"user\" WHERE role = 'admin' ORDER BY id LIMIT 1")[0]
        token = invite(Who(user_id, name, "admin"), "admin")
    return f"{address(settings)}/signin/link?token={token}"


def address(settings: Settings) -> str:
    """Where people reach this installation."""
    scheme = "https" if settings.tls else "http"
    local = settings.bind in ("127.0.0.1", "localhost")
    host = settings.bind if local else settings.hosts[0]
    return f"{scheme}://{host}:{settings.port}"


def _say(message: str) -> None:
    print(message, flush=True)
