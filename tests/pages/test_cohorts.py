"""Cohorts on pages: named, chosen among the rows, put beside the rest, taken back."""

from __future__ import annotations

from contextlib import suppress

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import cohorts, people, runs, views
from engine.errors import StatePending
from engine.queries import cohorts as queries
from engine.queries.contrast import Contrast, contrast
from engine.queries.views import default_view
from engine.types import Who
from jobs.work import perform
from pages.parts import location
from tests.pages import samples
from tests.pages.conftest import Give, Page, blocks, html, part
from tests.processes.here import Here

SURE = "confidence=0.733333330..1"


def observed() -> None:
    while (work := runs.claim("test", ("observe",))) is not None:
        perform(work, Here())


def asked_until_observed(who: Who, dataset: int, where: str) -> Contrast:
    for _ in range(2):
        with suppress(StatePending):
            contrast(who, [dataset], "ranking", {"where": where})
        observed()
    return contrast(who, [dataset], "ranking", {"where": where})


def settled(page: Page, name: str, **query: str) -> AppTest:
    """A page after what it asked for was observed."""
    for _ in range(2):
        page(name, **query)
        observed()
    return page(name, **query)


def click(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_rows_called_as_others_are_can_be_told_apart(page: Page, give: Give, who: Who) -> None:
    """Streamlit takes a choice by its words: of two with the same words it would take the last."""
    dataset = str(give(samples.pairs()))
    for name in ("All rows", "source=law"):
        cohorts.save(who, "main", name, SURE)
        app = page("calibration", dataset=dataset)
        rows = app.selectbox(key=location.SLICE)
        assert rows.options == ["All rows", "source=law", "source=math", f"{name} (2)"]
        rows.select("source=law").run()
        assert app.query_params[location.SLICE] in ("source=law", ["source=law"])
        app.selectbox(key=location.SLICE).select(f"{name} (2)").run()
        assert app.query_params[location.COHORT] in (SURE, [SURE])
        app.selectbox(key=location.SLICE).select("All rows").run()
        assert location.COHORT not in app.query_params
        assert location.SLICE not in app.query_params
        cohorts.delete(who, next(one.id for one in queries.list_cohorts(who, "main")))


def test_a_name_is_a_choice_of_rows_and_its_answer_stands_beside_the_rest(page: Page, give: Give, who: Who) -> None:
    dataset = str(give(samples.pairs()))
    cohorts.save(who, "main", "Sure ones", SURE)
    cohorts.save(who, "main", "Not for these", "slice.topic=code")
    app = page("calibration", dataset=dataset)
    rows = app.selectbox(key=location.SLICE)
    assert rows.options == ["All rows", "source=law", "source=math", "Sure ones"]
    chosen = next(one for one in rows.options if one == "Sure ones")
    rows.select(chosen).run()
    assert app.query_params[location.COHORT] in (SURE, [SURE])
    assert location.SLICE not in app.query_params
    app = settled(page, "calibration", dataset=dataset, where=SURE)
    assert "Sure ones: only rows with confidence from 0.7333 to 1" in html(app)
    table = next(block for block in blocks(app) if block[0] == "table" and block[1] == "Compared with the others")
    accuracy = next(row for row in table[3] if row[0] == "Accuracy")
    assert accuracy[1] == "71.7 % [65.7, 77.8]"
    assert accuracy[3].startswith("15.9 % [3.")
    app = click(app, "Delete")
    assert "Only rows with confidence" in html(app)
    assert [one.name for one in queries.list_cohorts(who, "main")] == ["Not for these"]
    app = click(app, "Undo")
    assert "Sure ones: only rows" in html(app)
    app = click(app, "All rows")
    assert location.COHORT not in app.query_params


def test_where_prompts_are_in_both_a_difference_has_no_interval(give: Give, who: Who) -> None:
    dataset = give(samples.battles())
    for where, apart in (("slice.language=de", True), ("annotator=ann0|ann1|ann2", False)):
        found = asked_until_observed(who, dataset, where)
        assert found.apart is apart
        ties = found.differences["tie_rate"]
        assert ties.value is not None
        assert (ties.low is not None) is apart


def test_a_name_that_is_taken_is_replaced_on_demand(page: Page, give: Give, who: Who) -> None:
    dataset = str(give(samples.pairs()))
    cohorts.save(who, "main", "<b>mine", "label=0..0")
    app = page("calibration", dataset=dataset)
    app.session_state["cohort-taken-name"] = ("<b>mine", SURE, "Other rows are called <b>mine already: label 0.")
    app.run()
    assert "Other rows are called &lt;b&gt;mine" in html(app)
    click(app, "Replace them")
    assert [(one.name, one.where) for one in queries.list_cohorts(who, "main")] == [("<b>mine", SURE)]


def test_a_viewer_changes_no_names(page: Page, give: Give, who: Who, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = str(give(samples.pairs()))
    settled(page, "calibration", dataset=dataset, where=SURE)
    cohorts.save(who, "main", "Sure ones", SURE)
    monkeypatch.setattr("engine.queries.people.who_is", lambda _cookie: Who(who.user_id, who.name, "viewer", "1"))
    app = page("calibration", dataset=dataset, where=SURE)
    assert "Sure ones: only rows" in html(app)
    assert {"Rename…", "Delete", "Name…"} & {button.label for button in app.button} == set()
    chart = part(app, "chart")
    assert chart is not None
    assert chart["names"] is False


def test_a_page_opens_with_the_view_somebody_wants(page: Page, give: Give, who: Who) -> None:
    dataset = give(samples.pairs())
    number = views.save(who, "main", "Ten bins", "home", f"dataset={dataset}&bins=10")
    people.set_preference(who, default_view("home"), str(number))
    app = page()
    assert app.query_params["bins"] in ("10", ["10"])
    views.delete(who, number)
    app = page()
    assert not app.exception
    assert "bins" not in app.query_params
