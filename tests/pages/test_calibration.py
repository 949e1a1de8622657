"""The Calibration page in each state of a dataset."""

from __future__ import annotations

import pytest

from engine.actions import datasets
from engine.types import Who
from pages.parts import cards, location, states
from tests.pages import samples
from tests.pages.conftest import Give, Page, blocks, html, part, parts, said


def test_answer_has_its_sentence_numbers_charts_and_evidence(page: Page, give: Give) -> None:
    dataset = give(samples.pairs())
    app = page("calibration", dataset=str(dataset))
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None
    assert answer["verdict"] == "over_confident"
    assert answer["sentence"].startswith("Over-confident: calibration error")
    assert answer["rows"] == 300
    assert answer["plain"] is True
    assert [number["name"] for number in answer["numbers"]][:2] == ["calibration_error", "accuracy"]
    assert {chart["name"] for chart in parts(app, "chart")} == {"reliability", "slices"}
    assert ["code", "python -m jobs analyse scores.csv --analysis calibration"] in blocks(app)
    assert "SHA-256" in [name for kind, *rest in blocks(app) if kind == "facts" for name, _ in rest[0]]


def test_worst_pairs_are_fetched_for_the_view_that_is_shown(page: Page, give: Give) -> None:
    dataset = give(samples.pairs())
    app = page("calibration", dataset=str(dataset))
    app.selectbox(key=location.SLICE).set_value("source=math").run()
    assert part(app, "pairs") == {"address": f"/view/calibration/worst?dataset={dataset}&slice=source%3Dmath&version=1"}


def test_controls_reach_the_address_and_every_part(page: Page, give: Give) -> None:
    dataset = give(samples.pairs())
    app = page("calibration", dataset=str(dataset))
    app.selectbox(key=location.SLICE).set_value("source=math").run()
    answer, chart = part(app, "answer"), part(app, "chart")
    assert answer is not None
    assert chart is not None
    assert answer["query"] == f"dataset={dataset}&slice=source%3Dmath"
    assert answer["plain"] is False
    assert answer["rows"] == 150
    assert chart["query"] == answer["query"]


@pytest.mark.parametrize("kind", ["temperature", "isotonic", "flexible"])
def test_every_recalibrator_comes_with_the_lines_that_apply_it(page: Page, give: Give, kind: str) -> None:
    app = page("calibration", dataset=str(give(samples.pairs())))
    app.selectbox(key=location.RECALIBRATOR).set_value(kind).run()
    assert not app.exception
    assert [block for block in blocks(app) if block[0] == "code" and "def apply(" in block[1]]


def test_export_links_name_what_is_on_screen(page: Page, give: Give) -> None:
    dataset = give(samples.pairs())
    app = page("calibration", dataset=str(dataset))
    app.selectbox(key=location.BINS).set_value(10).run()
    tools = part(app, "tools")
    assert tools is not None
    assert [link["href"] for link in tools["exports"]] == [
        f"/export/calibration.{kind}?dataset={dataset}&bins=10" for kind in ("html", "csv", "json")
    ]
    assert tools["markdown"].startswith("**Over-confident")


def test_without_data_the_page_says_what_to_give(page: Page) -> None:
    app = page("calibration")
    assert not app.exception
    assert app.header[0].value == "No data yet"
    assert len(parts(app, "dropzone")) == 1


def test_a_file_that_waits_shows_its_run(page: Page, give: Give) -> None:
    app = page("calibration", dataset=str(give(samples.pairs(), read=False)))
    run = part(app, "run")
    assert run is not None
    assert run["state"] == "queued"
    assert part(app, "answer") is None


def test_a_refused_file_says_why_and_how_to_go_on(page: Page, give: Give) -> None:
    app = page("calibration", dataset=str(give("name,colour\nann,red\n", "broken.csv")))
    assert app.header[0].value == "This file could not be read"
    assert states.literal("broken.csv") in app.error[0].value
    assert app.button[0].label == "Name the columns…"


