"""Segments and states on disk: immutable files by hash, shared by every dataset that holds the same content."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import NotFound
from engine.settings import get_settings
from engine.store.files import checked_hash, move_durably, sha256_of, write_atomic
from engine.store.sweeping import still_there


def manifest_hash(segments: Sequence[str]) -> str:
    """The hash of an ordered list of segments: it names a dataset's content at one version."""
    return hashlib.sha256("\n".join(segments).encode()).hexdigest()


def state_key(content: str, analysis: str, version: str, observe: Mapping[str, Any]) -> str:
    """The name of a state: what was observed (a segment's or a manifest's hash), by what, with which parameters."""
    described = json.dumps([content, analysis, version, dict(observe)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(described.encode()).hexdigest()


def segment_path(sha256: str) -> Path:
    """Where a segment lies, whether or not it is there yet."""
    return get_settings().segments / f"{checked_hash(sha256)}.parquet"


def existing_segment(sha256: str) -> Path:
    """Where a segment lies. Raises NotFound where it does not."""
    path = segment_path(sha256)
    if not path.is_file():
        raise NotFound(
            "A segment of this dataset is missing on disk. Restore it from a backup.", code="segment_missing"
        )
    return path


def adopt_segment(written: Path) -> tuple[str, int]:
    """Take a finished Parquet file into the store. Returns its hash and its size in bytes; `written` is gone then."""
    sha256, size = sha256_of(written), written.stat().st_size
    target = segment_path(sha256)
    if still_there(target):
        written.unlink()
    else:
        move_durably(written, target)
    return sha256, size


def state_path(key: str) -> Path:
    """Where the state of a segment lies, whether or not it is there yet."""
    return get_settings().states / f"{checked_hash(key)}.npz"


def fold_path(key: str) -> Path:
    """Where the folded state of a manifest lies: it can always be made again from the states of its segments."""
    return get_settings().states / "folds" / f"{checked_hash(key)}.npz"


def read_state(key: str) -> bytes | None:
    """The bytes of a segment's state, or None where it has not been observed."""
    return _read(state_path(key))


def write_state(key: str, content: bytes) -> None:
    """Keep a segment's state. Equal keys mean equal content, so one already there is left alone."""
    _write(state_path(key), content)


def read_fold(key: str) -> bytes | None:
    """The bytes of a manifest's state, or None where it has not been kept."""
    return _read(fold_path(key))


def write_fold(key: str, content: bytes) -> None:
    """Keep a manifest's state."""
    _write(fold_path(key), content)


def prune_folds(needed: Collection[str] = (), keep: int = 200) -> int:
    """Delete the folded states whose key is not `needed`, but for the newest. Returns how many went."""
    found = [path for path in (get_settings().states / "folds").glob("*.npz") if path.stem not in needed]
    folds = sorted(found, key=_modified, reverse=True)
    for path in folds[keep:]:
        path.unlink(missing_ok=True)
    return len(folds[keep:])


def write_result(dataset_id: int, content: bytes) -> None:
    """Keep the newest answer of a dataset, in place of the one before; it need not outlive a power cut."""
    path = _result_path(dataset_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    written.write_bytes(content)
    written.replace(path)


def read_result(dataset_id: int) -> bytes | None:
    """The answer that was kept of a dataset, if any."""
    return _read(_result_path(dataset_id))


def prune_results(known: Collection[int]) -> int:
    """Delete the answers kept of datasets that are not `known`. Returns how many went."""
    folder = get_settings().states.parent / "results"
    gone = [path for path in folder.glob("*.json") if not (path.stem.isdigit() and int(path.stem) in known)]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def _result_path(dataset_id: int) -> Path:
    return get_settings().states.parent / "results" / f"{int(dataset_id)}.json"


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(path: Path, content: bytes) -> None:
    if not still_there(path):
        write_atomic(path, content)
