"""The disk follows the store: what no version needs goes after a while, and nothing that one needs ever does."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import pytest

from engine.actions import datasets, maintenance, runs
from engine.analysis import ANALYSES, expected
from engine.queries import states
from engine.queries.results import answer_of
from engine.queries.states import observed
from engine.store.blobs import keep
from engine.store.datasets import adopt_segment, existing_segment, segment_path, state_path, write_state
from jobs import upkeep
from jobs.upkeep import Upkeep
from jobs.work import perform
from tests.processes.here import Here
from tests.processes.scores import append, dataset, lines
from tests.store.people import digest, person

YEAR = 365 * 86_400
CALIBRATION = ANALYSES["calibration"]


@pytest.fixture
def path(home) -> Path:
    return home.inbox / "p" / "a.jsonl"


@pytest.fixture
def replaced(path, monkeypatch) -> tuple[str, str]:
    """Old and new segment of a file that was replaced; the old version is not kept."""
    monkeypatch.setattr(maintenance, "VERSIONS_KEPT", 1)
    old = read(path, 0)
    path.unlink()
    new = read(path, 5)
    assert old != new
    return old, new


def read(path: Path, tick: int) -> str:
    append(path, lines(tick, tick + 2))
    datasets.receive_inbox("p", path.name, path, path.stat().st_size, inode=path.stat().st_ino)
    work = runs.claim("me")
    assert work is not None
    perform(work, Here())
    found = dataset("p", path.name)
    assert found is not None
    return str(found["manifest"][-1])


def age(*folders: Path) -> None:
    for folder in folders:
        for path in folder.glob("*"):
            os.utime(path, (time.time() - YEAR, time.time() - YEAR))


def default_state(sha256: str) -> Path:
    return state_path(observed(CALIBRATION, CALIBRATION.parameters()).key(sha256))


def files_of_a_segment() -> int:
    """Its rows, and a state for each observation that some analysis concludes from."""
    return 1 + len({analysis.observed for analysis in expected(dataset("p", "a.jsonl")["report"])})


def test_what_no_version_holds_goes_after_a_while(home, replaced):
    old, new = replaced
    tidy = Upkeep()
    for _ in range(3):
        tidy()
    assert existing_segment(old), "its row is gone, its file is not: somebody may be reading it"
    age(home.segments, home.states)
    freed = tidy()
    assert (freed.files, freed.missing) == (files_of_a_segment(), 0)
    assert freed.size > 0
    assert not segment_path(old).exists()
    assert not default_state(old).exists()
    assert existing_segment(new)
    states._folds.clear()
    assert answer_of([new], {"kind": "comparison"})["rows"] == dataset("p", "a.jsonl")["answer"]["rows"]


def test_a_round_that_is_cut_short_is_made_good(home, replaced, monkeypatch):
    """Rows first: whoever dies between row and file leaves a file too many, never a row too many."""
    tidy = Upkeep()
    with monkeypatch.context() as patch:
        patch.setattr(upkeep, "sweep", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tidy()
    assert existing_segment(replaced[0])
    age(home.segments, home.states)
    fresh = Upkeep()
    assert fresh().files == 0, "nothing goes at first sight"
    assert fresh().files == files_of_a_segment()


def test_what_was_left_without_a_row_is_found(home, path):
    """A runner died after it wrote a segment, a server after it kept an original."""
    kept = read(path, 0)
    written = home.segments / "new"
    written.write_text("rows")
    orphan, _size = adopt_segment(written)
    received = home.uploads / "upload"
    received.write_text("rows")
    original = keep(received, digest("rows"))
    write_state(digest("state"), b"of an older program")
    tidy = Upkeep()
    tidy()
    assert tidy().files == 0, "they are young"
    age(home.segments, home.states, home.blobs)
    assert tidy().files == 3
    assert not segment_path(orphan).exists()
    assert not original.exists()
    assert existing_segment(kept)
    assert default_state(kept).is_file()


def test_content_that_comes_again_stays(home, replaced):
    old, _new = replaced
    tidy = Upkeep()
    tidy()
    age(home.segments)
    again = home.segments / "again"
    again.write_bytes(existing_segment(old).read_bytes())
    assert adopt_segment(again)[0] == old
    tidy()
    assert existing_segment(old)


def test_states_that_somebody_asked_for_stay_with_their_segments(home, path):
    sha256 = read(path, 0)
    what = observed(CALIBRATION, CALIBRATION.parameters.parse({"scale": 5.0}))
    write_state(what.key(sha256), b"asked for")
    dataset_id = dataset("p", "a.jsonl")["id"]
    asked = {"analysis": what.analysis.name, "observe": dict(what.observe), "segments": [sha256]}
    runs.request(person(), dataset_id, "observe", asked)
    age(home.states)
    tidy = Upkeep()
    tidy()
    assert tidy().files == 0
    assert state_path(what.key(sha256)).is_file()


def test_a_segment_that_is_missing_is_named_once(home, path, caplog):
    segment_path(read(path, 0)).unlink()
    tidy = Upkeep()
    with caplog.at_level(logging.ERROR, "foreman"):
        assert [tidy().missing, tidy().missing] == [1, 1]
    assert [record.message.split(";")[0] for record in caplog.records] == ["1 segments are missing on disk"]
