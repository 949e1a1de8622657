"""Runs end once, whoever works on them; what was read is kept whole."""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import timedelta

import pytest

from engine.actions import runs, versions, work
from engine.errors import Conflict, InputRefused, NotFound, UsageError
from engine.queries import datasets as dataset_queries
from engine.queries import events
from engine.queries import runs as queries
from engine.store.datasets import manifest_hash
from engine.store.engine import fetch
from engine.types import Who
from tests.store.fixtures import Installation
from tests.store.people import answer, digest, person, read, report, upload

BROKEN = {"code": "broken", "message": "Broken."}


def claimed(owner: str = "worker") -> runs.Work:
    found = runs.claim(owner)
    assert found is not None
    return found


def state(who: Who, run_id: int | None) -> str:
    return queries.get_run(who, run_id or 0).state


def test_the_way_of_a_run(installation: Installation) -> None:
    who = person()
    run_id = upload(who).run_id
    waiting = queries.get_run(who, run_id or 0)
    assert (waiting.state, waiting.attempt, waiting.requested_by, waiting.started_at) == ("queued", 0, "ann", None)
    mine = claimed()
    runs.progress(mine, 0.5, "reading")
    running = queries.get_run(who, mine.run_id)
    assert (running.state, running.attempt, running.progress, running.stage) == ("running", 1, 0.5, "reading")
    assert read(mine) == 1
    done = queries.get_run(who, mine.run_id)
    assert (done.state, done.progress) == ("done", 1.0)
    assert done.finished_at is not None
    assert runs.claim("worker") is None


def test_finishing_is_one_version_and_its_events_last(installation: Installation) -> None:
    who = person()
    upload(who)
    mine = claimed()
    before = events.cursor()
    segment = runs.NewSegment(digest("segment"), 3, 100)
    given = {**answer(), "pictures": {"reliability": {"count": [3]}}}
    runs.finish(mine, segment=segment, report=report(), answer=given)
    told = events.after(before)
    assert [(each["topic"], each["kind"]) for each in told] == [
        (f"dataset/{mine.dataset_id}", "version"),
        ("project/main", "dataset_changed"),
        (f"run/{mine.run_id}", "run"),
        ("project/main", "run"),
    ]
    assert told[0]["project"] == "main"
    assert told[0]["body"] == {
        "dataset": mine.dataset_id,
        "version": 1,
        "rows": 4,
        "accepted": 3,
        "rejected": 1,
        "answer": given,
    }
    manifest, sha256 = fetch("SELECT manifest, sha256 FROM version")[0]
    manifest = json.loads(manifest) if isinstance(manifest, str) else manifest
    assert manifest == [digest("segment")]
    assert sha256 == manifest_hash(manifest)


@pytest.mark.parametrize("step", ["beat", "progress", "fail", "finish"])
@pytest.mark.parametrize("lost", ["owner", "attempt", "cancelled", "done"])
def test_who_lost_a_run_stops_and_changes_nothing(installation: Installation, step: str, lost: str) -> None:
    who = person()
    upload(who)
    mine = claimed()
    lose(who, mine, lost)
    before = (
        fetch("SELECT state, owner, attempt, progress FROM run"),
        events.cursor(),
        fetch("SELECT count(*) FROM version"),
    )
    steps = {
        "beat": lambda: runs.beat(mine),
        "progress": lambda: runs.progress(mine, 0.9, "late"),
        "fail": lambda: runs.fail(mine, BROKEN),
        "finish": lambda: read(mine, "late"),
    }
    with pytest.raises(Conflict):
        steps[step]()
    after = (
        fetch("SELECT state, owner, attempt, progress FROM run"),
        events.cursor(),
        fetch("SELECT count(*) FROM version"),
    )
    assert after == before


