"""Every run ends exactly once, whatever happens to its runner; cancelled work stops."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from engine.actions import datasets, people, runs
from engine.actions.projects import ensure
from engine.errors import Conflict, InputRefused
from engine.formats import read_table
from engine.settings import Settings
from engine.store import datasets as segments
from engine.store.engine import fetch
from engine.store.transaction import transaction
from engine.types import Who
from jobs import work as module
from jobs.children import ObserveDone, ReadDone
from jobs.owners import lives, my_name
from jobs.runner import Runner
from jobs.work import Way, perform, way_of
from tests.formats import log_samples, samples
from tests.processes.here import Here
from tests.processes.scores import append, dataset, lines, runs_of, taken
from tests.processes.waiting import until


def notice(home: Settings, name: str, rows: list[bytes], project: str = "p") -> datasets.Received:
    """Append lines to an inbox file and tell the store, as the foreman would."""
    path = home.inbox / project / name
    append(path, rows)
    status = path.stat()
    return datasets.receive_inbox(project, name, path, status.st_size, inode=status.st_ino)


def states() -> dict[str, int]:
    return dict(fetch("SELECT state, count(*) FROM run GROUP BY state"))


# ------------------------------------------------------------------ with processes


def test_a_runner_killed_in_the_middle_loses_nothing_and_does_nothing_twice(home, start):
    rows = lines(0, 400) * 12
    received = notice(home, "big.jsonl", rows)
    runner = start("runner")
    until(lambda: runs_of(received.dataset_id)[0][0] == "running", 60)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    assert runs_of(received.dataset_id)[0][0] == "running"
    start("runner")
    found = taken("p", "big.jsonl", len(rows), 90)
    assert [run[:2] for run in runs_of(received.dataset_id)] == [("done", 2)]
    assert found["version"] == 1
    assert fetch("SELECT count(*) FROM event WHERE kind = 'version'")[0][0] == 1


def test_two_runners_share_a_queue_and_do_each_run_once(home, start):
    for number in range(30):
        notice(home, f"{number}.jsonl", lines(number, number + 1))
    start("runner")
    start("runner")
    until(lambda: states() == {"done": 30}, 90)
    assert fetch("SELECT max(attempt), count(DISTINCT owner) FROM run")[0] == (1, 2)
    assert fetch("SELECT count(*), max(number) FROM version")[0] == (30, 1)


def test_an_idle_runner_costs_next_to_nothing(home, start):
    runner = start("runner")
    notice(home, "a.jsonl", lines(0, 1))
    taken("p", "a.jsonl", len(lines(0, 1)))

    def ticks() -> int:
        fields = Path(f"/proc/{runner.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    until(lambda: states() == {"done": 1})
    time.sleep(module.READ_SHARE)
    before = ticks()
    time.sleep(2.0)
    assert (ticks() - before) / os.sysconf("SC_CLK_TCK") / 2.0 < 0.04


# ------------------------------------------------------------------ with an executor that obeys


@dataclass
class Slow:
    """An executor that works until told to stop, as a child that reads a large file."""

    reading: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    cancelled: int = 0
    closing: bool = False
    backend: str = "child"

    def start(self) -> None: ...

    def stop(self) -> None:
        self.ended.set()

    def cancel(self) -> None:
        self.cancelled += 1
        self.ended.set()

    def read(self, path: Path, name: str, mapping: Any, out_dir: Path, **_: Any) -> ReadDone:
        self.reading.set()
        if not self.closing:
            self.ended.wait(30)
            self.ended.clear()
        raise Conflict("cancelled", code="cancelled")

    def printed(self) -> str:
        return ""

    def begin(self, run: str) -> None: ...

    def end(self) -> None: ...

    def observe(self, segment_path: Path, analysis: str, params: Any, out_path: Path, partial: Any) -> ObserveDone:
        raise AssertionError("nothing was read")


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def runner(home: Settings, slow: Slow) -> Iterator[Runner]:
    runner = Runner(my_name(), lambda: slow, slots=1, crash=lambda: None)
    stop = threading.Event()
    thread = threading.Thread(target=runner.run, args=[stop])
    thread.start()
    yield runner
    stop.set()
    slow.closing = True
    slow.ended.set()
    runner.wake.set()
    thread.join(10)
    until(lambda: not runner.slots[0].busy)
    assert not thread.is_alive()


def cancel(run_id: int) -> None:
    """What a person's cancellation does to the row."""
    with transaction() as tx:
        run = tx.session.get_one(runs.Run, run_id)
        run.state = "cancelled"


