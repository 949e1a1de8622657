"""A file lies in the inbox; its answer stands in the store. Foreman and runner as processes of their own."""

from __future__ import annotations

import json
import os

from engine.store.engine import fetch
from tests.processes.scores import append, dataset, lines, runs_of, taken
from tests.processes.waiting import until


def test_appended_lines_become_versions_with_their_answer_and_event(running):
    path = running.inbox / "live" / "scores.jsonl"
    rows = lines(0, 30)
    append(path, rows[:200])
    first = taken("live", "scores.jsonl", 200)
    append(path, rows[200:300])
    second = taken("live", "scores.jsonl", 300)
    assert second["version"] == first["version"] + 1
    assert len(second["manifest"]) == len(first["manifest"]) + 1
    assert second["answer"]["rows"] == 300
    assert second["answer"]["sentence"]
    assert second["answer"]["estimates"]["calibration_error"]["value"] is not None
    topic = {"topic": f"dataset/{second['id']}"}
    events = fetch("SELECT body FROM event WHERE topic = :topic AND kind = 'version' ORDER BY id", topic)
    told = [json.loads(body) for (body,) in events]
    assert [event["version"] for event in told] == list(range(1, second["version"] + 1))
    assert told[-1]["answer"]["estimates"] == second["answer"]["estimates"]
    assert set(told[-1]["answer"]["pictures"]) == {"reliability", "corp"}


def test_a_half_written_line_is_read_once_and_whole(running):
    path = running.inbox / "live" / "halves.jsonl"
    rows = lines(0, 4)
    append(path, [*rows[:20], rows[20][:50]])
    before = taken("live", "halves.jsonl", 20)
    append(path, [rows[20][50:], rows[21]])
    after = taken("live", "halves.jsonl", 22)
    assert after["report"]["rejected"] == 0
    assert after["version"] == before["version"] + 1


def test_a_cut_or_replaced_file_is_a_new_version_from_scratch(running):
    path = running.inbox / "live" / "cut.jsonl"
    rows = lines(0, 8)
    append(path, rows[:40])
    taken("live", "cut.jsonl", 40)
    with path.open("r+b") as file:
        file.truncate(sum(map(len, rows[:15])))
    cut = taken("live", "cut.jsonl", 15)
    assert len(cut["manifest"]) == 1
    (path.parent / ".next").write_bytes(b"".join(rows[10:60]))
    (path.parent / ".next").rename(path)
    replaced = taken("live", "cut.jsonl", 50)
    assert len(replaced["manifest"]) == 1
    append(path, rows[60:63])
    assert len(taken("live", "cut.jsonl", 53)["manifest"]) == 2


def test_the_same_file_again_adds_nothing(running):
    path = running.inbox / "live" / "same.jsonl"
    rows = lines(0, 3)
    append(path, rows)
    before = taken("live", "same.jsonl", len(rows))
    os.utime(path)
    marker = running.inbox / "live" / "marker.jsonl"
    append(marker, lines(3, 5))
    taken("live", "marker.jsonl", len(lines(3, 5)))
    after = dataset("live", "same.jsonl")
    assert after["version"] == before["version"]
    assert len(runs_of(after["id"])) == 1


def test_a_table_without_its_last_line_end_is_taken_whole(running):
    path = running.inbox / "tables" / "t.csv"
    append(path, [b"prompt_id,reward_chosen,reward_rejected\n", *[b"p%d,1.5,0.2\n" % i for i in range(50)], b"p50,1,0"])
    found = taken("tables", "t.csv", 51)
    append(path, [b".5\np51,2,1\n"])
    assert taken("tables", "t.csv", 52)["report"]["rejected"] == 0
    assert found["answer"] is not None


def test_too_few_prompts_is_an_answer_not_a_failure(running):
    path = running.inbox / "live" / "few.jsonl"
    append(path, lines(0, 1))
    found = until(lambda: (dataset("live", "few.jsonl") or {}).get("answer") and dataset("live", "few.jsonl"), 60)
    assert found["answer"]["verdict"] == "not_enough_data"
    assert [state for state, _, _ in runs_of(found["id"])] == ["done"]


def test_a_file_of_no_known_form_fails_by_name_and_is_tried_again_when_it_changes(running):
    path = running.inbox / "live" / "odd.jsonl"
    append(path, [b'{"apples": 1, "pears": 2}\n'] * 5)
    found = until(lambda: dataset("live", "odd.jsonl"))
    until(lambda: any(state == "failed" for state, _, _ in runs_of(found["id"])), 60)
    error = runs_of(found["id"])[-1][2]
    assert set(error) >= {"code", "message", "file", "line", "field"}
    assert error["file"] == "odd.jsonl"
    assert str(running.home) not in json.dumps(error)
    path.unlink()
    append(path, lines(0, 2))
    assert taken("live", "odd.jsonl", len(lines(0, 2)))["version"] == 1


def test_nothing_is_left_unfinished(running):
    until(lambda: not fetch("SELECT 1 FROM run WHERE state IN ('queued', 'running')"), 60)
    until(lambda: not list((running.segments.parent / "unfinished").iterdir()))
