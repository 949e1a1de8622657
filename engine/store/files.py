"""Files that are there whole or not at all, and names that never come from people."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from engine.errors import StoreUnavailable, UsageError

_HASH = re.compile(r"[0-9a-f]{64}")


def checked_hash(value: str) -> str:
    """`value` if it is 64 hexadecimal digits, so that it may become a file name. Raises UsageError."""
    if not _HASH.fullmatch(value):
        raise UsageError("A content hash is 64 hexadecimal digits.", code="bad_hash")
    return value


def write_atomic(path: Path, content: bytes) -> None:
    """Write all of `content` and have it on disk before its name exists; an existing file is replaced whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StoreUnavailable(
            "The disk refused to write; nothing was saved. Free some space and try again.", code="store_full"
        ) from error


def move_durably(source: Path, target: Path) -> None:
    """Move a finished file to its place on the same disk, on disk before this returns."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file:
        os.fsync(file.fileno())
    source.replace(target)
    sync_folder(target.parent)


def sha256_of(path: Path) -> str:
    """The content hash of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