def test_a_cancelled_run_is_stopped_within_two_seconds(home, runner, slow):
    received = notice(home, "a.jsonl", lines(0, 1))
    assert slow.reading.wait(10)
    began = time.monotonic()
    cancel(received.run_id)
    until(lambda: slow.cancelled)
    assert time.monotonic() - began < 2
    until(lambda: not runner.slots[0].busy)
    assert states() == {"cancelled": 1}


def test_a_beat_comes_with_every_claim_and_goes_on(home, runner, slow, monkeypatch):
    monkeypatch.setattr("jobs.runner.BEAT_SECONDS", 0.05)
    received = notice(home, "a.jsonl", lines(0, 1))
    assert slow.reading.wait(10)
    beat = "SELECT beat_at FROM run WHERE id = :id"
    first = fetch(beat, {"id": received.run_id})[0][0]
    until(lambda: fetch(beat, {"id": received.run_id})[0][0] > first)


def test_a_run_given_to_another_owner_is_let_go(home, runner, slow):
    received = notice(home, "a.jsonl", lines(0, 1))
    assert slow.reading.wait(10)
    assert runs.requeue_lost([]) == [received.run_id]
    until(lambda: slow.cancelled)


# ------------------------------------------------------------------ one run at a time, in this process


@pytest.fixture
def child() -> Here:
    return Here()


def test_what_a_reading_cannot_take_fails_with_file_line_and_field(home, child):
    received = notice(home, "odd.jsonl", [b'{"apples": 1}\n'])
    perform(runs.claim("me"), child)
    ((state, attempt, error),) = runs_of(received.dataset_id)
    assert (state, attempt, error["file"]) == ("failed", 1, "odd.jsonl")
    assert dataset("p", "odd.jsonl")["version"] == 0


def test_a_mistake_of_ours_fails_by_name_and_tells_nothing_else(home, child, monkeypatch):
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("/secret/path")

    monkeypatch.setattr(module, "observe_found", broken)
    received = notice(home, "a.jsonl", lines(0, 1))
    perform(runs.claim("me"), child)
    ((state, _, error),) = runs_of(received.dataset_id)
    assert (state, error["code"]) == ("failed", "internal")
    assert "secret" not in json.dumps(error)


def test_a_run_lost_while_it_worked_changes_nothing(home, child):
    received = notice(home, "a.jsonl", lines(0, 1))
    work = runs.claim("first")
    runs.requeue_lost([])
    perform(work, child)
    assert dataset("p", "a.jsonl")["version"] == 0
    perform(runs.claim("second"), child)
    assert [run[:2] for run in runs_of(received.dataset_id)] == [("done", 2)]
    assert dataset("p", "a.jsonl")["version"] == 1


def test_a_cancellation_meant_for_the_run_before_is_done_again(home, child, monkeypatch):
    received = notice(home, "a.jsonl", lines(0, 1))
    work = runs.claim("me")
    read, calls = Here.read, []

    def first_cancelled(*args: Any, **named: Any) -> ReadDone:
        calls.append(1)
        if len(calls) == 1:
            raise Conflict("Reading was cancelled.", code="cancelled")
        return read(*args, **named)

    monkeypatch.setattr(Here, "read", first_cancelled)
    perform(work, child)
    assert runs_of(received.dataset_id)[0][0] == "done"
    assert len(calls) == 2


def test_an_upload_is_read_whole_from_the_originals(home, child, tmp_path):
    content = b"".join(lines(0, 3))
    sha256 = hashlib.sha256(content).hexdigest()
    upload = home.uploads / "1"
    upload.write_bytes(content)
    with transaction() as tx:
        ensure(tx, "p")
    ann = people.redeem_link(people.create_first_link(), "ann", "a hash")
    received = datasets.receive_upload(ann, "p", "scores.jsonl", upload, sha256, len(content))
    perform(runs.claim("me"), child)
    assert runs_of(received.dataset_id)[0][0] == "done"
    assert (home.blobs / sha256).read_bytes() == content
    assert not upload.exists()


