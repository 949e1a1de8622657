"""Files by content hash: originals as they came, to be read again; what was shared as it was; and reports."""

from __future__ import annotations

import hashlib
from pathlib import Path

from engine.errors import NotFound, UsageError
from engine.settings import get_settings
from engine.store.files import checked_hash, move_durably, sha256_of, write_atomic
from engine.store.sweeping import still_there


def path_of(sha256: str) -> Path:
    """Where the original of this hash lies. Raises NotFound where it does not."""
    path = get_settings().blobs / checked_hash(sha256)
    if not path.is_file():
        raise NotFound("The original file is not kept here any more.", code="blob_missing")
    return path


def keep(upload: Path, sha256: str) -> Path:
    """Move a streamed upload to its place among the originals; one already there is left as it is.

    `upload` must lie directly in the uploads folder; anything else is refused with UsageError.
    """
    if upload.resolve().parent != get_settings().uploads.resolve():
        raise UsageError("An upload has to lie in the uploads folder.", code="not_an_upload")
    target = get_settings().blobs / checked_hash(sha256)
    if still_there(target):
        upload.unlink(missing_ok=True)
    else:
        move_durably(upload, target)
    return target


def write(content: bytes) -> str:
    """Keep these bytes; their hash. Raises StoreUnavailable where the disk refuses."""
    sha256 = hashlib.sha256(content).hexdigest()
    target = get_settings().blobs / sha256
    if not still_there(target):
        write_atomic(target, content)
    return sha256


def keep_made(made: Path) -> tuple[str, int]:
    """Move a finished file that the runner made to its place among the blobs; its hash and size."""
    sha256, size = sha256_of(made), made.stat().st_size
    target = get_settings().blobs / checked_hash(sha256)
    if still_there(target):
        made.unlink()
    else:
        move_durably(made, target)
    return sha256, size
