"""The page of forecasts: its answer, its pictures, what is kept and how that did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.queries import people as people_queries
from engine.queries.forecasts import scoreboard
from engine.types import Who
from tests.analysis.curve_worlds import saturating, walk
from tests.pages.conftest import Give, Page, blocks, html, part, parts, said
from tests.store.people import person


def csv(values: np.ndarray, run: str = "") -> str:
    head, own = ("run,", f"{run},") if run else ("", "")
    lines = (f"{own}{step},{value:.6f},{1 / (1 + step):.4f}\n" for step, value in enumerate(values))
    return f"{head}step,reward,loss\n" + "".join(lines)


def shown(app: Any, label: str) -> list[Any]:
    """The rows of the table of this label."""
    return next((block[3] for block in blocks(app) if block[0] == "table" and block[1] == label), [])


def test_a_curve_is_forecast_with_its_bands_and_its_record(page: Page, give: Give) -> None:
    dataset = give(csv(saturating(600, 1)), "reward.csv")
    app = page("forecast", dataset=str(dataset), threshold="2")
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None, html(app)
    assert (answer["analysis"], answer["query"]) == ("forecast", f"dataset={dataset}&threshold=2")
    assert "in back-tests" in answer["sentence"]
    assert "chance to pass 2 by then below 1 %" in answer["sentence"]
    assert [one["name"] for one in answer["numbers"]][:3] == ["forecast", "move", "chance"]
    assert {chart["name"] for chart in parts(app, "chart")} == {"forecast", "threshold", "backtest"}
    assert [row[0] for row in shown(app, "Models")] == [
        "Mixture", "Random walk", "Exponential smoothing", "Drift", "Naive",
    ]  # fmt: skip
    assert "1 forecast of this dataset waiting" in html(app) + str(blocks(app))


def test_controls_are_in_the_address(page: Page, give: Give) -> None:
    dataset = give(csv(saturating(300, 2)), "reward.csv")
    app = page("forecast", dataset=str(dataset), ahead="120", run="run")
    answer = part(app, "answer")
    assert answer is not None, html(app)
    assert "step 419" in answer["sentence"]
    assert answer["query"] == f"dataset={dataset}&run=run&ahead=120"
    for wrong, word in (("many", "does not fit"), ("900", "farther than the line has gone"), ("-1", "from 0 on")):
        refused = page("forecast", dataset=str(dataset), ahead=wrong)
        assert not refused.exception
        assert word in html(refused), wrong


def test_too_few_points_say_how_many_are_needed(page: Page, give: Give) -> None:
    app = page("forecast", dataset=str(give(csv(saturating(20, 3)), "short.csv")))
    assert not app.exception
    assert "20 points; a forecast needs at least 30" in html(app) + said(app)


def test_a_constant_line_says_so(page: Page, give: Give) -> None:
    app = page("forecast", dataset=str(give(csv(np.full(60, 0.5)), "flat.csv")))
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None
    assert answer["sentence"] == "reward never moves: .5 at all 60 points; there is nothing to forecast."


def test_a_forecast_is_kept_and_graded_when_its_points_are_there(page: Page, give: Give, who: Who) -> None:
    dataset = give(csv(saturating(300, 4)), "reward.csv")
    app = page("forecast", dataset=str(dataset), ahead="60")
    app.button[[one.label for one in app.button].index("Keep this forecast")].click().run()
    assert not app.exception
    waiting = scoreboard(who, dataset).waiting
    assert [(one.person, one.until) for one in waiting] == [(who.name, 359.0), ("", 329.0)]


def test_who_may_only_read_is_not_offered_to_keep(page: Page, give: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = give(csv(walk(200, 5)), "walk.csv")
    viewer = person("vera", "viewer")
    monkeypatch.setattr(people_queries, "who_is", lambda _cookie: viewer)
    app = page("forecast", dataset=str(dataset))
    assert not app.exception
    assert "Keep this forecast" not in [one.label for one in app.button]


def test_names_from_a_file_are_text(page: Page, give: Give) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    app = page("forecast", dataset=str(give(csv(saturating(120, 6), run=hostile), "x.csv")))
    assert not app.exception
    assert hostile not in html(app)
