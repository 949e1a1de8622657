"""Archives of several files (zip, tar, tar.gz) and folders: which files they hold, each taken out alone and bounded.

Nothing is trusted: names that lead elsewhere, links, devices, locked files and archives within archives are refused by
name; what comes out is counted as it comes, never as the archive says. A file that is no data by its ending is left.
"""

from __future__ import annotations

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from engine.errors import PlumblineError
from engine.formats.limits import MIB, Limits
from engine.formats.source import Source, is_tar_head, is_zip, open_source, unpacked
from engine.formats.workbooks import is_workbook, open_parts
from engine.words import amount

LONGEST_NAME = 200
_PROGRAMS = (".py", ".ipynb", ".sh", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".lock", ".safetensors")
NO_DATA = frozenset(
    (".md", ".rst", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".html", ".htm", *_PROGRAMS),
)
DOCUMENTS = ("license", "licence", "readme", "notice", "copying", "authors", "makefile")
REFUSALS = {
    "link_refused": "it is a link; put the file itself into the archive",
    "locked": "it is locked with a password",
    "name_twice": "another file in the archive has its name",
    "nested_archive": "an archive within an archive is not read: unpack it",
    "no_regular_file": "it is no regular file",
    "unsafe_name": "its name leads out of the archive or cannot be shown",
}
"""Why a file is not taken out of an archive, as a sentence for people."""
_KINDS = {stat.S_IFLNK: "link_refused", 0: "", stat.S_IFREG: ""}


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive or folder: its name there, its size in bytes. `refused` says why it was not taken out.

    `path` is where its content lies: a temporary file of an archive's member, which goes when the next one comes.
    """

    name: str
    size: int
    path: Path | None = None
    refused: str = ""


def is_archive(path: Path) -> bool:
    """Whether a file is an archive of several files; a workbook is none, nor is a single packed file."""
    try:
        source = open_source(path, path.name, Limits())
    except PlumblineError:
        return False
    with source.stream:
        try:
            return _form(source) is not None
        except PlumblineError:
            return False


def is_data(name: str) -> bool:
    """Whether a file's name says nothing against its being data: hidden files, documents and pictures are none."""
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return not (hidden or path.suffix.lower() in NO_DATA or path.name.lower().startswith(DOCUMENTS))


def folder_members(folder: Path) -> list[Member]:
    """The data files in a folder and those below it, by name; links are not followed."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        inside = not any(each.is_symlink() for each in (path, *path.parents) if each.is_relative_to(folder))
        if path.is_file() and inside and is_data(name):
            found.append(Member(name, path.stat().st_size, path))
    return found


def archive_members(path: Path, name: str, into: Path, limits: Limits | None = None) -> Iterator[Member]:
    """The data files of an archive one after another, each in a file in the folder `into` until the next is asked for.

    Raises:
        InputRefused: no archive of files (`not_an_archive`), or a damaged one (`archive_damaged`).
        LimitExceeded: too many files (`too_many_files`), more bytes than the limit (`too_large`), or more than their
            packed size makes likely (`archive_bomb`).
    """
    source = open_source(path, name, limits or Limits())
    with source.stream:
        form = _form(source)
        if form is None:
            raise source.refuse("this is no archive of files", "not_an_archive")
        entries = _zipped(source) if form == "zip" else _tarred(source, packed=form == "tar.gz")
        yield from _Taking(source, into).each(entries)


def _form(source: Source) -> str | None:
    if is_zip(source):
        return None if is_workbook(open_parts(source)) else "zip"
    source.stream.seek(0)
    head = source.stream.read(512)
    source.stream.seek(0)
    if is_tar_head(head):
        return "tar"
    if head.startswith(b"\x1f\x8b"):
        start = unpacked(source).read(512)
        source.stream.seek(0)
        return "tar.gz" if is_tar_head(start) else None
    return None


# ------------------------------------------------------------------ entries


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file that an archive names: its content's stream, or why there is none."""

    name: str
    stream: IO[bytes] | None
    refused: str = ""


