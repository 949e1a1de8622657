"""From a file or bytes to blocks of whole UTF-8 lines: unpacking, encodings and everything that is refused on sight."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from engine.errors import InputRefused, LimitExceeded
from engine.formats.limits import MIB, Limits

BLOCK = 8 * MIB

_GZIP = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"
_BINARY: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "archive_not_read", "a zip archive within another: unpack it"),
    (b"\xd0\xcf\x11\xe0", "archive_not_read", "an old or locked workbook (xls): save it as xlsx, or the sheet as CSV"),
    (b"(\xb5/\xfd", "archive_not_read", "zstd-compressed: unpack it, or compress with gzip"),
    (b"BZh", "archive_not_read", "bzip2-compressed: unpack it, or compress with gzip"),
    (b"\xfd7zXZ", "archive_not_read", "xz-compressed: unpack it, or compress with gzip"),
    (b"7z\xbc\xaf", "archive_not_read", "a 7z archive: unpack it first"),
    (b"\x93NUMPY", "binary_not_read", "a NumPy array file: save the columns as Parquet or CSV"),
    (b"\x89HDF", "binary_not_read", "an HDF5 file: save the table as Parquet or CSV"),
    (b"SQLite format 3", "binary_not_read", "a packed SQLite database: unpack it first"),
    (b"ARROW1", "binary_not_read", "an Arrow file: save it as Parquet"),
    (b"\x7fELF", "binary_not_read", "a program"),
    (b"%PDF", "binary_not_read", "a PDF document"),
)


OF_FILES = "this is an archive: each of its files is a dataset of its own"


@dataclass
class Source:
    """An open file: its name for messages, its raw stream and how far it has been read.

    `offset` is where reading starts (followed files); `complete_only` leaves a last line without its newline unread,
    unless `until` says up to which byte the file is whole.
    """

    stream: IO[bytes]
    name: str
    size: int
    limits: Limits
    offset: int = 0
    complete_only: bool = False
    until: int | None = None
    packed: bool = False
    encoding: str = "utf-8"
    consumed: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)

    def refuse(self, message: str, code: str, line: int | None = None, field: str | None = None) -> InputRefused:
        """The error that refuses this file."""
        return InputRefused(f"{self.name}: {message}", code=code, file=self.name, line=line, field=field)

    def exceeds(self, message: str, code: str, line: int | None = None) -> LimitExceeded:
        """The error that stops reading this file at a limit."""
        return LimitExceeded(f"{self.name}: {message}", code=code, file=self.name, line=line)

    def progress(self) -> float:
        """The share of the file's bytes that has been read."""
        try:
            return min(1.0, self.stream.tell() / self.size) if self.size else 1.0
        except ValueError:
            return 1.0


def open_source(source: Path | bytes, name: str, limits: Limits) -> Source:
    """Open a file or bytes.

    Raises:
        InputRefused: the path is not a regular, readable file, or it is empty.
    """
    if isinstance(source, bytes):
        opened = Source(io.BytesIO(source), name, len(source), limits)
    else:
        if not source.is_file():
            raise InputRefused(f"{name}: not a regular file", code="not_a_file", file=name)
        try:
            opened = Source(source.open("rb"), name, source.stat().st_size, limits)
        except OSError as error:
            raise InputRefused(f"{name}: cannot be opened", code="not_a_file", file=name) from error
    if opened.size == 0:
        opened.stream.close()
        raise opened.refuse("the file is empty", "empty_file")
    return opened


def head_of(source: Source, size: int = 64) -> bytes:
    """The first bytes of the raw stream, left unread."""
    source.stream.seek(0)
    head = source.stream.read(size)
    source.stream.seek(0)
    return head


def is_parquet(source: Source) -> bool:
    """Whether the stream is a Parquet file."""
    return head_of(source, 4) == b"PAR1"


def is_zip(source: Source) -> bool:
    """Whether the stream is a zip archive, as workbooks are."""
    return head_of(source, 4) == b"PK\x03\x04"


def is_tar_head(head: bytes) -> bool:
    """Whether these first 512 bytes begin a tar archive."""
    return head[257:262] == b"ustar"


def unpacked(source: Source) -> IO[bytes]:
    """The content of a gzip stream from its start, bounded."""
    source.stream.seek(0)
    return _Unpacked(source)  # type: ignore[return-value]


def unpack(source: Source) -> None:
    """Replace a gzip stream by its content, bounded; refuse archives within archives and binary files.

    Raises:
        InputRefused: a kind of file that is not read.
    """
    head = head_of(source, 512)
    if is_tar_head(head):
        raise source.refuse(OF_FILES, "archive_of_files")
    if head.startswith(_GZIP):
        source.packed = True
        inner = _Unpacked(source)
        start = inner.read(512)
        if is_tar_head(start):
            raise source.refuse(OF_FILES, "archive_of_files")
        if start.startswith(_GZIP):
            raise source.refuse("an archive within an archive is not read", "nested_archive")
        if start.startswith(b"PAR1"):
            source.stream = io.BytesIO(start + _all(inner, source))
            return
        _refuse_binary(source, start)
        inner.push_back(start)
        source.stream = inner  # type: ignore[assignment]
        return
    _refuse_binary(source, head)


def _all(inner: _Unpacked, source: Source) -> bytes:
    parts, total = [], 0
    while part := inner.read(BLOCK):
        total += len(part)
        if total > source.limits.document_bytes:
            raise source.exceeds("a packed Parquet file has to be unpacked first", "too_large")
        parts.append(part)
    return b"".join(parts)


