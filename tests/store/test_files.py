"""Files on disk: whole or absent, named by content alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import NotFound, StoreUnavailable, UsageError
from engine.settings import get_settings
from engine.store import blobs, datasets, files
from engine.store.engine import close_store
from engine.store.migrate import migrate
from tests.store.fixtures import Installation
from tests.store.people import digest

SQLITE_ONLY = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)


@SQLITE_ONLY
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(name=st.text(max_size=80) | st.sampled_from(["../" * 20, "/etc/passwd", "a" * 64 + "/", "A" * 64, "\x00" * 64]))
def test_only_hashes_name_files(installation: Installation, name: str) -> None:
    for place in (datasets.segment_path, datasets.state_path, datasets.fold_path, blobs.path_of, datasets.read_state):
        with pytest.raises(UsageError):
            place(name)


@SQLITE_ONLY
def test_a_failed_write_leaves_nothing(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    target = installation.settings.states / "file"
    files.write_atomic(target, b"before")

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(StoreUnavailable) as refused:
            files.write_atomic(target, b"after")
    assert refused.value.code == "store_full"
    assert target.read_bytes() == b"before"
    assert [path.name for path in target.parent.iterdir()] == ["file"]
    files.write_atomic(target, b"after")
    assert target.read_bytes() == b"after"


@SQLITE_ONLY
def test_content_is_on_disk_before_its_name(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (steps.append("sync"), sync(descriptor))[1])
    monkeypatch.setattr(Path, "replace", lambda self, to: (steps.append("name"), replace(self, to))[1])
    files.write_atomic(installation.settings.states / "file", b"content")
    assert steps == ["sync", "name", "sync"]


@SQLITE_ONLY
def test_a_state_is_written_once(installation: Installation) -> None:
    key = digest("state")
    assert datasets.read_state(key) is None
    datasets.write_state(key, b"first")
    datasets.write_state(key, b"second")
    assert datasets.read_state(key) == b"first"


@SQLITE_ONLY
def test_a_segment_is_its_content(installation: Installation) -> None:
    for _ in range(2):
        written = installation.settings.segments / "new"
        written.write_text("rows")
        assert datasets.adopt_segment(written) == (digest("rows"), 4)
    assert [path.name for path in installation.settings.segments.glob("*.parquet")] == [f"{digest('rows')}.parquet"]
    assert datasets.existing_segment(digest("rows")).read_text() == "rows"
    with pytest.raises(NotFound):
        datasets.existing_segment(digest("other"))


@SQLITE_ONLY
def test_an_original_is_kept_once(installation: Installation) -> None:
    for _ in range(2):
        upload = installation.settings.uploads / "upload"
        upload.write_text("rows")
        assert blobs.keep(upload, digest("rows")).read_text() == "rows"
        assert not upload.exists()
    assert blobs.path_of(digest("rows")).read_text() == "rows"
    with pytest.raises(NotFound):
        blobs.path_of(digest("other"))


def test_keys_tell_content_analysis_version_and_parameters_apart() -> None:
    base = ("a" * 64, "calibration", "1", {"scale": 1.0, "x": 2})
    others = [
        ("b" * 64, *base[1:]),
        (base[0], "other", *base[2:]),
        (*base[:2], "2", base[3]),
        (*base[:3], {"scale": 2.0}),
    ]
    keys = {datasets.state_key(*each) for each in [base, *others]}
    assert len(keys) == 5
    assert datasets.state_key(*base[:3], {"x": 2, "scale": 1.0}) in keys
    assert datasets.manifest_hash(["a", "b"]) != datasets.manifest_hash(["b", "a"])


@SQLITE_ONLY
def test_the_home_is_its_owners(installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUMBLINE_HOME", str(tmp_path / "new"))
    get_settings.cache_clear()
    migrate()
    close_store()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
