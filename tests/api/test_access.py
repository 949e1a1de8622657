"""Who may do what with which token."""

from __future__ import annotations

import pytest

from engine import registry
from engine.actions import tokens
from engine.store.engine import fetch
from engine.types import Scope
from tests.api.conftest import Caller, House
from web.api import app
from web.api.limits import Buckets


def test_without_a_token_nothing_is_answered(house: House) -> None:
    for headers in (
        {},
        {"authorization": "Bearer pl_no"},
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer"},
    ):
        answer = house.visitor(headers).get("/api/v1/projects")
        assert (answer.status_code, set(answer.json())) == (401, {"code", "message", "request_id"})
        assert "Bearer" in answer.headers["www-authenticate"]


def test_a_revoked_token_is_none(house: House, ann: Caller) -> None:
    assert ann.get("/projects").status_code == 200
    ((token,),) = fetch("SELECT id FROM api_token")
    tokens.revoke(ann.who, token)
    assert ann.get("/projects").status_code == 401


def test_a_session_reads_and_changes_nothing(house: House, ann: Caller) -> None:
    browser = house.browser(ann)
    assert browser.get("/api/v1/projects").status_code == 200
    assert browser.get("/api/v1/projects", headers={"origin": "http://evil.example"}).status_code == 403
    answer = browser.post("/api/v1/actions/demo.stop", headers={"origin": "http://127.0.0.1"})
    assert (answer.status_code, answer.json()["code"]) == (403, "token_needed")


@pytest.mark.parametrize(
    ("scope", "statuses"), [("read", [200, 403, 403]), ("write", [200, 202, 403]), ("admin", [200, 202, 200])]
)
def test_a_scope_is_what_a_token_may_at_most(house: House, ann: Caller, scope: Scope, statuses: list[int]) -> None:
    dataset = house.dataset(ann.who)
    caller = house.with_token(ann.who, ann.cookie, scope)
    got = (
        caller.get(f"/datasets/{dataset}"),
        caller.post(f"/datasets/{dataset}/runs"),
        caller.post("/actions/project.rename", json={"project": "main", "name": "Ours"}),
    )
    assert [answer.status_code for answer in got] == statuses
    assert [answer.json()["code"] for answer in got if answer.status_code == 403] == ["scope"] * statuses.count(403)


def test_a_viewer_with_a_token_for_writing_stays_a_viewer(house: House, ann: Caller) -> None:
    dataset = house.dataset(ann.who)
    ben = house.caller("ben", "viewer", "write")
    assert ben.get(f"/datasets/{dataset}").status_code == 200
    for answer in (
        ben.post("/projects/main/datasets/live/rows", content='{"a": 1}'),
        ben.client.put("/api/v1/projects/main/files/a.csv", content=b"a"),
        ben.post(f"/datasets/{dataset}/runs"),
        ben.post("/actions/dataset.rename", json={"dataset_id": dataset, "name": "x"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")


def test_what_somebody_does_not_see_does_not_exist(house: House, ann: Caller) -> None:
    house.project("secret")
    dataset = house.dataset(ann.who, project="secret")
    ((run,),) = fetch("SELECT id FROM run")
    cat = house.caller("cat", "member", "write")
    house.member("cat", "main", "analyst")
    assert [one["slug"] for one in cat.get("/projects").json()["items"]] == ["main"]
    for path in (
        f"/datasets/{dataset}",
        f"/datasets/{dataset}/versions",
        f"/datasets/{dataset}/results/calibration",
        f"/runs/{run}",
        "/projects/secret/datasets",
        "/projects/secret/runs",
        "/events?project=secret",
    ):
        assert cat.get(path).status_code == 404, path
    assert cat.post("/projects/secret/datasets/live/rows", content='{"a": 1}').status_code == 404
    assert cat.post(f"/runs/{run}/cancel").status_code == 404
    assert cat.get("/events").json()["events"] == []
    assert ann.get("/events").json()["events"] != []


def test_a_token_of_one_project_is_of_no_other(house: House, ann: Caller) -> None:
    house.project("other")
    house.dataset(ann.who, project="other")
    bound = house.with_token(ann.who, ann.cookie, "write", "main")
    assert [one["slug"] for one in bound.get("/projects").json()["items"]] == ["main"]
    assert bound.get("/projects/other/datasets").status_code == 404
    assert bound.post("/projects/main/datasets/live/rows", content='{"a": 1}').status_code == 201
    assert bound.get("/events").json()["events"][0]["project"] == "main"


def test_every_action_of_the_registry_is_there(house: House, ann: Caller) -> None:
    for name in registry.ACTIONS:
        answer = ann.post(f"/actions/{name}", json={"no such argument": 1})
        assert answer.status_code == 400, (name, answer.text)
    assert ann.post("/actions/nothing").status_code == 404


# ------------------------------------------------------------------ how often


def test_who_asks_too_often_is_told_when_to_go_on(house: House, ann: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(app, "buckets", Buckets(lambda: now[0]))
    monkeypatch.setattr(app, "get_settings", lambda: type("Few", (), {"api_requests_a_second": 0.5}))
    statuses = [ann.get("/projects").status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    refused = ann.get("/projects")
    assert (refused.headers["retry-after"], refused.json()["code"]) == ("2", "too_many_requests")
    other = house.with_token(ann.who, ann.cookie, "read")
    assert other.get("/projects").status_code == 200
    now[0] = 2.0
    assert [ann.get("/projects").status_code for _ in range(2)] == [200, 429]


def test_buckets_forget_whom_they_have_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Buckets(lambda: 0.0)
    for caller in range(10_010):
        assert held.take(caller, 0.1) == 0
    assert len(held._left) == 10_000
