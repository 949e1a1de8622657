"""The audits that the faults are judged by see what is missing, doubled, changed, unfinished or never told."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from benchmarks.faults import reckoning, said
from benchmarks.faults.case import Fault, Round, Skipped, perform
from benchmarks.faults.installation import Installation
from benchmarks.faults.table import HEAD, keep
from benchmarks.faults.uploads import strays
from engine.actions import datasets, runs, views
from engine.settings import Settings
from engine.store.engine import get_store
from engine.types import Who
from jobs import work
from tests.processes.conftest import installed
from tests.processes.here import Here
from tests.web.serving import register


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Settings]:
    with installed(tmp_path / "home") as settings:
        yield settings


@pytest.fixture
def kept(tmp_path: Path) -> Round:
    return Round(1, random.Random(1), tmp_path)


def read(home: Settings, first: int, count: int) -> None:
    path = home.inbox / "faults" / "a.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(said.lines(first, count))
    datasets.receive_inbox("faults", path.name, path, path.stat().st_size, inode=path.stat().st_ino)
    perform_next()


def perform_next() -> None:
    claimed = runs.claim("me")
    assert claimed is not None
    work.perform(claimed, Here())


def change(statement: str) -> None:
    with get_store().writer.begin() as connection:
        connection.execute(text(statement))


def audited(kept: Round, home: Settings, lines: int) -> str:
    said.audit_lines(kept, "faults", "a.jsonl", lines)
    said.audit_runs(kept)
    said.audit_store(kept, home.home)
    return "; ".join(kept.failures)


def test_a_store_as_it_should_be_has_no_failures(home: Settings, kept: Round) -> None:
    read(home, 0, 12)
    read(home, 12, 5)
    assert audited(kept, home, 17) == ""


def test_a_line_that_is_not_there_is_missed(home: Settings, kept: Round) -> None:
    read(home, 0, 12)
    assert "1 of 13 acknowledged lines are missing, from line [13]" in audited(kept, home, 13)


def test_a_segment_that_counts_twice_is_seen(home: Settings, kept: Round) -> None:
    read(home, 0, 12)
    manifest = "SELECT json_insert(manifest, '$[#]', json_extract(manifest, '$[0]')) FROM version"
    change(f"UPDATE version SET manifest = ({manifest})")
    assert "12 lines are there twice" in audited(kept, home, 12)


def test_a_line_never_sent_and_one_with_other_content_are_seen(home: Settings, kept: Round) -> None:
    read(home, 0, 12)
    assert "1 lines were never sent, from line [12]" in audited(kept, home, 11)
    said.audit_lines(kept, "faults", "a.jsonl", 12, first=1)
    assert "12 lines hold something else" in kept.failures[-1]


@pytest.fixture
def done(home: Settings) -> reckoning.Acknowledged:
    """Everything that people do, acknowledged and read."""
    read(home, 0, 12)
    who = Who(register("auditor").who.user_id, "auditor", "admin")
    content = said.lines(100, 7)
    upload = home.uploads / "u"
    upload.parent.mkdir(parents=True, exist_ok=True)
    upload.write_bytes(content)
    taken = datasets.receive_upload(who, "faults", "u", upload, hashlib.sha256(content).hexdigest(), len(content))
    perform_next()
    views.save(who, "faults", "mine", "calibration", "a=1")
    return reckoning.Acknowledged(
        lines=Counter({"a.jsonl": 12}), first={"a.jsonl": 0}, uploads={taken.dataset_id: content}, views={"mine": "a=1"}
    )


@pytest.mark.parametrize(
    ("statement", "said_so"),
    [
        ("SELECT 1", ""),
        ("UPDATE saved_view SET query = 'a=0'", "1 of 1 acknowledged views are missing"),
        ("DELETE FROM saved_view", "1 of 1 acknowledged views are missing"),
        ("UPDATE dataset SET content = NULL, source = 'x' WHERE content IS NOT NULL", "is not what was sent"),
        ("UPDATE version SET manifest = '[]' WHERE dataset_id = 2", "holds 0 of 7 rows"),
        ("UPDATE version SET manifest = (SELECT manifest FROM version WHERE dataset_id = 1)", "or other ones"),
        ('UPDATE run SET state = \'failed\', error = \'{"code": "time", "message": "x"}\'', "is failed (time)"),
        ("UPDATE version SET run_id = NULL", "has 0 results"),
        ("UPDATE dataset SET source = 'b.jsonl' WHERE source IS NOT NULL", "a.jsonl is not known"),
    ],
)
def test_what_was_acknowledged_and_is_not_there_is_seen(
    home: Settings, kept: Round, done: reckoning.Acknowledged, statement: str, said_so: str
) -> None:
    change(statement)
    reckoning.audit(kept, Installation(home.home), done)
    found = "; ".join(kept.failures)
    assert said_so in found if said_so else found == ""


def test_an_original_that_changed_and_a_dropped_file_that_vanished_are_seen(
    home: Settings, kept: Round, done: reckoning.Acknowledged
) -> None:
    done.batches["0.jsonl"] = (0, 60)
    for path in home.blobs.iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    reckoning.audit(kept, Installation(home.home), done)
    assert "the dropped file 0.jsonl is not known" in kept.failures
    assert any("is not what was sent" in failure for failure in kept.failures)


def test_a_file_that_is_none_of_the_products_own_is_a_stray(home: Settings) -> None:
    read(home, 0, 3)
    assert strays(home.home.parent, home.home) == []
    (home.blobs).mkdir(exist_ok=True)
    for name in ("x.jsonl", "blobs/passwd", "uploads/../../y", "datasets/states/a.npz"):
        path = home.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    assert len(strays(home.home.parent, home.home)) == 4


@pytest.mark.parametrize(
    ("statement", "said_so"),
    [
        ("UPDATE run SET state = 'running'", "is still running"),
        ("UPDATE run SET state = 'failed'", "failed without a reason"),
        ("UPDATE run SET finished_at = '2099' || substr(finished_at, 5)", "limit 60 s"),
        ("DELETE FROM event", "were never told"),
        ("INSERT INTO event SELECT id + 1000, project, topic, kind, body, at FROM event", "told twice"),
    ],
)
def test_a_run_that_did_not_end_as_it_should_is_seen(home: Settings, kept: Round, statement: str, said_so: str) -> None:
    read(home, 0, 12)
    change(statement)
    assert said_so in audited(kept, home, 12)


def test_a_fault_that_raises_failed_and_one_that_cannot_be_done_says_so() -> None:
    def broken(_kept: Round) -> None:
        raise ZeroDivisionError("oops")

    def impossible(_kept: Round) -> None:
        raise Skipped("needs root")

    assert perform(Fault("1", "a", 1, 1, broken), 1, 1).failures == ["ZeroDivisionError: oops"]
    assert perform(Fault("1", "a", 1, 1, impossible), 1, 1).notes == ["skipped: needs root"]


def test_a_row_done_again_takes_the_place_of_the_old_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in ("benchmarks.faults.table", "benchmarks.measure"):
        monkeypatch.setattr(f"{module}.RESULTS", tmp_path)
    first, second = (Fault(number, f"what {number}", 1, 1, lambda _kept: None) for number in ("7", "8"))
    done = Round(1, random.Random(1), tmp_path, runs=3)
    for fault in (second, first, second):
        keep(fault, done, ["7", "8"])
        done.failures.append("a | b")
    rows = [line for line in (tmp_path / "faults.md").read_text().splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0].strip("| ") for row in rows] == [HEAD[0], "7", "8"]
    assert rows[1].split(" | ")[3] == "1"
    assert rows[2].split(" | ")[3] == "2"


def test_time_counts_from_the_last_kill_where_nothing_works_in_between(home: Settings, kept: Round) -> None:
    read(home, 0, 12)
    change("UPDATE run SET requested_at = '2020-01-01T00:00:00.000000+00:00'")
    said.audit_runs(kept)
    assert len(kept.failures) == 1
    said.audit_runs(kept, struck=[datetime(2020, 1, 2, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)])
    assert len(kept.failures) == 2
    said.audit_runs(kept, struck=[datetime.now(UTC) - timedelta(seconds=50)])
    assert len(kept.failures) == 2
