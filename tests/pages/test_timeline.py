"""The pages Timeline and Training curves in the states of a dataset."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import NotFound, StatePending
from engine.queries import timeline
from engine.types import Who
from tests.pages import samples
from tests.pages.conftest import Give, Page, blocks, html, part, parts
from tests.pages.test_ship import observe_next
from tests.store.people import person

TIMES = "prompt,created_at,score_a,score_b,label\n" + "".join(
    f"p{row},2026-01-{1 + row % 20:02}T10:00:00Z,{(row * 37 % 100) / 20},1.5,{row % 2}\n" for row in range(900)
)


def test_a_timeline_is_observed_then_played(page: Page, give: Give) -> None:
    dataset = give(samples.stepped(600, 10), "steps.csv")
    app = page("timeline", dataset=str(dataset))
    assert not app.exception
    assert "Observing the data for this timeline" in [header.value for header in app.header]
    observe_next()
    app = page("timeline", dataset=str(dataset))
    assert not app.exception
    given = part(app, "timeline")
    assert given is not None, html(app)
    asked = "of=calibration&by=step&windows=60"
    assert given["view"].startswith(f"timeline/frames?dataset={dataset}&")
    assert set(asked.split("&")) <= set(given["view"].partition("?")[2].split("&"))
    assert given["export"].startswith("timeline.html?")


def test_what_is_shown_and_how_is_in_the_address(page: Page, give: Give) -> None:
    dataset = give(samples.stepped(600, 10))
    page("timeline", dataset=str(dataset), of="judge", windows="24", span="3")
    observe_next()
    app = page("timeline", dataset=str(dataset), of="judge", windows="24", span="3", chart="x")
    assert not app.exception
    given = part(app, "timeline")
    assert given is not None
    assert {"of=judge", "windows=24", "span=3"} <= set(given["view"].partition("?")[2].split("&"))


def test_training_logs_are_cut_from_what_is_observed_already(page: Page, give: Give) -> None:
    dataset = give(samples.curves(2, 60), "log.csv")
    app = page("timeline", dataset=str(dataset))
    assert not app.exception
    given = part(app, "timeline")
    assert given is not None, html(app)
    assert "of=curves" in given["view"]


def test_days_are_played_where_rows_have_times(page: Page, give: Give, who: Who) -> None:
    dataset = give(TIMES, "times.csv")
    page("timeline", dataset=str(dataset))
    observe_next()
    found = timeline.frames(who, dataset, {"windows": 0})
    assert (found.by, found.frames[0].label) == ("time", "1 Jan 2026")
    assert len(found.frames) == 20


def test_rows_without_step_and_time_are_led_elsewhere(page: Page, give: Give) -> None:
    app = page("timeline", dataset=str(give(samples.pairs())))
    assert not app.exception
    assert app.header[0].value == "Nothing for a timeline in this file"
    assert part(app, "timeline") is None


def test_without_data_the_page_says_what_to_give(page: Page) -> None:
    assert page("timeline").header[0].value == "No data yet"


def test_the_dataset_with_a_step_is_taken_where_none_was_chosen(page: Page, give: Give) -> None:
    stepped = give(samples.stepped(600, 10), "steps.csv")
    give(samples.pairs(), "pairs.csv")
    app = page("timeline")
    assert app.selectbox[0].value == stepped


def test_somebody_elses_timeline_is_not_there(give: Give, who: Who) -> None:
    dataset = give(samples.stepped(600, 10, seed=5))
    stranger = person("eve", "member")
    for ask in (timeline.frames, timeline.prepared):
        with pytest.raises(NotFound):
            ask(stranger, dataset, {})
        with pytest.raises(StatePending):
            ask(replace(who, role="viewer"), dataset, {})
    with pytest.raises(NotFound):
        timeline.shown(stranger, dataset)


# ------------------------------------------------------------------ training curves


def test_metrics_are_chosen_among_those_of_the_answer(page: Page, give: Give) -> None:
    app = page("curves", dataset=str(give(samples.curves(3), "log.csv")))
    assert not app.exception
    picker = next(one for one in app.multiselect if one.label == "Metrics")
    assert set(picker.options) == {"reward", "loss", "learning_rate"}
    assert picker.value == ["reward"]
    picker.set_value(["loss", "reward"]).run()
    assert not app.exception
    assert [chart["name"] for chart in parts(app, "chart")] == ["curves", "curves_2"]
    answer = part(app, "answer")
    assert answer is not None
    assert "metric=loss%7Creward" in answer["query"]


def test_runs_are_put_together_smoothed_and_listed(page: Page, give: Give) -> None:
    app = page("curves", dataset=str(give(samples.curves(6), "log.csv")), group="name", smooth="0.9")
    assert not app.exception
    chart = part(app, "chart")
    assert chart is not None
    names = [trace.get("name") for trace in chart["chart"]["figure"]["data"] if trace.get("meta", {}).get("rank")]
    assert names == ["lr1: 3 runs, 95 % interval of the mean", "lr2: 3 runs, 95 % interval of the mean"]
    table = next(block for block in blocks(app) if block[0] == "table")
    assert len(table[3]) == 6


def test_logs_are_put_beside_each_other_by_name(page: Page, give: Give) -> None:
    first, second = give(samples.curves(1, seed=1), "one.csv"), give(samples.curves(1, seed=2), "two.csv")
    app = page("curves", dataset=str(first), beside=str(second))
    assert not app.exception
    chart = part(app, "chart")
    assert chart is not None, html(app)
    names = [trace["name"] for trace in chart["chart"]["figure"]["data"]]
    assert sorted(names) == ["one: lr1_seed0", "two: lr1_seed0"]


def test_strange_parameters_say_so(page: Page, give: Give) -> None:
    dataset = give(samples.curves(1), "log.csv")
    for query in ({"metric": "nothing"}, {"over": "moon"}, {"group": "config.nothing"}):
        app = page("curves", dataset=str(dataset), **query)
        assert not app.exception
    assert "There is no metric" in html(page("curves", dataset=str(dataset), metric="nothing"))


def test_names_of_runs_never_become_markup(page: Page, give: Give) -> None:
    app = page("curves", dataset=str(give(samples.curves(2, names=(samples.HOSTILE, "<b>two")), "<b>log.csv")))
    assert not app.exception
    for chart in parts(app, "chart"):
        for trace in chart["chart"]["figure"]["data"]:
            assert "<" not in trace["name"]
            assert "<img" not in trace.get("hovertemplate", "")