def _zipped(source: Source) -> Iterator[_Entry]:
    with _readable(source), zipfile.ZipFile(source.stream) as archive:
        for part in archive.infolist():
            kind = stat.S_IFMT(part.external_attr >> 16)
            refused = _KINDS.get(kind, "no_regular_file") if not part.is_dir() else ""
            if part.is_dir():
                continue
            if part.flag_bits & 1:
                refused = "locked"
            if refused or not is_data(part.filename):
                yield _Entry(part.filename, None, refused)
                continue
            with archive.open(part) as stream:
                yield _Entry(part.filename, stream)


def _tarred(source: Source, *, packed: bool) -> Iterator[_Entry]:
    stream = unpacked(source) if packed else source.stream
    with _readable(source), tarfile.open(fileobj=stream, mode="r|") as archive:
        for part in archive:
            if part.isdir():
                continue
            if part.issym() or part.islnk():
                yield _Entry(part.name, None, "link_refused")
            elif not part.isreg():
                yield _Entry(part.name, None, "no_regular_file")
            else:
                yield _Entry(part.name, archive.extractfile(part) if is_data(part.name) else None)


@contextmanager
def _readable(source: Source) -> Iterator[None]:
    try:
        yield
    except (PlumblineError, MemoryError, GeneratorExit):
        raise
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, OSError, EOFError, ValueError, RuntimeError) as error:
        raise source.refuse("the archive is damaged or packed in a way that is not read", "archive_damaged") from error


# ------------------------------------------------------------------ taking out


class _Taking:
    """Takes files out of one archive, counting files and bytes over all of them."""

    def __init__(self, source: Source, into: Path) -> None:
        self._source = source
        self._file = into / "member"
        self._bytes = 0
        self._seen: set[str] = set()

    def each(self, entries: Iterator[_Entry]) -> Iterator[Member]:
        for number, entry in enumerate(entries, 1):
            if number > self._source.limits.files:
                raise self._source.exceeds(f"more than {amount(self._source.limits.files, 'file')}", "too_many_files")
            name = safe_name(entry.name)
            refused = entry.refused or ("" if name else "unsafe_name") or ("name_twice" if name in self._seen else "")
            self._seen.add(name)
            if refused:
                yield Member(name or shown_name(entry.name), 0, None, refused)
            elif entry.stream is not None:
                try:
                    yield self._taken(name, entry.stream)
                finally:
                    self._file.unlink(missing_ok=True)

    def _taken(self, name: str, stream: IO[bytes]) -> Member:
        size = 0
        with self._file.open("wb") as out:
            while block := self._block(stream):
                size += len(block)
                self._count(len(block))
                out.write(block)
        nested = "nested_archive" if size and is_archive(self._file) else ""
        return Member(name, size, None if nested else self._file, nested)

    def _block(self, stream: IO[bytes]) -> bytes:
        with _readable(self._source):
            return stream.read(MIB)

    def _count(self, size: int) -> None:
        limits = self._source.limits
        self._bytes += size
        if self._bytes > limits.total_bytes:
            raise self._source.exceeds("the unpacked files are larger than the limit", "too_large")
        if self._bytes > limits.pack_free_bytes and self._bytes > limits.pack_ratio * self._source.size:
            raise self._source.exceeds(f"unpacks to more than {limits.pack_ratio} times its size", "archive_bomb")


def safe_name(name: str) -> str:
    """The name of a member as a relative path with slashes, or "" where it leads elsewhere or cannot be shown."""
    plain = name.replace("\\", "/").removeprefix("./")
    parts = plain.split("/")
    drive = len(parts[0]) == 2 and parts[0].endswith(":")
    bad = plain.startswith("/") or drive or any(part in ("", ".", "..") for part in parts)
    return "" if bad or len(plain) > LONGEST_NAME or not plain.isprintable() else plain


def shown_name(name: str) -> str:
    """A name that was refused, for a message."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:LONGEST_NAME])
