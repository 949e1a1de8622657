"""The secret by which the processes of one installation know each other: in the home folder, for its owner only."""

from __future__ import annotations

import hmac
import os

from engine.access.sessions import new_secret
from engine.settings import get_settings


def internal_secret() -> str:
    """The secret of this installation, made at the first call of all."""
    path = get_settings().home / "internal.secret"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        secret = new_secret()
        file.write(secret)
        return secret


def is_internal(secret: str) -> bool:
    """Whether another process of this installation sent this."""
    known = internal_secret()
    return bool(known) and hmac.compare_digest(secret.encode("utf-8", "surrogatepass"), known.encode())
