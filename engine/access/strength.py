"""What may be a password, and what may be a secret that somebody set."""

from __future__ import annotations

from typing import Final

SHORTEST_PASSWORD: Final = 12
LONGEST_BYTES: Final = 72
"""bcrypt reads no further."""

SHORTEST_SECRET: Final = 16
_FEWEST_DIFFERENT: Final = 5
_PLACEHOLDERS: Final = (
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "your-",
    "your_",
    "example",
    "secret",
    "todo",
)


def password_fault(password: str, name: str) -> str | None:
    """What is wrong with a new password, as a sentence, or None."""
    if len(password) < SHORTEST_PASSWORD:
        return f"That password has {len(password)} characters; it needs at least {SHORTEST_PASSWORD}."
    if too_long(password):
        return f"That password is longer than {LONGEST_BYTES} bytes, more than can be checked. Choose a shorter one."
    if len(set(password.casefold())) < _FEWEST_DIFFERENT or password.casefold() == name.casefold():
        return "That password is too easy to guess. A few unrelated words make a good one."
    return None


def too_long(password: str) -> bool:
    """Whether bcrypt would ignore the end of it."""
    return len(password.encode("utf-8", "surrogatepass")) > LONGEST_BYTES


def secret_fault(secret: str) -> str | None:
    """Why a secret that protects the installation must not be used, as the end of a sentence, or None."""
    plain = secret.strip().casefold()
    if not plain:
        return "is empty"
    if len(plain) < SHORTEST_SECRET:
        return f"has fewer than {SHORTEST_SECRET} characters"
    if len(set(plain)) < _FEWEST_DIFFERENT or any(word in plain for word in _PLACEHOLDERS):
        return "is a placeholder, which anybody could guess"
    return None