def test_too_few_prompts_are_no_answer(page: Page, give: Give) -> None:
    app = page("calibration", dataset=str(give(samples.pairs(12))))
    assert not app.exception
    assert app.header[0].value == "Not enough data for an honest answer"
    assert "12 prompts" in html(app)
    assert part(app, "answer") is None


def test_a_removed_dataset_is_explained(page: Page, give: Give, who: Who) -> None:
    gone, kept = give(samples.pairs()), give(samples.pairs(seed=1), "other.csv")
    datasets.remove(who, gone)
    app = page("calibration", dataset=str(gone))
    assert not app.exception
    assert "was removed" in html(app)
    assert app.selectbox(key="picked-0").options == ["other.csv"]
    assert kept


def test_text_of_files_never_becomes_markup(page: Page, give: Give) -> None:
    app = page("calibration", dataset=str(give(samples.hostile(), "<b>x.csv")))
    assert not app.exception
    assert samples.HOSTILE not in html(app)
    assert all(hasattr(cards, block[0]) for block in blocks(app))
    chart = next(chart for chart in parts(app, "chart") if chart["name"] == "slices")
    ticks = chart["chart"]["figure"]["layout"]["yaxis"]["ticktext"]
    assert not [tick for tick in ticks if "<" in tick]


def test_refused_rows_are_counted_and_the_first_are_shown(page: Page, give: Give) -> None:
    one = page("calibration", dataset=str(give(samples.pairs() + "p999,many,0,1,math,x,y\n")))
    assert ["strong", "1 row refused"] in blocks(one)
    assert ["facts", [["Line 302", "score_a: not a number"]]] in blocks(one)
    broken = "".join(f"q{row},<b>,0,1,math,x,y\n" for row in range(7))
    many = page("calibration", dataset=str(give(samples.pairs(seed=1) + broken, "other.csv")))
    assert ["strong", "7 rows refused"] in blocks(many)
    assert len([name for kind, *rest in blocks(many) if kind == "facts" for name, _ in rest[0] if "Line " in name]) == 5


def test_votes_without_scores_are_explained_and_lead_to_their_columns(page: Page, give: Give) -> None:
    votes = "prompt,text_a,text_b,label\n" + "".join(f"p{row},x{row},y{row},{'ab'[row % 2]}\n" for row in range(60))
    app = page("calibration", dataset=str(give(votes)))
    assert not app.exception
    assert app.header[0].value == "Nothing to calibrate in this file"
    assert "Labels, but no scores and no margin." in html(app)
    assert [button.label for button in app.button] == ["Open Audit", "Name the columns…"]
    assert not app.warning
    assert part(app, "run") is None
    listed = part(page("datasets"), "datasets")
    assert listed is not None
    assert listed["rows"][0]["sentence"].startswith("Length alone")


def test_without_slices_the_card_says_how_to_get_them(page: Page, give: Give) -> None:
    lines = [line.split(",") for line in samples.pairs().splitlines()]
    bare = "\n".join(",".join([*line[:4], *line[5:]]) for line in lines)
    assert "add, say, domain, language or source" in said(page("calibration", dataset=str(give(bare))))
    few = samples.pairs(source=tuple(f"s{number}" for number in range(20)))
    app = page("calibration", dataset=str(give(few, "many.csv")))
    assert "can be sliced by source, but no value has enough prompts" in said(app)


def test_the_page_listens_for_rows_newer_than_it_shows(page: Page, give: Give) -> None:
    dataset = give(samples.pairs())
    newer = part(page("calibration", dataset=str(dataset)), "newer")
    assert newer is not None
    assert (newer["dataset"], newer["version"]) == (dataset, 1)


def test_names_of_files_are_no_markdown(page: Page, give: Give) -> None:
    app = page("calibration", dataset=str(give("name,colour\nann,red\n", "![x](http:--127.0.0.1:9).csv")))
    assert "![x](" not in app.error[0].value
    assert "!\\[x\\]" in app.error[0].value.replace("\\!", "!")
