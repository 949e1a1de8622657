"""Deleting files that nothing needs, and never one that somebody is about to need.

Whoever finds a file that is there already touches it (`still_there`) under a lock that all processes share; a sweep
deletes under the same lock, and only what nobody has touched for a while.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_NAMED = re.compile(r"([0-9a-f]{64})(\.[a-z]+)?")


class Swept(NamedTuple):
    """What a sweep deleted, and the names it found unneeded but left for the next one."""

    files: int
    size: int
    unneeded: frozenset[str]


def still_there(path: Path) -> bool:
    """Whether a file is there; if so it counts as new, so that no sweep takes it before its row is written."""
    if not path.parent.is_dir():
        return False
    with _alone(path.parent):
        try:
            os.utime(path)
        except FileNotFoundError:
            return False
        return True


def sweep(folder: Path, needed: Collection[str], before: float, known: Collection[str]) -> Swept:
    """Delete the files named by a hash that is not `needed`, not touched since `before` (seconds since the epoch).

    Only names in `known`, which an earlier sweep found unneeded as well, are deleted: a clock that jumps makes files
    look old, but not twice in a row.
    """
    unneeded, files, size = set(), 0, 0
    for path in folder.iterdir() if folder.is_dir() else ():
        named = _NAMED.fullmatch(path.name)
        if named is None or named.group(1) in needed:
            continue
        unneeded.add(path.name)
        if path.name in known and (freed := _delete_old(path, before)) is not None:
            unneeded.discard(path.name)
            files, size = files + 1, size + freed
    return Swept(files, size, frozenset(unneeded))


def _delete_old(path: Path, before: float) -> int | None:
    """Delete a file that was not touched since; its size, or None where it stays."""
    with _alone(path.parent):
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        if status.st_mtime >= before:
            return None
        path.unlink()
        return status.st_size


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    lock = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
