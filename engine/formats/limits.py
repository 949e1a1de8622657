"""What a file may cost before reading it is refused."""

from __future__ import annotations

from dataclasses import dataclass

KIB, MIB, GIB = 1024, 1024**2, 1024**3


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one reading. Sizes are bytes.

    `total_bytes` bounds what a file unpacks to; `pack_ratio` is the compression above which, once `pack_free_bytes` are
    out, an archive counts as a bomb. A row longer than `row_bytes` is rejected; a line longer than `line_bytes` ends
    the reading, since its end cannot be looked for in bounded memory. `document_bytes` bounds JSON that has to be
    parsed whole. `batch_bytes` bounds the text one batch of a Parquet file may decode to. `files` bounds what an
    archive may hold.
    """

    total_bytes: int = 16 * GIB
    pack_ratio: int = 200
    pack_free_bytes: int = 32 * MIB
    row_bytes: int = MIB
    line_bytes: int = 16 * MIB
    document_bytes: int = 256 * MIB
    batch_bytes: int = 128 * MIB
    rows: int = 500_000_000
    columns: int = 4096
    depth: int = 100
    files: int = 1000
