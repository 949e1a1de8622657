"""The Monitoring page: for operators only, one sentence first, the numbers of `/metrics`, charts of the last hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import uptime
from engine.figures import Line, course
from engine.queries import health, monitoring, palette
from engine.queries import people as people_queries
from engine.settings import ROOT
from engine.types import Who
from pages.parts import guard, overview
from tests.monitoring.conftest import Say
from tests.monitoring.test_metrics import a_busy_installation
from tests.pages.conftest import Page, html, page, part, who

__all__ = ["page", "who"]

CARDS = "cards"
PAGE = str(ROOT / "pages" / "monitoring.py")


@pytest.fixture
def busy(say: Say, who: Who) -> None:
    a_busy_installation(say)


def titles(app: AppTest) -> list[str]:
    shown = part(app, CARDS)
    assert shown is not None
    return [block[1] for card in shown["cards"] for block in card["blocks"] if block[0] == "title"]


def test_the_sentence_comes_first_and_the_numbers_are_those_of_metrics(page: Page, busy: None, who: Who) -> None:
    app = page("monitoring")
    assert not app.exception
    assert app.title[0].value == "Monitoring"
    found = monitoring.reading(who)
    shown = html(app)
    assert shown.index("pl-sentence") < shown.index("pl-numbers")
    for name, value, beside in overview.numbers(found):
        assert f'data-number="{name}"><dt>{name}</dt><dd class="pl-value">{value}</dd>' in shown
        assert beside.split(",")[0] in shown
    said = {name: value for name, value, _ in overview.numbers(found)}
    assert said["Open pages"] == "12"
    assert said["Rerun p95"] == health.milliseconds(found.worst("rerun_recent_seconds", "0.95"))


def test_processes_store_and_uptime_are_told(page: Page, busy: None) -> None:
    app = page("monitoring")
    assert titles(app) == ["Last hour", "Processes", "Runs and store", "Uptime"]
    text = str(part(app, CARDS))
    for words in ("web 1", "foreman 1", "runner 1", "1 of 2 busy", "2 files followed, all read", "100 % of 1 probe"):
        assert words in text, words


def test_an_installation_that_said_nothing_yet_is_told_so(page: Page, home: object, who: Who) -> None:
    app = page("monitoring")
    assert not app.exception
    assert 'data-health="bad"' in html(app)
    text = str(part(app, CARDS))
    for words in ("No process has said anything yet", "Nothing was tried yet", "begin with the next readings"):
        assert words in text, words
    assert "What to do" in titles(app)


def test_the_last_hour_is_drawn_once_there_are_readings(page: Page, busy: None, who: Who) -> None:
    found = monitoring.reading(who)
    for number in range(30):
        monitoring._course.append(replace(found, at=found.at - timedelta(seconds=5 * (30 - number))))
    app = page("monitoring")
    assert titles(app)[:4] == ["Reruns and events", "Open pages", "Runs", "Processor"]
    charts = [block for card in (part(app, CARDS) or {})["cards"] for block in card["blocks"] if block[0] == "part"]
    assert len(charts) == 4
    assert all(len(chart[3]["chart"]["figure"]["data"][0]["x"]) in (8, 9) for chart in charts)


def test_an_hour_without_visitors_is_told_and_keeps_its_place(page: Page, say: Say, who: Who) -> None:
    say(sessions=0)
    found = monitoring.reading(who)
    monitoring._course.extend(replace(found, at=found.at - timedelta(seconds=30 * back)) for back in (3, 2, 1))
    app = page("monitoring")
    assert titles(app)[:2] == ["Reruns and events", "Open pages"]
    assert "Nobody opened a page within the hour" in str(part(app, CARDS))


@pytest.mark.parametrize("role", ["member", "viewer", "analyst"])
def test_others_are_neither_offered_nor_shown_it(
    page: Page, busy: None, who: Who, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    less = replace(who, role=role)
    monkeypatch.setattr(people_queries, "who_is", lambda _cookie: less)
    app = AppTest.from_file(PAGE).run()
    assert app.error[0].value == "Monitoring is for operators and administrators."
    assert not app.title
    assert not html(app)
    assert "page:monitoring" not in {entry.id for entry in palette.entries(less, "")}
    assert "page:monitoring" in {entry.id for entry in palette.entries(who, "")}


def test_it_does_not_run_without_its_server_nor_for_nobody(who: Who, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(people_queries, "who_is", lambda _cookie: None)
        assert "signed out" in AppTest.from_file(PAGE).run().error[0].value
    monkeypatch.delenv(guard.HOSTED)
    assert "does not run alone" in AppTest.from_file(PAGE).run().error[0].value


def test_names_of_processes_are_text(page: Page, who: Who, say: Say) -> None:
    say("web", "<img src=x onerror=alert(1)>-3")
    assert "<img" not in html(page("monitoring"))


# ------------------------------------------------------------------ the chart

START = datetime.fromisoformat("2026-01-01T10:00:00+00:00")
TIMES = [START + timedelta(seconds=20 * step) for step in range(3)]


def test_a_course_is_drawn_said_and_listed() -> None:
    chart = course("Reruns", TIMES, [Line("p95", [40, None, 60]), Line("p50", [20, 21, 22])], " ms")
    assert chart is not None
    assert [trace["y"] for trace in chart.figure["data"]] == [[40, None, 60], [20, 21, 22]]
    assert chart.figure["data"][0]["meta"]["read"] == ["p95 40 ms", "p95 –", "p95 60 ms"]
    assert chart.alt == "Reruns over the last hour: p95 60 ms at the end, p50 22 ms at the end."
    assert chart.table.columns == ["Time", "p95", "p50"]
    assert chart.table.rows[0] == ["2026-01-01T10:00:40+00:00", 60, 22]


def test_what_is_counted_has_whole_numbers_beside_it() -> None:
    few, many = (course("Runs", TIMES, [Line("waiting", [0, 1, most])]) for most in (2, 200))
    assert few is not None
    assert many is not None
    assert few.figure["layout"]["yaxis"]["dtick"] == 1
    assert "dtick" not in many.figure["layout"]["yaxis"]


@pytest.mark.parametrize(("times", "values"), [(TIMES[:1], [1]), (TIMES, [None, None, None]), ([], [])])
def test_nothing_is_drawn_of_nothing(times: list[datetime], values: list[float | None]) -> None:
    assert course("x", times, [Line("a", values)]) is None


def test_points_of_the_past_stay_while_newer_ones_come(who: Who, busy: None) -> None:
    uptime.record(True)
    found = monitoring.reading(who)
    many = [replace(found, at=START + timedelta(seconds=5 * step)) for step in range(40)]
    for upto in (20, 21, 33):
        before, after = overview._thinned(many[:upto]), overview._thinned(many[: upto + 1])
        assert after[: len(before) - 1] == before[:-1]
