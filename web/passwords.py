"""Passwords are checked and hashed here: slow on purpose and therefore in threads of their own.

streamlit-authenticator's `Hasher` (bcrypt, cost 12) is all that is used of that package.
"""

from __future__ import annotations

import secrets
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

import anyio

from engine.access.strength import password_fault as fault
from engine.access.strength import too_long

__all__ = ["fault", "hashed", "matches", "too_long"]

_threads: Final = anyio.CapacityLimiter(2)


async def hashed(password: str) -> str:
    """The bcrypt hash to store."""
    return await anyio.to_thread.run_sync(hasher().hash, password, limiter=_threads)


async def matches(password: str, stored: str | None) -> bool:
    """Whether the password belongs to the stored hash. Without one (or an empty one) a hash of nobody's is checked.

    The same work is done whatever is known about the account, so that time does not tell which names exist.
    """
    if too_long(password) or "\0" in password:
        return False
    return await anyio.to_thread.run_sync(_belongs, password, stored or "", limiter=_threads)


def _belongs(password: str, stored: str) -> bool:
    nobodys = _nobodys()
    return bool(hasher().check_pw(password, stored or nobodys)) and bool(stored)


@lru_cache(maxsize=1)
def hasher() -> Any:
    """The class that hashes. Its package imports a thousand modules, which the server does while it warms up."""
    return import_module("streamlit_authenticator.utilities.hasher").Hasher


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return str(hasher().hash(secrets.token_urlsafe(32)))
