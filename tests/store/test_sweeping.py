"""Files go when nothing needs them, and never while somebody is about to."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from engine.store.sweeping import still_there, sweep

OLD = 100_000.0


def put(folder: Path, text: str, age: float = OLD, suffix: str = ".npz") -> Path:
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()}{suffix}"
    path.write_text(text)
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def twice(folder: Path, needed: set[str], grace: float = 1000.0) -> int:
    first = sweep(folder, needed, time.time() - grace, ())
    assert first.files == 0, "nothing goes at first sight"
    return sweep(folder, needed, time.time() - grace, first.unneeded).files


def test_only_what_nothing_needs_and_nobody_touched_goes(tmp_path: Path) -> None:
    needed, gone, fresh = put(tmp_path, "needed"), put(tmp_path, "gone"), put(tmp_path, "fresh", age=10)
    kept = [needed, fresh, tmp_path / "notes.txt", tmp_path / f"{'A' * 64}.npz"]
    for path in kept[2:]:
        path.write_text("not ours")
        os.utime(path, (1, 1))
    assert twice(tmp_path, {needed.stem}) == 1
    assert not gone.exists()
    assert all(path.exists() for path in kept)
    assert twice(tmp_path / "absent", set()) == 0


def test_what_is_found_again_begins_anew(tmp_path: Path) -> None:
    path = put(tmp_path, "one")
    first = sweep(tmp_path, (), time.time() - 1000, ())
    assert still_there(path)
    assert sweep(tmp_path, (), time.time() - 1000, first.unneeded).files == 0
    assert path.exists()
    assert not still_there(tmp_path / "absent")
    assert not still_there(tmp_path / "no folder" / "absent")


def test_a_clock_that_jumped_takes_nothing(tmp_path: Path) -> None:
    seen = sweep(tmp_path, (), time.time() - 1000, ()).unneeded
    path = put(tmp_path, "just written", age=0)
    in_a_month = time.time() + 30 * 86_400
    assert sweep(tmp_path, (), in_a_month, seen).files == 0
    assert path.exists()


def test_a_file_that_was_found_is_never_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody looks in the very moment in which a sweep has decided: they wait, and are told that it is gone."""
    path, told = put(tmp_path, "one"), []
    finder = threading.Thread(target=lambda: told.append(still_there(path)))
    unlink = Path.unlink

    def unlink_late(self: Path) -> None:
        finder.start()
        finder.join(0.2)
        unlink(self)

    monkeypatch.setattr(Path, "unlink", unlink_late)
    assert sweep(tmp_path, (), time.time() - 1000, {path.name}).files == 1
    finder.join()
    assert told == [False]
