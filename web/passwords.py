"""Passwords: the rule for new ones, and the checks, slow on purpose and therefore in threads of their own.

streamlit-authenticator's `Hasher` (bcrypt, cost 12) is all that is used of that package.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any, Final

import anyio

SHORTEST: Final = 12
LONGEST_BYTES: Final = 72
_FEWEST_DIFFERENT: Final = 5
_threads: Final = anyio.CapacityLimiter(2)


def fault(password: str, name: str) -> str | None:
    """What is wrong with a new password, as a sentence, or None."""
    if len(password) < SHORTEST:
        return f"That password has {len(password)} characters; it needs at least {SHORTEST}."
    if too_long(password):
        return f"That password is longer than {LONGEST_BYTES} bytes, more than can be checked. Choose a shorter one."
    if len(set(password.casefold())) < _FEWEST_DIFFERENT or password.casefold() == name.casefold():
        return "That password is too easy to guess. A few unrelated words make a good one."
    return None


def too_long(password: str) -> bool:
    """Whether bcrypt would ignore the end of it."""
    return len(password.encode("utf-8", "surrogatepass")) > LONGEST_BYTES


async def hashed(password: str) -> str:
    """The bcrypt hash to store."""
    return await anyio.to_thread.run_sync(hasher().hash, password, limiter=_threads)


async def matches(password: str, stored: str | None) -> bool:
    """Whether the password belongs to the stored hash. Without one the same work is done on a hash of nobody's.

    One check is made whatever is known about the account, so that time does not tell which names exist.
    """
    if too_long(password) or "\0" in password:
        return False
    correct = await anyio.to_thread.run_sync(hasher().check_pw, password, stored or _nobodys(), limiter=_threads)
    return bool(correct) and stored is not None


@lru_cache(maxsize=1)
def hasher() -> Any:
    """The class that hashes. Its package imports a thousand modules, which the server does while it warms up."""
    return import_module("streamlit_authenticator.utilities.hasher").Hasher


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return str(hasher().hash("a password that nobody has"))
