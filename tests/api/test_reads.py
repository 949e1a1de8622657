"""Reads answer what the person behind the token may see, page by page."""

from __future__ import annotations

import json

import pytest

from engine.queries.results import conclude
from engine.reports.data import to_json
from tests.api.conftest import CSV, Caller, House


def test_projects_and_datasets(house: House, ann: Caller) -> None:
    dataset = house.dataset(ann.who)
    assert [project["slug"] for project in ann.get("/projects").json()["items"]] == ["main"]
    one = ann.get(f"/datasets/{dataset}").json()
    assert (one["name"], one["rows"], one["kind"], one["version"]) == ("scores.csv", 400, "comparison", 1)
    assert ann.get("/projects/main/datasets").json() == {"items": [one], "next": None}


def test_a_list_is_walked_page_by_page_while_it_grows(house: House, ann: Caller) -> None:
    made = [house.dataset(ann.who, CSV + "x" * n, f"{n}.csv") for n in range(5)]
    first = ann.get("/projects/main/datasets", params={"limit": 2}).json()
    house.dataset(ann.who, CSV + "later", "later.csv")
    second = ann.get("/projects/main/datasets", params={"limit": 2, "after": first["next"]}).json()
    third = ann.get("/projects/main/datasets", params={"limit": 2, "after": second["next"]}).json()
    pages = [[item["id"] for item in page["items"]] for page in (first, second, third)]
    assert pages == [made[:2:-1], made[2:0:-1], made[:1]]
    assert third["next"] is None


def test_versions_and_runs(house: House, ann: Caller) -> None:
    dataset = house.dataset(ann.who)
    (version,) = ann.get(f"/datasets/{dataset}/versions").json()["items"]
    assert (version["number"], version["rows"], version["accepted"]) == (1, 400, 400)
    assert version["sentence"]
    (run,) = ann.get("/projects/main/runs").json()["items"]
    assert (run["state"], run["dataset_id"]) == ("done", dataset)
    assert ann.get(f"/runs/{run['id']}").json() == {**run, "event_id": run["event_id"]}


# ------------------------------------------------------------------ results


def test_a_result_is_the_object_of_the_command_line(house: House, ann: Caller) -> None:
    dataset = house.dataset(ann.who)
    answer = ann.get(f"/datasets/{dataset}/results/calibration", params={"bins": 10, "slice": "language=en"})
    found = conclude(ann.who, dataset, params={"bins": 10, "slice": "language=en"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content == to_json(found.result)
    assert answer.json()["evidence"]["params"]["bins"] == 10


def test_datasets_beside_each_other_are_one_result(house: House, ann: Caller) -> None:
    one, other = house.dataset(ann.who), house.dataset(ann.who, CSV + "q9,1,0,a,en\n", "other.csv")
    path = f"/datasets/{one}/results/compare"
    found = ann.get(path, params={"beside": str(other), "delta": "0.05"}).json()
    assert found["dataset"]["datasets"] == 2
    assert found["evidence"]["params"]["delta"] == 0.05
    assert {item["item"] for item in found["items"]} == {"scores", "other"}
    for strange in ("x", "1.", "-1", "9" * 12, "1..2", str(one)):
        assert ann.get(path, params={"beside": strange}).status_code == 400, strange
    assert ann.get(path, params={"beside": "999"}).status_code == 404
    assert ann.get(path, params={"beside": str(other), "version": 1}).status_code == 400


def test_a_result_is_not_sent_twice(house: House, ann: Caller) -> None:
    path = f"/datasets/{house.dataset(ann.who)}/results/calibration"
    tag = ann.get(path).headers["etag"]
    again = ann.get(path, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert ann.get(path, params={"bins": 10}, headers={"if-none-match": tag}).status_code == 200


def test_an_older_version_stays_readable(house: House, ann: Caller) -> None:
    ann.post("/projects/main/datasets/live/rows", content=json_lines(0, 300))
    house.work()
    ann.post("/projects/main/datasets/live/rows", content=json_lines(300, 400))
    house.work()
    rows = [
        ann.get("/datasets/1/results/calibration", params=params).json()["dataset"]["rows"]
        for params in ({}, {"version": 1}, {"version": 2})
    ]
    assert rows == [400, 300, 400]


def json_lines(first: int, last: int) -> str:
    rows = ({"prompt": f"p{n}", "margin": n % 7 - 3, "label": n % 2} for n in range(first, last))
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_a_result_that_needs_a_run_says_which(house: House, ann: Caller) -> None:
    dataset = house.dataset(ann.who, "score,correct\n" + "\n".join(f"{n % 90},{n % 2}" for n in range(300)))
    path, params = f"/datasets/{dataset}/results/calibration", {"scale": 90}
    pending = ann.get(path, params=params)
    assert (pending.status_code, pending.json()["code"]) == (409, "state_pending")
    assert pending.headers["retry-after"] == "1"
    assert ann.get(f"/runs/{pending.json()['run']}").json()["state"] == "queued"
    house.work()
    assert ann.get(path, params=params).status_code == 200


def test_too_few_rows_are_said_to_be_too_few(house: House, ann: Caller) -> None:
    dataset = house.dataset(ann.who, "prompt,margin,label\na,1,1\n", "few.csv")
    answer = ann.get(f"/datasets/{dataset}/results/calibration")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_enough_data")


WRONG = (
    ({"bins": "7"}, "usage"),
    ({"bins": "x"}, "bad_parameter"),
    ({"level": "nan"}, "usage"),
    ({"slice": "nonsense"}, "usage"),
    ({"colour": "red"}, "bad_parameter"),
    ({"seed": "-1"}, "bad_parameter"),
    ({"bins": ["10", "12"]}, "bad_parameter"),
)


@pytest.mark.parametrize(("params", "code"), WRONG)
def test_a_wrong_parameter_is_named(house: House, ann: Caller, params: dict[str, str], code: str) -> None:
    answer = ann.get(f"/datasets/{house.dataset(ann.who)}/results/calibration", params=params)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert next(iter(params)) in answer.json()["message"]
    if code == "bad_parameter":
        assert answer.json()["field"] == next(iter(params))


def test_there_are_no_other_analyses_yet(house: House, ann: Caller) -> None:
    answer = ann.get(f"/datasets/{house.dataset(ann.who)}/results/astrology")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_analysis")


# ------------------------------------------------------------------ what is not there


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/nothing",
        "/datasets/7",
        "/datasets/x",
        "/datasets/0",
        "/datasets/-1",
        "/datasets/99999999999999999999999",
        "/datasets/1/",
        "/projects/none/datasets",
        "/projects/" + "x" * 100 + "/runs",
        "/runs/7",
        "/projects/%00/runs",
    ],
)
def test_nothing_is_there(ann: Caller, path: str) -> None:
    answer = ann.get(path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"code", "message", "request_id"}
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_other_methods_are_named(ann: Caller) -> None:
    answer = ann.client.delete("/api/v1/projects")
    assert (answer.status_code, answer.headers["allow"], answer.json()["code"]) == (405, "GET, HEAD", "http_405")
    assert ann.client.head("/api/v1/projects").status_code == 200
