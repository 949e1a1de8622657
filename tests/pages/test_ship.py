"""The pages of the second decision, each in the states of a dataset."""

from __future__ import annotations

import re

import pytest

from engine.actions import runs
from jobs.work import perform
from pages.parts import cards, location, sections
from pages.parts.cards import Card
from tests.pages import samples
from tests.pages.conftest import Give, Page, blocks, html, part, parts, said
from tests.processes.here import Here


def test_battles_are_led_by_their_ranking(page: Page, give: Give) -> None:
    dataset = give(samples.battles(), "battles.csv")
    app = page("ranking", dataset=str(dataset))
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None
    assert (answer["analysis"], answer["plain"]) == ("ranking", True)
    assert answer["view"] == f"ranking?dataset={dataset}"
    assert answer["numbers"][0]["name"] == "top_gap"
    assert {chart["name"] for chart in parts(app, "chart")} >= {"forest", "wins"}
    board = next(block for block in blocks(app) if block[0] == "table")
    assert [row[0] for row in board[3]] == ["alpha", "beta", "gamma", "delta"]
    assert ["code", "python -m jobs analyse battles.csv --analysis ranking"] in blocks(app)


def test_a_way_to_look_is_in_the_address_by_its_own_name(page: Page, give: Give) -> None:
    dataset = give(samples.battles())
    app = page("ranking", dataset=str(dataset), model="davidson")
    answer = part(app, "answer")
    assert answer is not None
    assert (answer["query"], answer["plain"]) == (f"dataset={dataset}&model=davidson", False)
    app.selectbox(key="model-davidson").set_value("bradley_terry").run()
    answer = part(app, "answer")
    assert answer is not None
    assert answer["query"] == f"dataset={dataset}"
    strange = page("ranking", dataset=str(dataset), model="astrology")
    assert not strange.exception
    assert part(strange, "answer") is not None


def test_ways_that_do_not_go_together_say_so(page: Page, give: Give) -> None:
    app = page("ranking", dataset=str(give(samples.battles())), model="davidson", controls="length")
    assert not app.exception
    assert "do not go together" in html(app)


def test_datasets_beside_each_other_are_compared(page: Page, give: Give) -> None:
    first, second = give(samples.pairs(seed=1), "one.csv"), give(samples.pairs(seed=2), "two.csv")
    give(samples.pairs(seed=3), "three.csv")
    alone = page("compare", dataset=str(first))
    assert not alone.exception
    assert sorted(alone.multiselect[0].options) == ["three", "two"]
    app = page("compare", dataset=str(first), beside=str(second))
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None, html(app)
    assert answer["verdict"] in ("ship", "hold", "need_more")
    assert (answer["beside"], answer["plain"], answer["version"]) == ([second], False, 2)
    assert answer["query"] == f"dataset={first}&beside={second}"
    assert re.search(r" for (one|two): .* of (one|two), |(Ship|Hold) (one|two): .* of (one|two), ", answer["sentence"])
    assert part(app, "pairs") == {"address": f"/view/compare/worst?dataset={first}&beside={second}&version=2"}
    tools = part(app, "tools")
    assert tools is not None
    assert tools["exports"][0]["href"] == f"/export/compare.html?dataset={first}&beside={second}"
    assert [block for block in blocks(app) if block[0] == "code" and "one.csv two.csv --analysis compare" in block[1]]


def test_others_are_called_by_what_tells_them_from_this_one(page: Page, give: Give) -> None:
    long = "benchmark=judgebench,response_model=gpt-4o,judge_model={}.csv"
    first = give(samples.pairs(seed=1), long.format("one"))
    give(samples.pairs(seed=2), long.format("two"))
    give(samples.pairs(seed=3), "three.csv")
    assert sorted(page("compare", dataset=str(first)).multiselect[0].options) == ["three", "two"]
    give(samples.pairs(seed=4), "two.csv")
    alike = sorted(page("compare", dataset=str(first)).multiselect[0].options)
    assert alike == [long.format("two"), "three.csv", "two.csv"]


