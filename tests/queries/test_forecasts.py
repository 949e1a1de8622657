"""Forecasts that are kept: made when a file has doubled, graded once, told to whoever may see the project."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlmodel import select

from engine.actions import forecasts as actions
from engine.actions import maintenance, runs
from engine.errors import AccessDenied, NotFound, PlumblineError, UsageError
from engine.queries import forecasts
from engine.queries.forecasts import Due, due, scoreboard
from engine.registry import run as act
from engine.store.engine import fetch
from engine.store.tables import KeptForecast
from engine.store.times import now
from engine.store.transaction import transaction
from engine.types import GradedForecast, NewForecast, Who
from jobs.work import perform
from tests.analysis.curve_worlds import saturating
from tests.processes.here import Here
from tests.store.fixtures import Installation
from tests.store.people import join, person, project, upload

KEPT = {"by": "step", "last": 1.0, "scale": 0.1, "at": [10.0], "levels": [0.025, 0.5, 0.975],
        "quantiles": [[0.0], [1.0], [2.0]], "naive": [[-1.0], [0.5], [2.0]]}  # fmt: skip
SCORE = {"points": 10, "held": 1.0, "crps": 0.1, "crps_naive": 0.2, "error": 0.1, "error_naive": 0.4, "scaled": 1.0}


def made(metric: str = "reward", origin: float = 9.0) -> NewForecast:
    return NewForecast(metric, "run", "mixture", origin, origin + 10, KEPT)


def csv(values: np.ndarray) -> str:
    return "step,reward,loss\n" + "".join(f"{step},{value:.6f},0.5\n" for step, value in enumerate(values))


def rows_of(dataset: int) -> list[dict[str, Any]]:
    names = ("id", "state", "metric", "origin", "until", "points", "held", "user_id", "rows", "looked", "version")
    asked = f"SELECT {', '.join(names)} FROM forecast WHERE dataset_id = :dataset ORDER BY id"
    return [dict(zip(names, row, strict=True)) for row in fetch(asked, {"dataset": dataset})]


def grow(installation: Installation, name: str, values: np.ndarray) -> int:
    """A followed file of main as the runner leaves it; the dataset."""
    from engine.actions import datasets

    path = installation.settings.inbox / "main" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(csv(values))
    found = datasets.receive_inbox("main", name, path, path.stat().st_size, inode=1)
    while work := runs.claim("test", ("read", "observe")):
        perform(work, Here())
    return found.dataset_id


def test_the_runner_makes_a_forecast_whenever_a_file_has_doubled_and_grades_it(installation: Installation) -> None:
    who, values = person(), saturating(900, 3)
    dataset = grow(installation, "log.csv", values[:200])
    assert [(one["state"], one["origin"], one["until"], one["user_id"]) for one in rows_of(dataset)] == [
        ("waiting", 199.0, 219.0, None)
    ]
    grow(installation, "log.csv", values[:210])
    assert [one["state"] for one in rows_of(dataset)] == ["waiting"]
    grow(installation, "log.csv", values[:260])
    graded = rows_of(dataset)
    assert [(one["state"], one["points"]) for one in graded] == [("graded", 20)]
    assert 0 <= graded[0]["held"] <= 1
    grow(installation, "log.csv", values[:420])
    assert [(one["state"], one["origin"]) for one in rows_of(dataset)] == [("graded", 199.0), ("waiting", 419.0)]
    board = scoreboard(who, dataset)
    assert [(one.model, one.metric, one.graded, one.points) for one in board.records] == [
        (board.records[0].model, "reward", 1, 20)
    ]
    assert [(one.person, one.until, one.by) for one in board.waiting] == [("", 461.0, "step")]


def test_a_file_that_starts_over_is_another_history(installation: Installation) -> None:
    person()
    dataset = grow(installation, "log.csv", saturating(300, 4))
    grow(installation, "log.csv", saturating(400, 5))
    assert rows_of(dataset)[0]["state"] == "overwritten"


def test_what_cannot_be_forecast_keeps_nothing(installation: Installation) -> None:
    person()
    assert rows_of(grow(installation, "flat.csv", np.full(100, 0.5))) == []
    assert rows_of(grow(installation, "short.csv", saturating(20, 1))) == []
    assert due(1, [], {"kind": "comparison", "fields": ["label"]}) == Due()


def test_a_broken_forecast_never_breaks_the_reading(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    person()
    monkeypatch.setattr(forecasts, "lines_of", lambda _state: 1 / 0)
    dataset = grow(installation, "log.csv", saturating(100, 1))
    assert rows_of(dataset) == []
    assert fetch("SELECT state FROM run WHERE dataset_id = :dataset", {"dataset": dataset}) == [("done",)]


def test_a_day_later_a_grown_file_is_forecast_again(installation: Installation) -> None:
    person()
    values = saturating(500, 6)
    dataset = grow(installation, "log.csv", values[:300])
    with transaction() as tx:
        tx.session.exec(select(KeptForecast)).one().made_at = now() - timedelta(days=2)
    grow(installation, "log.csv", values[:320])
    assert len(rows_of(dataset)) == 1
    grow(installation, "log.csv", values[:400])
    assert len(rows_of(dataset)) == 2


def test_a_grade_is_given_once(installation: Installation) -> None:
    dataset = upload(person()).dataset_id
    actions.record(dataset, 1, 100, [made()], [])
    number = rows_of(dataset)[0]["id"]
    actions.record(dataset, 2, 200, [], [GradedForecast(number, SCORE)])
    actions.record(dataset, 3, 300, [], [GradedForecast(number, {**SCORE, "held": 0.0})])
    actions.record(dataset, 3, 300, [], [GradedForecast(number, None)])
    assert [(one["state"], one["held"]) for one in rows_of(dataset)] == [("graded", 1.0)]
    actions.record(999, 1, 1, [made()], [])
    assert rows_of(999) == []


def test_who_looks_in_vain_does_not_look_again_before_there_is_more(installation: Installation) -> None:
    dataset = upload(person()).dataset_id
    actions.record(dataset, 1, 100, [made()], [])
    number = rows_of(dataset)[0]["id"]
    actions.record(dataset, 2, 150, [], [], [number])
    assert (rows_of(dataset)[0]["rows"], rows_of(dataset)[0]["looked"]) == (100, 150)


def test_only_the_newest_two_hundred_of_a_dataset_stay(installation: Installation) -> None:
    who = person()
    one, other = upload(who, "a").dataset_id, upload(who, "b", "other.jsonl").dataset_id
    actions.record(one, 1, 100, [made(origin=float(place)) for place in range(203)], [])
    actions.record(other, 1, 100, [made()], [])
    assert maintenance.prune_forecasts() == 3
    assert rows_of(one)[0]["origin"] == 3.0
    assert (len(rows_of(one)), len(rows_of(other))) == (200, 1)


def test_the_record_is_of_the_project_and_of_nothing_else(installation: Installation) -> None:
    who = person()
    project("elsewhere")
    here, there = upload(who, "a").dataset_id, upload(who, "b", "there.jsonl", "elsewhere").dataset_id
    for dataset, held in ((here, 0.5), (there, 1.0)):
        actions.record(dataset, 1, 100, [made()], [])
        number = rows_of(dataset)[0]["id"]
        actions.record(dataset, 2, 200, [], [GradedForecast(number, {**SCORE, "held": held})])
    board = scoreboard(who, here)
    assert [(one.graded, one.held) for one in board.records] == [(1, 0.5)]
    assert board.records[0].crps_ratio == pytest.approx(0.5)
    assert board.records[0].error_ratio == pytest.approx(0.25)
    assert [(one.dataset_id, one.held) for one in board.misses] == [(here, 0.5)]
    viewer = join(person("vera", "member"), "main", "viewer")
    assert scoreboard(viewer, here).records == board.records
    with pytest.raises(NotFound):
        scoreboard(viewer, there)


def test_a_forecast_is_kept_for_who_may_and_concluded_here(installation: Installation) -> None:
    who = person()
    dataset = grow(installation, "log.csv", saturating(300, 8))
    number = act(who, "forecast.keep", {"dataset_id": dataset, "params": {"ahead": "100"}})
    kept = rows_of(dataset)[-1]
    assert (kept["id"], kept["until"], kept["user_id"], kept["version"]) == (number, 399.0, who.user_id, 1)
    viewer: Who = join(person("vera", "member"), "main", "viewer")
    with pytest.raises(AccessDenied):
        actions.keep(viewer, dataset)
    with pytest.raises(NotFound):
        actions.keep(person("eve", "member"), dataset)
    for wrong in ({"ahead": "-1"}, {"where": "step=0..10"}, {"metric": "loss"}, {"unknown": "1"}):
        with pytest.raises(UsageError):
            actions.keep(who, dataset, wrong)
    with pytest.raises(PlumblineError):
        actions.keep(who, upload(who, "pairs", "pairs.jsonl").dataset_id)
