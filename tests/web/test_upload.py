import hashlib
import os
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.queries import datasets
from engine.types import Who
from tests.web.conftest import Desk
from web import upload

ANN = Who(1, "ann", "admin")
ROWS = b'{"chosen_score": 1.0, "rejected_score": 0.5}\n' * 50


def put(client: TestClient, body: Any = ROWS, name: str = "scores.jsonl", **query: Any) -> Any:
    return client.put("/upload", params={"project": "main", "name": name, **query}, content=body)


def left_behind(desk: Desk) -> list[Path]:
    return [file for file in desk.settings.uploads.rglob("*") if file.is_file()]


def kept(desk: Desk) -> list[str]:
    return sorted(file.name for file in desk.settings.blobs.rglob("*") if file.is_file())


# ------------------------------------------------------------------ what is taken


def test_a_file_becomes_a_dataset_and_a_run(desk: Desk) -> None:
    answer = put(desk.visitor("ann"))
    assert answer.status_code == 201
    assert sorted(answer.json()) == ["dataset", "run"]
    assert kept(desk) == [hashlib.sha256(ROWS).hexdigest()]
    assert left_behind(desk) == []
    (dataset,) = datasets.list_datasets(ANN, "main")
    assert (dataset.id, dataset.name, dataset.run_id) == (
        answer.json()["dataset"],
        "scores.jsonl",
        answer.json()["run"],
    )


def test_a_body_in_many_pieces_is_hashed_as_a_whole(desk: Desk) -> None:
    pieces = [os.urandom(300_000) for _ in range(12)]
    assert put(desk.visitor("ann"), iter(pieces)).status_code == 201
    assert kept(desk) == [hashlib.sha256(b"".join(pieces)).hexdigest()]


def test_the_same_content_twice_is_one_dataset(desk: Desk) -> None:
    client = desk.visitor("ann")
    first, second = put(client).json(), put(client, name="again.jsonl").json()
    assert first["dataset"] == second["dataset"]
    assert len(kept(desk)) == 1


def test_columns_can_be_named(desk: Desk) -> None:
    assert put(desk.visitor("ann"), map=["score_a=mine", "label=a=b"]).status_code == 201
    assert put(desk.visitor("ben"), b"other", map=["../x=y"]).status_code == 400


NAMES = (
    "../../etc/passwd",
    "/etc/passwd",
    "..%2f..%2fpasswd",
    "%252e%252e%252f",
    "..\\..\\windows",
    "C:\\con",
    "a;b",
    "nul\0byte",
    "aux",
    "." * 200,
    "x" * 300,
    "näme \u202egnp.csv",
    "<img src=x onerror=alert(1)>",
    "=cmd|calc",
    "\n",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_never_names_a_file(desk: Desk, name: str) -> None:
    before = {file for file in desk.settings.home.rglob("*") if file.is_file()}
    answer = put(desk.visitor("ann"), name=name)
    assert answer.status_code in (201, 400)
    new = {file for file in desk.settings.home.rglob("*") if file.is_file()} - before
    assert {file.parent for file in new if "plumbline.db" not in file.name} <= {desk.settings.blobs}
    assert all(len(blob) == 64 for blob in kept(desk))
    assert left_behind(desk) == []


# ------------------------------------------------------------------ what is refused


def test_too_large_is_said_before_the_body_and_while_it_streams(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.settings, "max_upload_bytes", 2_000_000)
    client = desk.visitor("ann")
    announced = put(client, b"a" * 2_000_001)
    streamed = put(client, (b"a" * 100_000 for _ in range(21)))
    for answer in (announced, streamed):
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert put(client, b"a" * 2_000_000).status_code == 201
    assert (left_behind(desk), len(kept(desk))) == ([], 1)


@pytest.mark.parametrize(
    ("limit", "most"), [("project_bytes", len(ROWS) - 1), ("project_rows", -1), ("uploads_a_day", 0)]
)
def test_beyond_a_limit_nothing_is_sent_in_vain(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(desk.settings, limit, most)
    monkeypatch.setattr(upload, "_stored", lambda *_: pytest.fail("the body was taken"))
    answer = put(desk.visitor("ann"))
    assert (answer.status_code, answer.json()["code"]) == (413, limit)
    assert "Nothing was added" in answer.json()["message"]
    assert left_behind(desk) == kept(desk) == []


def test_a_nearly_full_disk_takes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.settings, "min_free_disk_bytes", 2**60)
    answer = put(desk.visitor("ann"))
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    assert (left_behind(desk), kept(desk)) == ([], [])


def test_a_disk_that_fills_up_on_the_way_keeps_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(upload, "_take", full)
    assert put(desk.visitor("ann")).status_code == 507
    assert left_behind(desk) == []


def test_a_client_that_falls_silent_is_let_go(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silence(self: object) -> Any:
        yield b"a"
        raise TimeoutError

    monkeypatch.setattr("starlette.requests.Request.stream", silence)
    assert put(desk.visitor("ann")).status_code == 408
    assert left_behind(desk) == []


@pytest.mark.parametrize(
    ("query", "code"),
    [({"project": "nosuch"}, 400), ({"project": "../main"}, 400), ({"name": ""}, 400), ({"name": "x" * 1001}, 400)],
)
def test_a_request_that_says_too_little_is_refused_unread(desk: Desk, query: dict[str, str], code: int) -> None:
    assert (
        desk.visitor("ann").put("/upload", params={"project": "main", "name": "a", **query}, content=b"x").status_code
        == code
    )
    assert left_behind(desk) == []


def test_an_empty_file_is_refused(desk: Desk) -> None:
    assert put(desk.visitor("ann"), b"").status_code == 422
    assert (left_behind(desk), kept(desk)) == ([], [])


@pytest.mark.parametrize(("role", "code"), [("viewer", 403), ("analyst", 201), ("operator", 201), ("admin", 201)])
def test_adding_data_needs_the_role(desk: Desk, role: str, code: int) -> None:
    assert put(desk.visitor("ann", role)).status_code == code
    assert left_behind(desk) == []


def test_a_viewer_is_refused_before_the_first_byte(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unread(*_: object) -> None:
        raise AssertionError("the body was read")

    monkeypatch.setattr(upload, "_stored", unread)
    assert put(desk.visitor("ann", "viewer")).status_code == 403


def test_abandoned_uploads_go_and_running_ones_stay(desk: Desk) -> None:
    desk.settings.uploads.mkdir(parents=True, exist_ok=True)
    old, young = desk.settings.uploads / "old", desk.settings.uploads / "young"
    for file in (old, young):
        file.write_bytes(b"x")
    os.utime(old, (time.time() - 4000,) * 2)
    assert upload.remove_abandoned(desk.settings.uploads, time.time()) == 1
    assert left_behind(desk) == [young]