def _refuse_binary(source: Source, head: bytes) -> None:
    for magic, code, what in _BINARY:
        if head.startswith(magic):
            raise source.refuse(f"this is {what}", code)
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05" and len(head) > 2:
        raise source.refuse("a Python pickle is never opened: it can run code", "pickle_refused")


class _Unpacked:
    """A gzip stream that stops as soon as what comes out is out of proportion to what goes in."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._raw = source.stream
        self._gzip = gzip.GzipFile(fileobj=source.stream, mode="rb")
        self._out = 0
        self._pushed = b""

    def push_back(self, data: bytes) -> None:
        self._pushed = data

    def read(self, size: int = -1) -> bytes:
        if self._pushed:
            pushed, self._pushed = self._pushed, b""
            return pushed
        try:
            data = self._gzip.read(size if size >= 0 else BLOCK)
        except (OSError, EOFError, zlib.error) as error:
            raise self._source.refuse("the gzip data are damaged or cut off", "archive_damaged") from error
        self._out += len(data)
        limits = self._source.limits
        taken = max(1, self._raw.tell())
        if self._out > limits.pack_free_bytes and self._out > limits.pack_ratio * taken:
            raise self._source.exceeds(f"unpacks to more than {limits.pack_ratio} times its size", "archive_bomb")
        return data

    def tell(self) -> int:
        return self._raw.tell()

    def close(self) -> None:
        self._gzip.close()
        self._raw.close()


def raw_blocks(source: Source) -> Iterator[bytes]:
    """The bytes of the stream from `source.offset` on, up to where the file is known to be whole.

    Raises:
        LimitExceeded: the whole is longer than the limits allow.
    """
    if source.offset:
        source.stream.seek(source.offset)
    total = 0
    while data := _more(source):
        total += len(data)
        if total > source.limits.total_bytes:
            raise source.exceeds("the unpacked file is larger than the limit", "too_large")
        yield data


# ------------------------------------------------------------------ text


def blocks(source: Source) -> Iterator[bytes]:
    """The text as UTF-8 blocks, each ending with a newline except perhaps the last; a JSON array is cut anywhere.

    Counts what was handed out in `source.consumed` (bytes of the raw stream where it is plain UTF-8).

    Raises:
        LimitExceeded: a line, or the whole, is longer than the limits allow.
        InputRefused: the file is not text.
    """
    carry: list[bytes] = []
    waiting = total = 0
    longest, anywhere = source.limits.line_bytes, False
    for data in _utf8(source):
        if not total and not source.offset:
            anywhere = data.lstrip()[:1] == b"["
            longest = source.limits.document_bytes if data.lstrip()[:1] == b"{" else longest
        total += len(data)
        if total > source.limits.total_bytes:
            raise source.exceeds("the unpacked file is larger than the limit", "too_large")
        cut = len(data) if anywhere else data.rfind(b"\n") + 1
        if cut == 0:
            carry.append(data)
            waiting += len(data)
            if waiting > longest:
                raise source.exceeds("a line is longer than the limit", "line_too_long")
            continue
        block = b"".join([*carry, memoryview(data)[:cut]])
        carry, waiting = [data[cut:]], len(data) - cut
        source.consumed += len(block)
        yield block
    rest = b"".join(carry)
    if rest and (source.until is not None or not source.complete_only):
        source.consumed += len(rest)
        yield rest


def _utf8(source: Source) -> Iterator[bytes]:
    """The text as UTF-8 in pieces, without a byte order mark; line ends of one carriage return become newlines."""
    old_mac = None
    for data in _pieces(source):
        if old_mac is None:
            old_mac = not source.offset and b"\r" in data and b"\n" not in data
        yield data.replace(b"\r", b"\n") if old_mac else data


def _pieces(source: Source) -> Iterator[bytes]:
    if source.offset:
        source.stream.seek(source.offset)
        while data := _more(source):
            yield data
        return
    first = _more(source)
    source.encoding = _encoding(first)
    if source.encoding == "utf-8":
        start = len(_UTF8_BOM) if first.startswith(_UTF8_BOM) else 0
        source.consumed += start
        _refuse_control(source, first)
        while first:
            yield first[start:]
            first, start = _more(source), 0
        return
    decoder = codecs.getincrementaldecoder(source.encoding)("strict")
    try:
        while first:
            yield decoder.decode(first).encode("utf-8", "replace").removeprefix(_UTF8_BOM)
            first = _more(source)
        yield decoder.decode(b"", True).encode("utf-8", "replace")
    except UnicodeError as error:
        raise source.refuse(f"not valid {source.encoding.upper()} text", "not_text") from error


def _more(source: Source) -> bytes:
    """The next bytes, up to where the file is known to be whole."""
    if source.until is None or source.packed:
        return source.stream.read(BLOCK)
    return source.stream.read(max(0, min(BLOCK, source.until - source.stream.tell())))


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = head[:256]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if len(sample) >= 4 and odd > len(sample) // 4 and even == 0:
        return "utf-16-le"
    if len(sample) >= 4 and even > len(sample) // 4 and odd == 0:
        return "utf-16-be"
    return "utf-8"


def _refuse_control(source: Source, head: bytes) -> None:
    """Refuse what is plainly no text: NUL bytes, or many control characters, at the start."""
    sample = head[:4096]
    controls = sum(byte < 32 and byte not in b"\t\n\r\x0b\x0c\x1b" for byte in sample)
    if b"\x00" in sample or controls > len(sample) // 20:
        raise source.refuse("this is no text, and no binary format that is read here", "not_text")
