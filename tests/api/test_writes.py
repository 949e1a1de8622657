"""Rows, files, runs and actions: what is taken, what is refused, and what is said of it."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest

from engine.errors import LimitExceeded, UsageError
from engine.settings import get_settings
from engine.store.engine import fetch
from tests.api.conftest import Caller, House
from web.api import bodies, write

LINES = b'{"prompt": "a", "margin": 1.5, "label": 1}\n{"prompt": "b", "margin": -0.5, "label": 0}\n'
ROWS = "/projects/main/datasets/live/rows"


def followed() -> Path:
    return get_settings().inbox / "main" / "live.jsonl"


# ------------------------------------------------------------------ rows


def test_rows_are_on_disk_when_they_are_acknowledged_and_then_read(house: House, ann: Caller) -> None:
    answer = ann.post(ROWS, content=LINES, headers={"content-type": "application/x-ndjson"})
    assert (answer.status_code, answer.json()) == (201, {"dataset": 1, "name": "live.jsonl", "rows": 2})
    assert answer.headers["location"] == "/api/v1/datasets/1"
    assert followed().read_bytes() == LINES
    house.work()
    assert ann.get("/datasets/1").json()["accepted"] == 2


def test_packed_rows_are_unpacked(ann: Caller) -> None:
    packed = gzip.compress(LINES[:43]) + gzip.compress(LINES[43:])
    assert ann.post(ROWS, content=packed, headers={"content-encoding": "gzip"}).status_code == 201
    assert followed().read_bytes() == LINES


def test_a_key_makes_twice_once_packed_or_not(ann: Caller) -> None:
    key = {"idempotency-key": "b7e0a1"}
    first = ann.post(ROWS, content=LINES, headers=key)
    again = ann.post(ROWS, content=gzip.compress(LINES), headers={**key, "content-encoding": "gzip"})
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    other = ann.post(ROWS, content=b'{"a": 1}', headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "key_used")
    assert followed().read_bytes() == LINES


REFUSED: tuple[tuple[bytes, dict[str, str], int, dict[str, Any]], ...] = (
    (b'{"a": 1}\n{"b": }', {}, 422, {"code": "invalid_json", "line": 2}),
    (b"", {}, 422, {"code": "no_rows"}),
    (LINES, {"content-type": "application/xml"}, 415, {"code": "unsupported_media_type"}),
    (LINES, {"content-encoding": "br"}, 415, {"code": "unsupported_encoding"}),
    (LINES, {"content-encoding": "gzip"}, 400, {"code": "bad_gzip"}),
    (gzip.compress(LINES, mtime=0)[:-9], {"content-encoding": "gzip"}, 400, {"code": "bad_gzip"}),
    (gzip.compress(LINES, mtime=0) + b"more", {"content-encoding": "gzip"}, 400, {"code": "bad_gzip"}),
    (LINES, {"idempotency-key": "with space"}, 400, {"code": "bad_parameter", "field": "Idempotency-Key"}),
    (b"x" * 20_001, {}, 413, {"code": "too_large"}),
    (gzip.compress(b" " * 80_001, mtime=0), {"content-encoding": "gzip"}, 413, {"code": "too_large"}),
)


@pytest.mark.parametrize(("body", "headers", "status", "told"), REFUSED)
def test_what_cannot_be_taken_is_refused_whole_and_named(
    ann: Caller,
    monkeypatch: pytest.MonkeyPatch,
    body: bytes,
    headers: dict[str, str],
    status: int,
    told: dict[str, Any],
) -> None:
    monkeypatch.setattr(get_settings(), "api_request_bytes", 20_000)
    answer = ann.post(ROWS, content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json() == {**told, "message": answer.json()["message"], "request_id": answer.headers["x-request-id"]}
    assert not followed().exists()


def test_a_body_that_does_not_say_its_size_is_counted(ann: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "api_request_bytes", 20_000)
    assert ann.post(ROWS, content=(LINES for _ in range(300))).status_code == 413


@pytest.mark.parametrize("name", ["..", "%2e%2e", ".hidden", "a b", "x" * 101, "a%0Ab"])
def test_a_name_that_cannot_be_a_file_is_nowhere(ann: Caller, name: str) -> None:
    assert ann.post(f"/projects/main/datasets/{name}/rows", content=LINES).status_code == 404
    assert not get_settings().inbox.exists() or list(get_settings().inbox.rglob("*.jsonl")) == []


def test_a_bomb_is_refused_before_it_unfolds() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(2**24)) for _ in range(64)) + packer.flush()
    assert len(bomb) < 2**20
    tracemalloc.start()
    try:
        with pytest.raises(LimitExceeded):
            bodies.unpacked(bomb, 2**24)
        assert tracemalloc.get_traced_memory()[1] < 100 * 10**6
    finally:
        tracemalloc.stop()


def test_many_small_members_count_together() -> None:
    with pytest.raises(LimitExceeded):
        bodies.unpacked(gzip.compress(bytes(1000)) * 20, 19_999)
    assert len(bodies.unpacked(gzip.compress(bytes(1000)) * 20, 20_000)) == 20_000
    with pytest.raises(UsageError):
        bodies.unpacked(b"\x1f\x8b", 10)


def test_a_full_disk_is_said(ann: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.store.appends._write_all", full)
    answer = ann.post(ROWS, content=LINES)
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    assert answer.headers["retry-after"]


def test_what_nobody_foresaw_keeps_its_shape_and_its_secrets(ann: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("postgresql://user:password@host")

    monkeypatch.setattr(write.rows, "append", broken)
    answer = ann.post(ROWS, content=LINES)
    assert (answer.status_code, set(answer.json())) == (500, {"code", "message", "request_id"})
    assert "password" not in answer.text


# ------------------------------------------------------------------ files


def test_a_file_becomes_a_dataset(house: House, ann: Caller) -> None:
    body = b"p,m,l\na,1,1\nb,2,0\n"
    params = {"map": ["margin=m", "label=l", "prompt=p"]}
    answer = ann.client.put("/api/v1/projects/main/files/my scores.csv", content=body, params=params)
    assert (answer.status_code, answer.json()) == (201, {"dataset": 1, "run": 1})
    house.work()
    assert ann.get("/datasets/1").json()["columns"]["m"] == "margin"
    again = ann.client.put("/api/v1/projects/main/files/again.csv", content=body)
    assert again.json() == {"dataset": 1, "run": None}


def test_a_file_is_refused_as_an_upload_is(ann: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    put = ann.client.put
    assert put("/api/v1/projects/none/files/a.csv", content=b"a").status_code == 404
    assert put("/api/v1/projects/main/files/a.csv", content=b"").json()["code"] == "empty_file"
    assert put("/api/v1/projects/main/files/a.csv?map=../x=y", content=b"a").json()["code"] == "mapping"
    monkeypatch.setattr(get_settings(), "max_upload_bytes", 3)
    assert put("/api/v1/projects/main/files/a.csv", content=b"abcd").status_code == 413
    monkeypatch.setattr(get_settings(), "min_free_disk_bytes", 2**60)
    full = put("/api/v1/projects/main/files/a.csv", content=b"abc")
    assert (full.status_code, set(full.json())) == (507, {"code", "message", "request_id"})


# ------------------------------------------------------------------ runs and actions


def test_a_run_is_asked_for_cancelled_and_tried_again(house: House, ann: Caller) -> None:
    dataset = house.dataset(ann.who)
    started = ann.post(f"/datasets/{dataset}/runs")
    run = started.json()["run"]
    assert (started.status_code, started.headers["location"]) == (202, f"/api/v1/runs/{run}")
    assert ann.post(f"/datasets/{dataset}/runs", json={"kind": "read"}).json() == {"run": run}
    assert ann.post(f"/runs/{run}/cancel").json()["state"] == "cancelled"
    assert ann.post(f"/runs/{run}/retry").json() == {"run": run}
    house.work()
    assert ann.get(f"/runs/{run}").json()["state"] == "done"
    assert (ended := ann.post(f"/runs/{run}/cancel")).status_code == 409
    assert ended.json()["code"] == "run_ended"


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"[]", 400), (b"{", 400), (b'{"kind": "fly"}', 400), (b'{"dataset": 2}', 400), (b'{"params": [1]}', 400)],
)
def test_a_body_that_does_not_fit_is_refused(house: House, ann: Caller, body: bytes, status: int) -> None:
    dataset = house.dataset(ann.who)
    headers = {"content-type": "application/json"}
    assert ann.post(f"/datasets/{dataset}/runs", content=body, headers=headers).status_code == status
    assert ann.post(f"/datasets/{dataset}/runs", content=body).status_code == 415


def test_an_action_of_the_registry_is_done(house: House, ann: Caller) -> None:
    dataset = house.dataset(ann.who)
    renamed = ann.post("/actions/dataset.rename", json={"dataset_id": dataset, "name": "Better"})
    assert (renamed.status_code, renamed.json()) == (200, {"result": "Better"})
    assert ann.post("/actions/dataset.remove", json={"dataset_id": dataset}).json() == {"result": None}
    assert ann.get(f"/datasets/{dataset}").status_code == 404
    assert fetch("SELECT count(*) FROM audit WHERE action = 'rename'") == [(1,)]


HOSTILE = ("\x00", "\ud800", 10**30, -1, True, None, [], {"a": 1}, "a" * 10_000)


@pytest.mark.parametrize("value", HOSTILE)
def test_no_argument_is_answered_by_a_failure(house: House, ann: Caller, value: object) -> None:
    dataset = house.dataset(ann.who)
    for name, argument in (("dataset.rename", "name"), ("dataset.rename", "dataset_id"), ("preference.set", "key")):
        rest = {"dataset_id": dataset, "name": "x"} if name == "dataset.rename" else {"key": "theme", "value": "dark"}
        content = json.dumps({**rest, argument: value})
        answer = ann.post(f"/actions/{name}", content=content, headers={"content-type": "application/json"})
        assert answer.status_code < 500, (name, argument, value, answer.text)
