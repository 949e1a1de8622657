"""The addresses of the browser of answers: what they say, whom they say it to, what they refuse."""

from __future__ import annotations

import json

import pytest

from engine.actions import datasets, runs
from engine.settings import get_settings
from engine.types import Who
from jobs.work import perform
from tests.formats import samples
from tests.processes.here import Here
from tests.store.people import digest, join, person, project
from tests.web.conftest import Desk

HOSTILE = "<img src=x onerror=alert(1)>"


def given_to(who: Who, slug: str = "main") -> int:
    """A dataset of answers with tokens, read."""
    made = samples.rl_logging_board()
    made[0]["response"] = HOSTILE
    text = samples.lines(made).decode()
    path = get_settings().uploads / digest(text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    number = datasets.receive_upload(who, slug, "rolls.jsonl", path, digest(text), len(text)).dataset_id
    while work := runs.claim("test", ("read", "observe")):
        perform(work, Here())
    return number


def test_a_page_of_answers_sorted_and_what_they_can_be_sorted_by(desk: Desk) -> None:
    client = desk.visitor("ann")
    dataset = given_to(person("giver"))
    found = client.get(f"/view/rollouts/rows?dataset={dataset}&sort=kl&order=asc&size=5&skip=2")
    assert found.status_code == 200
    told = found.json()
    assert told["total"] == samples.ROWS
    assert [one["name"] for one in told["sorts"]] == ["reward", "kl", "length", "step"]
    assert told["tokens"] is True
    keys = [row["key"] for row in told["rows"]]
    assert len(keys) == 5
    assert keys == sorted(keys)
    assert all(isinstance(row["row"], str) for row in told["rows"]), "a hash does not fit a number of the browser"
    assert found.headers["cache-control"] == "no-store"


def test_steps_and_texts_narrow_the_page(desk: Desk) -> None:
    client = desk.visitor("ann")
    dataset = given_to(person("giver"))
    narrow = client.get(f"/view/rollouts/rows?dataset={dataset}&steps=1..2").json()
    assert narrow["total"] == 16
    assert {row["step"] for row in narrow["rows"]} == {1, 2}
    assert client.get(f"/view/rollouts/rows?dataset={dataset}&steps=2..").json()["total"] == 8
    found = client.get("/view/rollouts/rows", params={"dataset": dataset, "find": "ONERROR="}).json()
    assert [row["text"] for row in found["rows"]] == [HOSTILE]
    cohort = client.get("/view/rollouts/rows", params={"dataset": dataset, "where": "step=1..1", "steps": "0..1"})
    assert cohort.json()["total"] == 8


def test_one_answer_with_its_tokens_and_its_prompt_through_the_steps(desk: Desk) -> None:
    client = desk.visitor("ann")
    dataset = given_to(person("giver"))
    first = client.get(f"/view/rollouts/rows?dataset={dataset}").json()["rows"][0]
    answer = client.get(f"/view/rollouts/row?dataset={dataset}&row={first['row']}").json()
    tokens = answer["tokens"]
    assert len(tokens["token"]) == len(tokens["ratio"]) == first["length"]
    assert sum(tokens["ratio"]) == pytest.approx(first["kl"])
    course = client.get("/view/rollouts/prompt", params={"dataset": dataset, "prompt": answer["prompt"]}).json()
    assert first["row"] in [one["row"] for one in course["answers"]]
    assert len(course["answers"]) == 4


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("rows?dataset=", 400),
        ("rows?dataset=x", 400),
        ("rows?dataset={}&sort=text", 400),
        ("rows?dataset={}&size=100000", 400),
        ("rows?dataset={}&skip=-1", 400),
        ("rows?dataset={}&skip=1e3", 400),
        ("rows?dataset={}&skip=99999999999999999999999", 400),
        ("rows?dataset={}&steps=3", 400),
        ("rows?dataset={}&steps=1..2;run%3Da", 400),
        ("rows?dataset={}&steps=5..1", 400),
        ("rows?dataset={}&where=nothing", 400),
        ("row?dataset={}&row=abc", 400),
        ("row?dataset={}&row=1", 404),
        ("row?dataset={}&row=18446744073709551615", 404),
        ("row?dataset={}&row=18446744073709551616", 400),
        ("rows?dataset=99999", 404),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(desk: Desk, path: str, status: int) -> None:
    client = desk.visitor("ann")
    answer = client.get(f"/view/rollouts/{path.format(given_to(person('giver')))}")
    assert answer.status_code == status, answer.text
    assert "Traceback" not in json.dumps(answer.json())


def test_a_dataset_of_another_project_is_not_there(desk: Desk) -> None:
    project("theirs")
    owner = join(person("owner", "member"), "theirs", "analyst")
    dataset = given_to(owner, "theirs")
    mine, stranger = desk.visitor("ann"), desk.visitor("eve", "member")
    row = mine.get(f"/view/rollouts/rows?dataset={dataset}").json()["rows"][0]["row"]
    for path in ("rows?dataset={}", "row?dataset={}&row={}", "prompt?dataset={}&prompt=p"):
        address = f"/view/rollouts/{path.format(dataset, row)}"
        assert mine.get(address).status_code == 200
        answer = stranger.get(address)
        assert answer.status_code == 404
        assert row not in answer.text
        assert desk.visitor().get(address).status_code in (303, 401)
