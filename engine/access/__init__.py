"""Identities, sessions, roles, audit. `who_is` names the owner of a cookie, `require` decides what they may do."""

from engine.access.roles import require
from engine.access.sessions import who_is

__all__ = ["require", "who_is"]