def lose(who: Who, mine: runs.Work, how: str) -> None:
    if how == "cancelled":
        runs.cancel(who, mine.run_id)
    elif how == "done":
        read(mine)
    else:
        runs.requeue_lost([])
        assert claimed("other" if how == "owner" else mine.owner).attempt == 2


def test_many_owners_one_queue(installation: Installation) -> None:
    who = person()
    for number in range(16):
        upload(who, str(number))
    taken: list[int] = []

    def labour(owner: str) -> None:
        while (mine := runs.claim(owner)) is not None:
            taken.append(mine.run_id)
            read(mine, str(mine.run_id))

    threads = [threading.Thread(target=labour, args=(f"owner{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(Counter(taken).values()) == 1
    assert len(taken) == 16
    assert {row[0] for row in fetch("SELECT state FROM run")} == {"done"}
    assert {row[0] for row in fetch("SELECT version FROM dataset")} == {1}


def test_the_oldest_is_claimed_first_and_only_the_kinds_asked(installation: Installation) -> None:
    who = person()
    first, second = upload(who, "a"), upload(who, "b")
    assert runs.claim("worker", kinds=["observe"]) is None
    assert [claimed().run_id, claimed().run_id] == [first.run_id, second.run_id]


def test_progress_is_throttled_but_stages_are_told(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    upload(person())
    mine = claimed()
    clock = [100.0]
    monkeypatch.setattr(work.time, "monotonic", lambda: clock[0])
    before = events.cursor()
    for number in range(100):
        clock[0] += 0.01
        runs.progress(mine, number / 100, "reading")
    told = len(events.after(before)) // 2
    assert told == 5
    runs.progress(mine, 0.995, "observing")
    assert queries.get_run(person("bob"), mine.run_id).stage == "observing"


def test_a_lost_owner_costs_no_attempt_three_times(installation: Installation) -> None:
    who = person()
    upload(who)
    for attempt in range(1, 5):
        assert claimed(f"owner{attempt}").attempt == attempt
        assert runs.requeue_lost([f"owner{attempt}"]) == []
        runs.requeue_lost([])
    run = queries.list_runs(who, "main")[0]
    assert (run.state, run.attempt) == ("failed", 4)
    assert run.error is not None
    assert run.error["code"] == "worker_lost"


def test_a_silent_owner_loses_its_run(installation: Installation) -> None:
    upload(person())
    mine = claimed()
    assert runs.requeue_lost(["worker"]) == []
    assert runs.requeue_lost(["worker"], silent_for=timedelta(seconds=-1)) == [mine.run_id]


def test_a_lost_run_gives_way_to_the_same_work_waiting(installation: Installation) -> None:
    who = person()
    dataset = upload(who).dataset_id
    mine = claimed()
    waiting = runs.request(who, dataset, "read")
    runs.requeue_lost([])
    assert (state(who, mine.run_id), state(who, waiting)) == ("cancelled", "queued")


def test_cancelling_and_trying_again(installation: Installation) -> None:
    who = person()
    run_id = upload(who).run_id or 0
    for _ in range(2):
        runs.cancel(who, run_id)
    assert state(who, run_id) == "cancelled"
    for _ in range(2):
        assert runs.retry(who, run_id) == run_id
    assert state(who, run_id) == "queued"
    read(claimed())
    for change in (runs.cancel, runs.retry):
        with pytest.raises(Conflict):
            change(who, run_id)
        with pytest.raises(NotFound):
            change(who, 999)


def test_trying_again_finds_the_same_work_waiting(installation: Installation) -> None:
    who = person()
    received = upload(who)
    runs.fail(claimed(), BROKEN)
    waiting = runs.request(who, received.dataset_id, "read")
    assert runs.retry(who, received.run_id or 0) == waiting
    assert state(who, received.run_id) == "failed"


def test_asking_twice_is_asking_once(installation: Installation) -> None:
    who = person()
    dataset = upload(who).dataset_id
    read(claimed())
    asked = [runs.request(who, dataset, "observe", {"bins": bins}) for bins in (10, 20, 10)]
    assert asked[0] == asked[2] != asked[1]
    with pytest.raises(UsageError):
        runs.request(who, dataset, "explode")


def test_rows_of_another_kind_are_refused_and_nothing_changes(installation: Installation) -> None:
    who = person()
    dataset = upload(who).dataset_id
    read(claimed())
    runs.request(who, dataset, "read")
    mine = claimed()
    with pytest.raises(InputRefused):
        runs.finish(mine, segment=runs.NewSegment(digest("x"), 1, 1), report=report(1, "score"), replace=False)
    assert state(who, mine.run_id) == "running"
    assert dataset_queries.get_dataset(who, dataset).version == 1


def test_a_segment_read_twice_counts_once(installation: Installation) -> None:
    who = person()
    dataset = upload(who).dataset_id
    read(claimed(), "same")
    runs.request(who, dataset, "read")
    read(claimed(), "same", replace=False)
    view = dataset_queries.get_dataset(who, dataset)
    assert (view.version, view.accepted) == (2, 3)


def test_rows_that_were_all_refused_are_counted(installation: Installation) -> None:
    who = person()
    dataset = upload(who).dataset_id
    read(claimed(), "good")
    runs.request(who, dataset, "read")
    refused = {**report(0), "rows": 5, "rejected": 5, "accepted": 0, "reasons": {"not_finite": 5}}
    runs.finish(claimed(), report=refused, replace=False)
    view = dataset_queries.get_dataset(who, dataset)
    assert (view.rows, view.accepted, view.rejected) == (9, 3, 6)
    assert view.reasons == {"not_a_number": 1, "not_finite": 5}
    assert view.sentence == "Fine."


def test_nothing_new_makes_no_version(installation: Installation) -> None:
    who = person()
    dataset = upload(who).dataset_id
    assert runs.finish(claimed(), follow={"offset": 4}) == 0
    assert dataset_queries.get_dataset(who, dataset).version == 0


# ------------------------------------------------------------------ compaction


def fragmented(who: Who, segments: int) -> int:
    dataset = upload(who).dataset_id
    for number in range(segments):
        if number:
            runs.request(who, dataset, "read")
        read(claimed(), f"segment {number}", replace=False)
    return dataset


def test_long_manifests_are_found(installation: Installation) -> None:
    who = person()
    dataset = fragmented(who, 4)
    assert versions.to_compact() == []
    (found,) = versions.to_compact(3)
    assert (found.dataset_id, found.version, found.rows) == (dataset, 4, (3, 3, 3, 3))
    assert found.manifest == tuple(digest(f"segment {number}") for number in range(4))


def test_neighbours_become_one_segment(installation: Installation) -> None:
    who = person()
    dataset = fragmented(who, 4)
    before = dataset_queries.get_dataset(who, dataset)
    cursor = events.cursor()
    merged = versions.NewSegment(digest("merged"), 6, 200)
    assert versions.replace_segments(dataset, 4, [digest("segment 1"), digest("segment 2")], merged) == 5
    after = dataset_queries.get_dataset(who, dataset)
    assert (after.rows, after.sentence) == (before.rows, before.sentence)
    assert versions.to_compact(2)[0].manifest == (digest("segment 0"), digest("merged"), digest("segment 3"))
    assert [each["kind"] for each in events.after(cursor)] == ["version", "dataset_changed"]


def test_a_dataset_that_moved_on_is_left_alone(installation: Installation) -> None:
    dataset = fragmented(person(), 3)
    merged = versions.NewSegment(digest("merged"), 6, 200)
    with pytest.raises(Conflict):
        versions.replace_segments(dataset, 2, [digest("segment 0"), digest("segment 1")], merged)
    for wrong in ([digest("segment 0"), digest("segment 2")], [], [digest("other")]):
        with pytest.raises(UsageError):
            versions.replace_segments(dataset, 3, wrong, merged)
