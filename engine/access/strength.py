"""What may be a password, and what may be a secret that somebody set."""

from __future__ import annotations

from typing import Final

SHORTEST_PASSWORD: Final = 12
LONGEST_BYTES: Final = 72
"""bcrypt reads no further."""

SHORTEST_SECRET: Final = 16
_FEWEST_DIFFERENT: Final = 5
_FEWEST_OWN: Final = 6
"""Characters of a password that have to be left when the pieces that everybody tries first are taken out."""

_TRIED_FIRST: Final = (
    "password",
    "passwort",
    "passw0rd",
    "p@ssw0rd",
    "plumbline",
    "administrator",
    "letmein",
    "welcome",
    "iloveyou",
    "qwertyuiop",
    "qwerty",
    "qwertz",
    "azerty",
    "asdfghjkl",
    "asdfgh",
    "1q2w3e4r",
    "abcdefghijklmnopqrstuvwxyz",
    "abcdef",
    "abc123",
    "9876543210",
    "1234567890",
    "123456",
    "654321",
    "1234",
)
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
    easy = _too_easy(password.casefold(), name.casefold())
    return f"That password {easy}. A few unrelated words make a good one." if easy else None


def _too_easy(password: str, name: str) -> str:
    """Why a password is among the first that anybody tries, as the end of a sentence, or nothing."""
    if len(set(password)) < _FEWEST_DIFFERENT:
        return f"is made of fewer than {_FEWEST_DIFFERENT} different characters"
    if (password + password).find(password, 1) < len(password):
        return "is one piece written again and again, which is tried first"
    if len(password.replace(name, "")) < _FEWEST_OWN:
        return "is little more than the name of the account"
    left = password
    for piece in _TRIED_FIRST:
        left = left.replace(piece, "")
    if len(left) < _FEWEST_OWN:
        known = next(piece for piece in _TRIED_FIRST if piece in password)
        return f"is little more than “{known}”, which everybody tries first"
    return ""


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