def test_a_copy_adds_nothing_until_it_goes_its_own_way(home, child):
    for name in ("a.jsonl", "b.jsonl"):
        notice(home, name, lines(0, 2))
        perform(runs.claim("me"), child)
    copy = dataset("p", "b.jsonl")
    assert copy["version"] == 0
    assert runs_of(copy["id"])[0][2]["code"] == "same_content"
    assert "exactly what a.jsonl holds" in runs_of(copy["id"])[0][2]["message"]
    assert notice(home, "b.jsonl", []).run_id is None
    notice(home, "b.jsonl", lines(2, 3))
    perform(runs.claim("me"), child)
    assert dataset("p", "b.jsonl")["report"]["accepted"] == len(lines(0, 3))
    notice(home, "c.jsonl", lines(0, 2), project="another")
    perform(runs.claim("me"), child)
    assert dataset("another", "c.jsonl")["version"] == 1


def test_what_is_being_read_is_not_asked_for_again(home, child):
    received = notice(home, "a.jsonl", lines(0, 2))
    work = runs.claim("me")
    assert notice(home, "a.jsonl", []).run_id == received.run_id
    more = notice(home, "a.jsonl", lines(2, 3))
    assert more.run_id != received.run_id
    perform(work, child)
    perform(runs.claim("me"), child)
    assert [run[0] for run in runs_of(received.dataset_id)] == ["done", "done"]
    assert dataset("p", "a.jsonl")["report"]["accepted"] == len(lines(0, 3))


def test_scores_out_of_a_hundred_are_answered_on_their_scale(home, child):
    rows = [b'{"prompt_id": "q%d", "score": %d, "truth": %d}\n' % (i, 30 + i % 70, i % 2) for i in range(400)]
    notice(home, "judge.jsonl", rows)
    perform(runs.claim("me"), child)
    found = dataset("p", "judge.jsonl")
    assert found["report"]["scale"] == 100
    assert 0 < found["answer"]["estimates"]["mean_score"]["value"] < 1


# ------------------------------------------------------------------ how to go on


def claimed(source: str = "a.jsonl", **changes: Any) -> runs.Work:
    fields: dict[str, Any] = {
        "run_id": 1, "owner": "me", "attempt": 1, "kind": "read", "params": {"offset": 20, "inode": 7}, "project": "p",
        "simulated": False, "dataset_id": 1, "name": source, "content": None, "source": source, "mapping": {},
        "follow": {"offset": 9, "inode": 7, "state": {"offset": 9}}, "version": 1, "manifest": ("s",), "report": {},
    }  # fmt: skip
    return runs.Work(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "way"),
    [
        ({}, Way({"offset": 9}, replace=False)),
        ({"params": {"offset": 5, "inode": 7}}, Way({}, replace=True)),
        ({"params": {"offset": 20, "inode": 8}}, Way({}, replace=True)),
        ({"params": {"offset": 20, "inode": 7, "replace": True}}, Way({}, replace=True)),
        ({"params": {"replace": True}}, Way({}, replace=True)),
        ({"follow": {}}, Way({}, replace=True)),
        ({"source": "a.json"}, Way(None, replace=True)),
        ({"source": None, "content": "ab"}, Way(None, replace=True)),
    ],
)
def test_a_followed_file_goes_on_unless_it_was_cut_replaced_or_mapped_anew(home, changes, way):
    append(home.inbox / "p" / "a.jsonl", [b'{"a": 1}\n'] * 3)
    assert way_of(claimed(**changes)) == way


def test_a_line_that_went_on_is_read_again(home):
    append(home.inbox / "p" / "a.csv", [b"a\n1\n2.5\n"])
    assert way_of(claimed("a.csv", follow={"offset": 5, "inode": 7, "state": {"offset": 5}})).replace
    assert not way_of(claimed("a.csv", follow={"offset": 4, "inode": 7, "state": {"offset": 4}})).replace


def test_records_of_event_files_have_no_lines_to_be_inside_of(home):
    name = "events.out.tfevents.1.host.1.0"
    append(home.inbox / "p" / name, [b"abcdefgh"])
    state = {"offset": 5, "container": "tensorboard"}
    assert not way_of(claimed(name, follow={"offset": 5, "inode": 7, "state": state})).replace


