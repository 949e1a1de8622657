"""The page on which the columns of a file are named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import mappings, runs
from engine.queries import datasets, people
from engine.queries import mappings as queries
from engine.types import DatasetView, SourceColumn, SourceView, Who
from jobs.work import perform
from pages.parts import naming
from tests.actions.test_mappings import MAPPING, odd
from tests.pages import samples
from tests.pages.conftest import Give, Page, html, part
from tests.processes.here import Here
from tests.store.people import person


def columns(page: Page, dataset: int) -> AppTest:
    """The page as a link leads to it."""
    return page("columns", dataset=str(dataset))


def choose(app: AppTest, **roles: str) -> AppTest:
    """Choose roles by the place of the column, `c0`, `c1`, …, and send the form."""
    boxes = [one for one in app.selectbox if (one.key or "").startswith("column-")]
    for place, role in roles.items():
        boxes[int(place[1:])].set_value(role)
    return next(one for one in app.button if one.label == "Read again").click().run()


def work() -> None:
    while found := runs.claim("test", ("read", "observe")):
        perform(found, Here())


def test_every_column_has_a_line_with_examples_and_a_guess(page: Page, give: Give) -> None:
    dataset = give(odd(), "odd.csv")
    app = columns(page, dataset)
    assert not app.exception
    boxes = [one for one in app.selectbox if (one.key or "").startswith("column-")]
    assert len(boxes) == 5
    assert [one.value for one in boxes] == [one.role or "" for one in queries.source(*source_of(dataset)).columns]
    assert all(one.label.endswith(("nothing recognised", "a guess", "likely", "read as")) for one in boxes)
    assert "math · law" in html(app)
    assert "which was preferred, or the share of votes" in html(app)
    assert "unrecognised" not in app.error[0].value
    assert "no known form" in app.error[0].value


def source_of(dataset: int) -> tuple[Who, int]:
    return Who(1, "ann", "admin"), dataset


def test_what_is_named_is_read_and_kept_for_the_next_file(page: Page, give: Give, who: Who) -> None:
    dataset = give(odd(), "odd.csv")
    choose(columns(page, dataset), c1="score_a", c2="score_b", c3="label")
    work()
    assert datasets.get_dataset(who, dataset).verdict == "over_confident"
    (kept,) = queries.list_mappings(who, "main")
    assert kept.name == "odd"
    assert kept.mapping.items() >= MAPPING.items()
    assert datasets.get_dataset(who, give(odd(1), "next.csv")).verdict == "over_confident"
    app = columns(page, dataset)
    boxes = [one for one in app.selectbox if (one.key or "").startswith("column-")]
    assert [one.value for one in boxes[1:4]] == ["score_a", "score_b", "label"]
    assert boxes[1].label.endswith("read as")
    rows = (part(app, "listing") or {})["rows"]
    assert rows[0]["name"] == "odd"


def test_it_need_not_be_kept(page: Page, give: Give, who: Who) -> None:
    dataset = give(odd(), "odd.csv")
    app = columns(page, dataset)
    app.checkbox[0].uncheck()
    choose(app, c1="score_a", c2="score_b", c3="label")
    assert queries.list_mappings(who, "main") == []
    work()
    assert datasets.get_dataset(who, dataset).error is None


def test_what_is_wrong_is_told_beside_the_field(page: Page, give: Give, who: Who) -> None:
    dataset = give(odd(), "odd.csv")
    app = choose(columns(page, dataset), c1="score_a", c2="score_a", c3="label")
    said = [one.value for one in app.error]
    assert sum("is chosen for" in one for one in said) == 2
    assert runs.claim("test", ("read",)) is None
    app = columns(page, dataset)
    next(one for one in app.text_input if one.label == "Saved as").set_value("  ")
    app = choose(app, c1="score_a", c2="score_b", c3="label")
    assert any("Give it a name" in one.value for one in app.error)
    assert queries.list_mappings(who, "main") == []


def test_a_column_that_is_gone_is_told(page: Page, give: Give, who: Who) -> None:
    dataset = give(odd(), "odd.csv")
    from engine.actions import datasets as actions

    actions.set_mapping(who, dataset, {"score_a": "gone *now*"})
    work()
    app = columns(page, dataset)
    assert not app.exception
    assert "gone \\*now\\*" in app.warning[0].value
    assert "no column is called" in app.error[0].value.replace("\\", "")
    choose(app, c1="score_a", c2="score_b", c3="label")
    work()
    assert datasets.get_dataset(who, dataset).verdict == "over_confident"


def test_hostile_columns_are_text(page: Page, give: Give) -> None:
    text = odd(names=f"id,{samples.HOSTILE},second,winner of it,**bold**").replace("math", samples.HOSTILE)
    app = columns(page, give(text, "odd.csv"))
    assert not app.exception
    assert samples.HOSTILE not in html(app)
    labels = [one.label for one in app.selectbox if (one.key or "").startswith("column-")]
    assert labels[4].startswith("\\*\\*bold\\*\\*")
    assert labels[1].startswith("\\<img src")
    assert naming.label("rm_score-a") == "rm_score-a"
    assert naming.label("_a_ __b__ -c") == "\\_a\\_ \\_\\_b\\_\\_ \\-c"


def test_who_may_not_change_it_sees_how_it_is_read(
    page: Page, give: Give, who: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = give(samples.pairs())
    mappings.save(who, dataset, "ours", {"slice": "source"})
    viewer = person("vic", "viewer")
    monkeypatch.setattr(people, "who_is", lambda _cookie: viewer)
    app = columns(page, dataset)
    assert not [one for one in app.selectbox if (one.key or "").startswith("column-")]
    assert "<dt>score_a</dt><dd>Score a</dd>" in html(app)
    assert (part(app, "listing") or {})["rows"][0]["acts"] == []


@pytest.mark.parametrize("query", [{}, {"dataset": "99"}, {"dataset": "x"}])
def test_a_dataset_that_is_not_there(page: Page, who: Who, query: dict[str, str]) -> None:
    app = page("columns", **query)
    assert not app.exception
    assert "Choose a dataset" in html(app) or "There is no such dataset" in html(app)


# ------------------------------------------------------------------ what follows from what is chosen


def view(*read: tuple[str, str | None], sure: float = 1.0, **mapping: str) -> SourceView:
    of = [SourceColumn(name, (), role, sure if role else 0.0) for name, role in read]
    return SourceView(DatasetView.__new__(DatasetView), tuple(of), "0" * 64, mapping)


def test_of_a_file_that_is_read_only_changes_are_said() -> None:
    source = view(("a", "score_a"), ("b", "score_b"), ("l", "label"), ("t", None), ("s", "slice"))
    same = {one.name: one.role or "" for one in source.columns}
    assert naming.chosen_mapping(source, same, "") == ({}, {})
    assert naming.chosen_mapping(source, {**same, "t": "judge"}, "").mapping == {"judge": "t"}
    assert naming.chosen_mapping(source, {**same, "t": "slice"}, "").mapping == {"slice": "t,s"}
    swapped = {**same, "a": "score_b", "b": "score_a"}
    assert naming.chosen_mapping(source, swapped, "10").mapping == {"scale": "10", "score_b": "a", "score_a": "b"}


def test_what_was_said_before_is_said_again_and_can_be_taken_back() -> None:
    source = view(("a", "margin"), ("l", "label"), ("t", "judge"), margin="a", judge="t")
    same = {one.name: one.role or "" for one in source.columns}
    assert naming.chosen_mapping(source, same, "").mapping == {"margin": "a", "judge": "t"}
    assert naming.chosen_mapping(source, {**same, "t": ""}, "") == ({"margin": "a"}, {})


def test_what_was_said_of_columns_without_a_line_stays() -> None:
    nested = view(("judgment", None), ("l", "label"), margin="judgment.score", label="l")
    same = {one.name: one.role or "" for one in nested.columns}
    assert naming.gone(nested) == []
    assert naming.chosen_mapping(nested, same, "").mapping == {"margin": "judgment.score", "label": "l"}
    assert naming.chosen_mapping(nested, {**same, "judgment": "margin"}, "").mapping["margin"] == "judgment"
    many = replace(view(("l", "label"), margin="c99"), whole=False)
    assert naming.gone(many) == []
    assert naming.chosen_mapping(many, {"l": "label"}, "").mapping == {"margin": "c99"}
    few = view(("l", "label"), margin="c99")
    assert naming.gone(few) == ["c99"]
    assert naming.chosen_mapping(few, {"l": "label"}, "").mapping == {}


def test_what_is_read_by_its_name_cannot_be_left_out_without_a_word() -> None:
    source = view(("a", "margin"), ("l", "label"), ("judge", "judge"), ("s", "slice"))
    same = {one.name: one.role or "" for one in source.columns}
    chosen = naming.chosen_mapping(source, {**same, "judge": ""}, "")
    assert chosen.mapping == {}
    assert chosen.faults == {"judge": "By its name it is read as judge; choose what it is instead, such as slice."}
    assert naming.chosen_mapping(source, {**same, "judge": "slice"}, "").mapping == {"slice": "judge,s"}
    assert set(naming.chosen_mapping(source, {**same, "s": ""}, "").faults) == {"s"}
    assert naming.chosen_mapping(source, {**same, "s": "", "judge": "slice"}, "") == ({"slice": "judge"}, {})


def test_guesses_of_a_file_that_is_not_read_are_said() -> None:
    source = view(("a", "score_a"), ("b", "score_b"), ("l,m", None), sure=0.4)
    said = {"a": "score_a", "b": "score_b", "l,m": "label"}
    assert naming.chosen_mapping(source, said, "").mapping == {"score_a": "a", "score_b": "b", "label": "l,m"}
    assert "comma" in naming.chosen_mapping(source, {**said, "l,m": "slice"}, "").faults["l,m"]