def test_strange_datasets_beside_are_left_out(page: Page, give: Give) -> None:
    first = give(samples.pairs(seed=1), "one.csv")
    other = give(samples.battles(), "battles.csv")
    for beside in (str(other), str(first), "999", "x.y", "-1", "1.1.1", "9" * 40):
        app = page("compare", dataset=str(first), beside=beside)
        assert not app.exception
        assert part(app, "answer") is None


def test_agreement_is_the_desk_of_the_annotators(page: Page, give: Give) -> None:
    app = page("agreement", dataset=str(give(samples.battles())))
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None
    assert answer["analysis"] == "agreement"
    assert {chart["name"] for chart in parts(app, "chart")} >= {"raters", "pairs"}
    desk = next(block for block in blocks(app) if block[0] == "table")
    assert sorted(row[0] for row in desk[3]) == [f"ann{number}" for number in range(6)]


@pytest.mark.parametrize("name", ["ranking", "agreement"])
def test_a_file_that_lacks_what_it_takes_is_led_to_what_can_be_said(page: Page, give: Give, name: str) -> None:
    app = page(name, dataset=str(give(samples.pairs())))
    assert not app.exception
    assert app.header[0].value == f"Nothing for {name.capitalize()} in this file"
    assert app.button[0].label == "Open Calibration"
    assert app.button[-1].label == "Name the columns…"
    assert part(app, "answer") is None


@pytest.mark.parametrize("name", ["ranking", "compare", "agreement"])
def test_without_data_each_page_says_what_to_give(page: Page, name: str) -> None:
    app = page(name)
    assert not app.exception
    assert app.header[0].value == "No data yet"


@pytest.mark.parametrize("name", ["ranking", "agreement"])
def test_names_of_files_never_become_markup(page: Page, give: Give, name: str) -> None:
    names = (samples.HOSTILE, "$ink", "<b>beta</b>", "=cmd()")
    app = page(name, dataset=str(give(samples.battles(names=names).replace("ann0", "<i>ann"), "<b>x.csv")))
    assert not app.exception
    assert samples.HOSTILE not in html(app)
    assert all(hasattr(cards, block[0]) for block in blocks(app))
    for chart in parts(app, "chart"):
        layout = chart["chart"]["figure"]["layout"]
        ticks = [tick for axis in ("xaxis", "yaxis") for tick in layout[axis].get("ticktext", [])]
        assert not [tick for tick in ticks if "<" in tick]


def test_slices_filter_every_page(page: Page, give: Give) -> None:
    dataset = give(samples.battles())
    app = page("ranking", dataset=str(dataset))
    app.selectbox(key=location.SLICE).set_value("language=de").run()
    answer = part(app, "answer")
    assert answer is not None
    assert (answer["rows"], answer["query"]) == (300, f"dataset={dataset}&slice=language%3Dde")
    assert "Where the ranking is another one" in said(app) or part(app, "chart") is not None


def test_a_judge_is_held_against_people_and_length_against_preferences(page: Page, give: Give) -> None:
    dataset = give(samples.pairs())
    judged = page("judge", dataset=str(dataset))
    assert not judged.exception
    answer = part(judged, "answer")
    assert answer is not None
    assert answer["numbers"][0]["name"] == "agreement"
    assert {chart["name"] for chart in parts(judged, "chart")} >= {"judges", "verdicts"}
    audited = page("audit", dataset=str(dataset))
    assert not audited.exception
    answer = part(audited, "answer")
    assert answer is not None
    assert answer["numbers"][0]["name"] == "ruler_accuracy"
    assert "rulers" in {chart["name"] for chart in parts(audited, "chart")}


def test_best_of_n_takes_several_answers_to_a_prompt(page: Page, give: Give) -> None:
    rows = "".join(f"p{row // 4},{(row * 37 % 100) / 100},{row % 2}\n" for row in range(240))
    app = page("bestofn", dataset=str(give("prompt_id,score,truth\n" + rows)))
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None
    assert answer["numbers"][0]["name"] == "gain"
    assert {chart["name"] for chart in parts(app, "chart")} == {"curve", "truth"}


