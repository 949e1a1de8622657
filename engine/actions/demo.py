"""The simulated project: shown playing until real data come, and again on request."""

from __future__ import annotations

from engine.access import audit
from engine.access.roles import require
from engine.actions.projects import ensure
from engine.store.transaction import transaction
from engine.types import Who

SLUG = "demo"
NAME = "Simulated project"


def play(who: Who) -> None:
    """Have the simulator feed the simulated project."""
    require(who, SLUG, "analyst")
    set_playing(True, who)


def stop(who: Who) -> None:
    """Have the simulator pause; what it made stays."""
    require(who, SLUG, "analyst")
    set_playing(False, who)


def set_playing(playing: bool, who: Who | None = None) -> None:
    """*System.* What `play` and `stop` do; the launcher does it by itself on a home without data."""
    with transaction() as tx:
        project = ensure(tx, SLUG, name=NAME, simulated=True)
        if project.playing != playing:
            project.playing = playing
            audit.record(tx.session, who, "play" if playing else "stop", f"project/{SLUG}", SLUG)
            tx.publish(SLUG, f"project/{SLUG}", "demo", {"playing": playing})
