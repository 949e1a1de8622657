"""`/export/trail.csv`: all of what was asked for, in order, for those who may see it, without a formula in it."""

from __future__ import annotations

import csv
import io

import pytest

from engine.actions import people, tokens
from engine.queries import audit
from tests.web.conftest import Desk
from tests.web.serving import register


def test_the_file_holds_every_line_that_was_asked_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST", 3)
    ann = register("ann")
    for number in range(7):
        people.set_preference(ann.who, "note", str(number))
    tokens.create(ann.who, "=cmd()", "read")
    answer = desk.visitor("root").get("/export/trail.csv", params={"person": str(ann.who.user_id)})
    assert answer.headers["content-type"].startswith("text/csv")
    assert "plumbline-audit.csv" in answer.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [line["action"] for line in lines] == [
        "invite",
        "create_token",
        *["set_preference"] * 7,
        "sign_in",
        "redeem_link",
    ]
    assert {line["person"] for line in lines} == {"ann"}
    assert lines[1]["about"] == "'=cmd()"
    ids = [int(line["id"]) for line in lines]
    assert ids == sorted(ids, reverse=True)


def test_it_is_for_those_who_may_see_the_audit(desk: Desk) -> None:
    assert desk.visitor().get("/export/trail.csv").status_code == 401
    assert desk.visitor("vera", "viewer").get("/export/trail.csv").status_code == 403
    assert desk.visitor("olga", "operator").get("/export/trail.csv").status_code == 200
    assert desk.visitor("otto", "operator").get("/export/trail.csv", params={"person": "x"}).status_code == 400
