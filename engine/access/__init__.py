"""Identities, sessions, tokens, roles, audit.

`who_is` names the owner of a cookie, `who_of` of a token, `require` decides what they may do.
"""

from engine.access.roles import require
from engine.access.sessions import who_is
from engine.access.tokens import who_of

__all__ = ["require", "who_is", "who_of"]
