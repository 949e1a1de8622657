"""What lies in the inbox and how much of it is whole: the judgement behind following files.

A file that grows by lines (.jsonl, .csv, .log, …) is followed at once, up to its last line end; TensorBoard's event
files as far as they go, since their reader tells a record that is not whole. Any other file is taken when it has
stopped changing. Only regular files with one name, directly in a project's folder, are taken.
"""

from __future__ import annotations

import json
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

GROWING = frozenset({".jsonl", ".ndjson", ".csv", ".tsv", ".log", ".out"})
TABLES = frozenset({".csv", ".tsv", ".log", ".out"})
"""Those of them of whose last line nothing but a pause tells whether it is whole."""
EVENTS = ".tfevents."
UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp", "~", "-wal", "-shm", "-journal")
SETTLE_SECONDS = 1.0
UNENDED_SECONDS = 2.0
BLOCK = 65536
LONGEST_LINE = 16 * 1024**2
PROJECT = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")

_SORTS = {
    stat.S_IFLNK: "it is a symbolic link; copy the file itself",
    stat.S_IFIFO: "it is a pipe, not a file",
    stat.S_IFSOCK: "it is a socket, not a file",
    stat.S_IFCHR: "it is a device, not a file",
    stat.S_IFBLK: "it is a device, not a file",
    stat.S_IFDIR: "it is a folder; files lie directly in a project's folder",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A file whose first `offset` bytes are whole. `identity` changes when other content takes its place."""

    project: str
    name: str
    path: Path
    offset: int
    identity: int


@dataclass(frozen=True, slots=True)
class Look:
    """What looking at a path gave: a file to take, a reason to refuse or to ignore it, or when to look again."""

    found: Found | None = None
    refused: str | None = None
    ignored: str | None = None
    again: float | None = None


@dataclass(slots=True)
class _Seen:
    signature: tuple[int, int, int]
    since: float
    offset: int


class Inbox:
    """Remembers what each file was like when last looked at; `clock` gives seconds that never go back."""

    def __init__(self, root: Path, largest: int, clock: Callable[[], float]) -> None:
        self.root = root
        self._largest = largest
        self._clock = clock
        self._seen: dict[Path, _Seen] = {}

    def walk(self) -> Iterator[Path]:
        """Every path that has to be looked at: new ones and those that changed since."""
        present: set[Path] = set()
        for folder in sorted(self.root.iterdir()):
            inside = sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else [folder]
            present.update(inside)
            yield from (path for path in inside if self._changed(path))
        for path in self._seen.keys() - present:
            del self._seen[path]

    def look(self, path: Path) -> Look:
        """Judge one path as it is now."""
        if _is_unfinished(path.name):
            return Look(ignored="its name says that it is hidden or still being written")
        try:
            status = path.lstat()
        except FileNotFoundError:
            self._seen.pop(path, None)
            return Look()
        if path.parent == self.root and stat.S_ISDIR(status.st_mode):
            named_well = PROJECT.fullmatch(path.name)
            return (
                Look() if named_well else Look(refused="a project folder's name is of a-z, 0-9, dot, dash, underscore")
            )
        if (reason := self._refusal(path, status)) is not None:
            self._remember(path, status)
            return Look(refused=reason)
        return self._measure(path, status)

    def _refusal(self, path: Path, status: os.stat_result) -> str | None:
        if not is_text(path.name):
            return "its name is not UTF-8 text; give it another one"
        if path.parent.parent != self.root or path.parent.is_symlink():
            return "it lies outside a project's folder; make one, such as inbox/my-project/"
        if not stat.S_ISREG(status.st_mode):
            return _SORTS.get(stat.S_IFMT(status.st_mode), "it is not a regular file")
        if status.st_nlink > 1:
            return "it has several names (hard links); copy the file itself"
        if status.st_size > self._largest:
            return f"it is larger than {self._largest // 1024**2} MB, the most that is taken"
        if not PROJECT.fullmatch(path.parent.name):
            return "a project folder's name is of a-z, 0-9, dot, dash, underscore"
        return None

    def _measure(self, path: Path, status: os.stat_result) -> Look:
        known = self._remember(path, status)
        still = self._clock() - known.since
        growing = is_growing(path.name)
        if EVENTS in path.name:
            whole, ended = status.st_size, True
        elif growing:
            whole, ended = _whole_lines(path, status.st_size, known.offset)
        else:
            whole, ended = status.st_size, False
        wait = (UNENDED_SECONDS if growing else SETTLE_SECONDS) - still
        settled = ended or wait <= 0
        if growing and settled and not ended and _is_complete(path, whole, status.st_size):
            whole = status.st_size
        known.offset = whole
        taken = whole > 0 and (growing or settled)
        found = Found(path.parent.name, path.name, path, whole, _identity(status, growing)) if taken else None
        return Look(found=found, again=None if settled else max(wait, 0.01))

    def _remember(self, path: Path, status: os.stat_result) -> _Seen:
        signature = _signature(status)
        known = self._seen.get(path)
        if known is None or known.signature[0] != signature[0] or status.st_size < known.offset:
            known = self._seen[path] = _Seen(signature, self._clock(), 0)
        elif known.signature != signature:
            known.signature, known.since = signature, self._clock()
        return known

    def _changed(self, path: Path) -> bool:
        known = self._seen.get(path)
        try:
            return known is None or known.signature != _signature(path.lstat())
        except FileNotFoundError:
            return False


def _is_unfinished(name: str) -> bool:
    return name.startswith(".") or name.lower().endswith(UNFINISHED)


def is_growing(name: str) -> bool:
    """Whether a file of this name is followed while it grows, rather than taken whole."""
    return Path(name).suffix.lower() in GROWING or EVENTS in name


def is_text(name: str) -> bool:
    """Whether a name is text: the kernel allows any bytes, which Python shows as surrogates that nothing can store."""
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _signature(status: os.stat_result) -> tuple[int, int, int]:
    return (status.st_ino, status.st_size, status.st_mtime_ns)


def _identity(status: os.stat_result, growing: bool) -> int:
    """A followed file stays itself while it grows; a file taken whole is another one once it was written again."""
    return status.st_ino if growing else zlib.crc32(f"{status.st_ino} {status.st_mtime_ns}".encode())


def _whole_lines(path: Path, size: int, known: int) -> tuple[int, bool]:
    """The byte after the last line end before `size`, at least `known`; and whether nothing comes after it."""
    with open_regular(path) as file:
        end = size
        while end > known:
            start = max(known, end - BLOCK)
            file.seek(start)
            position = file.read(end - start).rfind(b"\n")
            if position >= 0:
                whole = start + position + 1
                return whole, whole == size
            end = start
    return known, known == size


def open_regular(path: Path) -> BinaryIO:
    """Open what was just seen to be a regular file; a link or a pipe put in its place meanwhile fails or is empty."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def _is_complete(path: Path, whole: int, size: int) -> bool:
    """Whether a last line without its end can be taken: JSON shows it; of a table it is believed after the pause."""
    if path.suffix.lower() in TABLES:
        return True
    if size - whole > LONGEST_LINE:
        return False
    with open_regular(path) as file:
        file.seek(whole)
        try:
            json.loads(file.read(size - whole))
        except (ValueError, RecursionError):
            return False
    return True
