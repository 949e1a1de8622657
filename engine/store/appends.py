"""Lines appended to a followed file: what was acknowledged is on disk, once, and no file is left with a torn line.

A batch lies whole in a journal, on disk, before its first byte is appended. Whoever dies on the way is finished by the
next one who takes the journal: the same bytes at the same place, so that a reader which saw half of them saw nothing
wrong. The journal of a file is also its lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from engine.errors import Conflict, LimitExceeded, StorageFull, StoreUnavailable
from engine.settings import get_settings
from engine.store.files import sync_folder

JOURNAL = ".journal"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a journal says of its batch. `note` is the caller's: what to do once the bytes are there."""

    offset: int
    size: int
    sha256: str
    note: Mapping[str, Any]


class Place(NamedTuple):
    """How far a followed file is whole, and which file it is."""

    offset: int
    inode: int


class Appending:
    """One followed file whose journal is held by this process alone."""

    def __init__(self, project: str, source: str, journal: int) -> None:
        self.project, self.source = project, source
        self.path = get_settings().inbox / project / source
        self._journal = journal

    def pending(self) -> tuple[Entry, bytes] | None:
        """The batch that somebody began and did not settle. A torn journal holds none: nothing of it was appended."""
        content = _read_all(self._journal)
        head, newline, body = content.partition(b"\n")
        if not newline:
            return None
        try:
            entry = Entry(**orjson.loads(head))
        except (ValueError, TypeError):
            return None
        return (entry, body) if hashlib.sha256(body).hexdigest() == entry.sha256 else None

    def begin(self, body: bytes, note: Mapping[str, Any]) -> tuple[Entry, bytes]:
        """Write a batch into the journal, to be appended where the file ends now."""
        with _disk_named(), _opened(self.path) as file:
            offset = os.fstat(file).st_size
            if offset and os.pread(file, 1, offset - 1) != b"\n":
                body = b"\n" + body
        if offset + len(body) > get_settings().max_upload_bytes:
            raise LimitExceeded(
                "This dataset's file is as large as a followed file may be. Nothing was added; go on under another "
                "name.",
                code="dataset_full",
            )
        entry = Entry(offset, len(body), hashlib.sha256(body).hexdigest(), note)
        try:
            with _disk_named():
                _write_all(self._journal, orjson.dumps(asdict(entry)) + b"\n" + body, 0)
                os.fsync(self._journal)
        except StoreUnavailable:
            self.settle()
            raise
        return entry, body

    def roll_forward(self, entry: Entry, body: bytes) -> Place:
        """Have the bytes of a batch in the file, on disk. Doing it twice changes nothing.

        Bytes after the batch are somebody else's and stay; where the file was cut or replaced meanwhile, the batch is
        appended to what is there now.
        """
        with _disk_named(), _opened(self.path) as file:
            size = os.fstat(file).st_size
            offset = entry.offset
            if size < offset or (size > offset + entry.size and os.pread(file, entry.size, offset) != body):
                offset = size
            try:
                _write_all(file, body, offset)
            except OSError:
                os.ftruncate(file, size)
                raise
            os.fsync(file)
            return Place(os.fstat(file).st_size, os.fstat(file).st_ino)

    def settle(self) -> None:
        """Forget the batch: it is in the file and everything said about it is in the store, or none of it is."""
        with suppress(OSError):
            os.ftruncate(self._journal, 0)


@contextmanager
def appending(project: str, source: str, *, wait: bool = True) -> Iterator[Appending]:
    """Hold the journal of a followed file, alone among threads and processes. Raises BlockingIOError without `wait`."""
    folder = get_settings().home / "appending" / project
    with _disk_named():
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{source}{JOURNAL}"
        new = not path.exists()
        journal = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if new:
            sync_folder(folder)
    try:
        fcntl.flock(journal, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield Appending(project, source, journal)
    finally:
        os.close(journal)


def unsettled() -> list[tuple[str, str]]:
    """Project and file name of every journal that holds something."""
    journals = sorted((get_settings().home / "appending").glob(f"*/*{JOURNAL}"))
    return [(path.parent.name, path.name.removesuffix(JOURNAL)) for path in journals if path.stat().st_size]


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The followed file, made where new. Links and whatever else is no plain file are refused."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        sync_folder(path.parent.parent)
    new = not os.path.lexists(path)
    if not new and (not stat.S_ISREG(path.lstat().st_mode) or path.lstat().st_nlink != 1):
        raise Conflict("Something that is no plain file of its own lies under this name.", code="not_a_file")
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        if new:
            sync_folder(path.parent)
        yield file
    finally:
        os.close(file)


@contextmanager
def _disk_named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = "The disk refused to write; nothing was acknowledged. Free some space and send it again."
        raise StorageFull(message) from error


def _read_all(file: int) -> bytes:
    parts, offset = [], 0
    while block := os.pread(file, 2**24, offset):
        parts.append(block)
        offset += len(block)
    return b"".join(parts)


def _write_all(file: int, content: bytes, offset: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written
