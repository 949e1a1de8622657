"""Secrets that have to be used again, such as the address of a webhook: encrypted with a key that lies in the home."""

from __future__ import annotations

import os

from cryptography.fernet import Fernet, InvalidToken

from engine.errors import NotFound
from engine.settings import get_settings

FILE = "sealing.key"


def seal(secret: str) -> str:
    """The secret as it may be stored."""
    return Fernet(_key()).encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """The secret again. Raises NotFound where the key is another one now."""
    try:
        return Fernet(_key()).decrypt(sealed.encode()).decode()
    except InvalidToken:
        message = "The key of this installation is another one now. Remove the channel and add it again."
        raise NotFound(message, code="other_key") from None


def _key() -> bytes:
    """The key of this installation, for its owner only; made at the first call of all, whole or not at all."""
    path = get_settings().home / FILE
    if not path.exists():
        made = path.with_name(f".{FILE}.{os.getpid()}")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_bytes()
