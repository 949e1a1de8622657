"""Files by content hash: originals as they came, so that a dataset can be read again, and reports."""

from __future__ import annotations

from pathlib import Path

from engine.errors import NotFound, UsageError
from engine.settings import get_settings
from engine.store.files import checked_hash, move_durably, sha256_of
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


def keep_made(made: Path) -> tuple[str, int]:
    """Move a finished file that the runner made to its place among the blobs; its hash and size."""
    sha256, size = sha256_of(made), made.stat().st_size
    target = get_settings().blobs / checked_hash(sha256)
    if still_there(target):
        made.unlink()
    else:
        move_durably(made, target)
    return sha256, size
