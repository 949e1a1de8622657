"""What `np.savez` wrote is read as `np.load` reads it, and nothing else is."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pytest

from engine.analysis import npz

ARRAYS: dict[str, Any] = {
    "words": np.arange(5, dtype=np.uint64),
    "table": np.arange(12.0).reshape(3, 4),
    "across": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "nothing": np.zeros(0, np.int64),
    "no.columns": np.zeros((3, 0)),
    "bytes": np.frombuffer(b'{"head": 1}', np.uint8),
    "one": np.array(3),
    "other.end": np.arange(3, dtype=">i4"),
}


def _saved(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_it_gives_what_numpy_gives() -> None:
    saved = _saved(**ARRAYS)
    found = npz.read(saved)
    with np.load(io.BytesIO(saved), allow_pickle=False) as archive:
        assert list(found) == archive.files
        for name, read in found.items():
            known = archive[name]
            assert (read.dtype, read.shape, read.tobytes()) == (known.dtype, known.shape, known.tobytes()), name
            for flag in ("C_CONTIGUOUS", "F_CONTIGUOUS", "ALIGNED", "WRITEABLE"):
                assert read.flags[flag] == known.flags[flag], (name, flag)


def test_a_flipped_bit_is_noticed() -> None:
    saved = bytearray(_saved(**ARRAYS))
    at = saved.index(np.arange(12.0).tobytes())
    saved[at + 20] ^= 1
    with pytest.raises(zipfile.BadZipFile, match="table"):
        npz.read(bytes(saved))


def test_half_a_file_is_refused() -> None:
    with pytest.raises(zipfile.BadZipFile):
        npz.read(_saved(**ARRAYS)[:900])


def test_pickles_and_compressed_files_are_refused() -> None:
    with pytest.raises(ValueError, match="own objects"):
        npz.read(_saved(pickled=np.array([{}], dtype=object)))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, table=np.zeros(9))
    with pytest.raises(ValueError, match="compressed"):
        npz.read(buffer.getvalue())


def test_other_files_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("table.npy", b"no array")
    with pytest.raises(ValueError, match="no array"):
        npz.read(buffer.getvalue())