def observe_next() -> None:
    work = runs.claim("test", ("observe",))
    assert work is not None
    perform(work, Here())


def test_a_cohort_is_said_concluded_and_put_beside_the_others(page: Page, give: Give) -> None:
    dataset, where = give(samples.battles()), "item=alpha|beta|gamma"
    app = page("ranking", dataset=str(dataset), where=where)
    assert not app.exception
    assert "Observing the data for this view" in [header.value for header in app.header]
    observe_next()
    app = page("ranking", dataset=str(dataset), where=where)
    answer = part(app, "answer")
    assert answer is not None
    assert answer["query"] == f"dataset={dataset}&where=item%3Dalpha%7Cbeta%7Cgamma"
    assert not answer["plain"]
    assert "Only rows with item alpha, beta, gamma" in html(app)
    board = next(block for block in blocks(app) if block[0] == "table")
    assert [row[0] for row in board[3]] == ["alpha", "beta", "gamma"]
    assert "Observing the other rows" in [header.value for header in app.header]
    observe_next()
    app = page("ranking", dataset=str(dataset), where=where)
    answers = parts(app, "answer")
    assert [one["title"] for one in answers] == ["", "The others: all but item alpha, beta, gamma"]
    assert answers[0]["rows"] + answers[1]["rows"] == 600
    next(button for button in app.button if button.label == "The others").click().run()
    answers = parts(app, "answer")
    assert answers[0]["rows"] + answers[1]["rows"] == 600
    assert answers[1]["title"] == "The others: item alpha, beta, gamma"
    next(button for button in app.button if button.label == "All rows").click().run()
    (answer,) = parts(app, "answer")
    assert (answer["rows"], answer["query"]) == (600, f"dataset={dataset}")


@pytest.mark.parametrize("where", ["x", "<b>=1;", "label=2..1", "slice.nothing=a"])
def test_a_cohort_that_says_nothing_can_be_left(page: Page, give: Give, where: str) -> None:
    dataset = give(samples.pairs())
    app = page("calibration", dataset=str(dataset), where=where)
    if where.startswith("slice"):
        observe_next()
        app = page("calibration", dataset=str(dataset), where=where)
    assert not app.exception
    assert part(app, "answer") is None
    assert "<b>" not in html(app)
    next(button for button in app.button if button.label == "All rows").click().run()
    assert part(app, "answer") is not None


def test_every_mark_that_stands_for_rows_says_which(page: Page, give: Give) -> None:
    battles, pairs = give(samples.battles()), give(samples.pairs())
    behind = {}
    for name, dataset in (("ranking", battles), ("agreement", battles), ("calibration", pairs), ("judge", pairs)):
        for chart in parts(page(name, dataset=str(dataset)), "chart"):
            for trace in chart["chart"]["figure"]["data"]:
                place = (trace.get("meta") or {}).get("where")
                if place is not None:
                    own = trace["customdata"][0]
                    behind[chart["name"]] = (own[1] if trace["type"] == "heatmap" else own)[place]
    assert behind["forest"].startswith("item=")
    assert behind["wins"] == "item=alpha|beta"
    assert behind["raters"].startswith("rater=ann")
    assert re.fullmatch(r"rater=ann\d\|ann\d", behind["pairs"])
    assert behind["reliability"].startswith("confidence=0.4")
    assert behind["verdicts"].endswith("verdict_on_label=opposite")
    assert all("&" not in where for where in behind.values()), "the rest of each can be written"


@pytest.mark.parametrize(
    ("halves", "shown"),
    [
        ([True, True], [True, True]),
        ([True, False], [False, False]),
        ([True, True, True], [False, True, True]),
        ([False, True, None, False, True, True], [False, False, False, True, True]),
        ([True, None, True], [True, True]),
        ([], []),
    ],
)
def test_a_card_that_stands_alone_has_the_whole_line(halves, shown):
    found = [None if half is None else Card(str(place), half=half) for place, half in enumerate(halves)]
    assert [card.half for card in sections.pictured(*found)] == shown