def test_a_replacement_only_the_reader_notices_is_read_from_the_start(home, child, monkeypatch):
    received = notice(home, "a.jsonl", lines(0, 2))
    perform(runs.claim("me"), child)
    ways: list[Way] = []
    once = module._read_once

    def refuses_to_follow(work: runs.Work, executor: Any, folder: Path, way: Way) -> ReadDone:
        ways.append(way)
        if not way.replace:
            raise InputRefused("replaced", code="file_replaced")
        return once(work, executor, folder, way)

    monkeypatch.setattr(module, "_read_once", refuses_to_follow)
    notice(home, "a.jsonl", lines(2, 3))
    perform(runs.claim("me"), child)
    assert [way.replace for way in ways] == [False, True]
    assert len(dataset("p", "a.jsonl")["manifest"]) == 1
    assert runs_of(received.dataset_id)[-1][0] == "done"


# ------------------------------------------------------------------ owners


def test_an_owner_lives_as_long_as_its_process():
    me = my_name()
    assert lives(me)
    assert not lives(me + "0")
    assert not lives(f"{me.split(':')[0]}:999999999:1")
    assert lives("another-host:1:1")


def test_a_run_claimed_while_owners_are_judged_keeps_its_owner(home):
    received = notice(home, "a.jsonl", lines(0, 1))
    asked: list[str] = []

    def lives_and_notes(owner: str) -> bool:
        asked.append(owner)
        return lives(owner)

    assert runs.requeue_lost(lives_and_notes) == []
    runs.claim(my_name())
    assert runs.requeue_lost(lives_and_notes) == []
    assert asked == [my_name()]
    host = my_name().split(":")[0]
    with transaction() as tx:
        tx.session.get_one(runs.Run, received.run_id).owner = f"{host}:999999999:1"
    assert runs.requeue_lost(lives) == [received.run_id]


# ------------------------------------------------------------------ archives


def upload(home: Settings, name: str, content: bytes) -> datasets.Received:
    """Take an upload on behalf of the first person."""
    path = home.uploads / hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    found = fetch('SELECT id, name FROM "user" ORDER BY id LIMIT 1')
    if not found:
        with transaction() as tx:
            ensure(tx, "p")
        people.redeem_link(people.create_first_link(), "ann", "a hash")
        found = fetch('SELECT id, name FROM "user" ORDER BY id LIMIT 1')
    return datasets.receive_upload(Who(*found[0], "admin"), "p", name, path, path.name, len(content))


def present() -> dict[str, int]:
    """The datasets in sight with their rows; 0 where nothing was read of them."""
    found = fetch(
        "SELECT d.name, v.report FROM dataset AS d LEFT JOIN version AS v"
        " ON v.dataset_id = d.id AND v.number = d.version WHERE d.removed_at IS NULL"
    )
    return {name: json.loads(report)["accepted"] if report else 0 for name, report in found}


BUNDLE = {"a/first.jsonl": b"".join(lines(0, 3)), "second.jsonl": b"".join(lines(3, 5)), "README.md": b"words"}
ROWS = {f"bundle.zip/{name}": content.count(b"\n") for name, content in BUNDLE.items() if name != "README.md"}


def do_all(child: Here) -> None:
    while (work := runs.claim("me")) is not None:
        perform(work, child)


def test_each_file_of_an_archive_becomes_a_dataset(home, child):
    received = upload(home, "bundle.zip", samples.packed(BUNDLE))
    do_all(child)
    assert present() == ROWS
    assert runs_of(received.dataset_id)[0][0] == "done"
    for content in (content for name, content in BUNDLE.items() if name != "README.md"):
        assert (home.blobs / hashlib.sha256(content).hexdigest()).read_bytes() == content
    assert (home.blobs / hashlib.sha256(samples.packed(BUNDLE)).hexdigest()).is_file()
    assert list(home.uploads.iterdir()) == []


def test_the_same_archive_again_adds_nothing(home, child):
    upload(home, "bundle.zip", samples.packed(BUNDLE))
    do_all(child)
    before = fetch("SELECT count(*) FROM version")
    upload(home, "bundle.zip", samples.packed(BUNDLE))
    do_all(child)
    assert present() == ROWS
    assert fetch("SELECT count(*) FROM version") == before


def test_files_that_are_refused_are_said_and_the_others_taken(home, child):
    hostile = {**BUNDLE, "../out.jsonl": b"{}", "deep.zip": samples.packed({"x.jsonl": b"{}"})}
    received = upload(home, "bundle.zip", samples.packed(hostile))
    do_all(child)
    assert present() == ROWS
    said = fetch("SELECT log FROM run WHERE dataset_id = :id", {"id": received.dataset_id})[0][0]
    assert "../out.jsonl" in said
    assert "deep.zip: an archive within an archive" in said


def test_a_file_of_no_known_form_fails_alone(home, child):
    upload(home, "bundle.zip", samples.packed({**BUNDLE, "notes.txt": b"only\nwords\n"}))
    do_all(child)
    assert present() == {**ROWS, "bundle.zip/notes.txt": 0}
    assert dict(fetch("SELECT state, count(*) FROM run GROUP BY state")) == {"done": 3, "failed": 1}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (samples.packed({"README.md": b"x"}), "no_files"),
        (samples.packed({"x.csv": b"0" * 50_000_000}), "archive_bomb"),
        (samples.packed(BUNDLE)[:-40], "archive_damaged"),
    ],
)
def test_an_archive_that_is_refused_stays_as_it_is(home, child, content, code):
    received = upload(home, "bundle.zip", content)
    do_all(child)
    assert present() == {"bundle.zip": 0}
    assert runs_of(received.dataset_id)[0][2]["code"] == code
    assert list(home.uploads.iterdir()) == []


def test_an_archive_in_the_inbox_is_taken_again_when_it_changes(home, child):
    path = home.inbox / "p" / "bundle.zip"
    path.parent.mkdir(parents=True)

    def notice_it(content: bytes, identity: int) -> None:
        path.write_bytes(content)
        datasets.receive_inbox("p", "bundle.zip", path, len(content), inode=identity)
        do_all(child)

    notice_it(samples.packed(BUNDLE), 1)
    assert present() == ROWS
    notice_it(samples.packed(BUNDLE), 1)
    assert fetch("SELECT count(*) FROM run")[0][0] == 3
    notice_it(samples.packed({**BUNDLE, "third.jsonl": b"".join(lines(5, 6))}), 2)
    assert present() == {**ROWS, "bundle.zip/third.jsonl": len(lines(5, 6))}


# ------------------------------------------------------------------ training logs


@pytest.mark.parametrize("name", ["chat.log", "events.out.tfevents.1700000000.host.1.0"])
def test_a_training_log_goes_on_in_parts_as_it_grows(home, child, name):
    data = samples.FILES[name]()
    cuts = [0, len(data) // 3, 2 * len(data) // 3, len(data)]
    if name.endswith(".log"):  # the inbox hands out whole lines
        cuts = [data.rfind(b"\n", 0, cut) + 1 for cut in cuts]
    for start, end in pairwise(cuts):
        notice(home, name, [data[start:end]])
        do_all(child)
    found = dataset("p", name)
    whole = read_table(data, name)[1]
    assert (found["report"]["accepted"], found["report"]["kind"]) == (whole.accepted, "curve")
    assert found["report"]["rejected"] == 0
    assert len(found["manifest"]) == 3
    assert found["answer"]["analysis"] == "curves"


def test_a_database_of_runs_is_read_again_when_it_changed(home, child):
    path = home.inbox / "p" / "project.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    for steps in (6, 12):
        path.write_bytes(log_samples.trackio(steps=steps))
        datasets.receive_inbox("p", path.name, path, path.stat().st_size, inode=steps)
        do_all(child)
    found = dataset("p", path.name)
    assert (found["report"]["accepted"], len(found["manifest"])) == (24, 1)


def test_runs_in_an_archive_are_called_by_their_folders(home, child):
    made = {f"sweep/dpo-{run}/checkpoint-9/trainer_state.json": samples.trainer_state(20 + run) for run in (1, 2)}
    upload(home, "runs.zip", samples.packed(made))
    do_all(child)
    found = fetch(
        "SELECT v.manifest FROM version AS v JOIN dataset AS d ON d.id = v.dataset_id AND d.version = v.number"
    )
    named = {
        name
        for (manifest,) in found
        for sha256 in json.loads(manifest)
        for name in pq.read_table(segments.existing_segment(sha256), columns=["run"]).column("run").to_pylist()
    }
    assert named == {"dpo-1", "dpo-2"}
