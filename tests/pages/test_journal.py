"""The page of the journal, and the two dialogs that change it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import decisions
from engine.queries import decisions as queries
from engine.queries import people
from engine.types import DatasetVersion, Since, Who
from pages.parts.journal import now
from tests.pages import samples
from tests.pages.conftest import Give, Page, html, part
from tests.store.people import person

BECAUSE = "It claims too much.\n<img src=x onerror=alert(1)> **bold**"


def decide(who: Who, dataset: int, title: str = "Not this one") -> int:
    return decisions.record(who, "main", title, BECAUSE, "calibration", [dataset], {"bins": 10})


def journal(page: Page) -> list[dict[str, object]]:
    given = part(page("journal"), "journal")
    assert given is not None
    return given["rows"]  # type: ignore[no-any-return]


def test_an_empty_journal_says_how_to_begin(page: Page, who: Who, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page("journal")
    assert not app.exception
    assert [header.value for header in app.header] == ["Nothing has been decided yet"]
    assert "choose Record decision… among its tools" in html(app)
    viewer = person("vic", "viewer")
    monkeypatch.setattr(people, "who_is", lambda _cookie: viewer)
    assert "those who may change this project" in html(page("journal"))


def test_a_decision_is_shown_with_its_evidence_as_text(page: Page, give: Give, who: Who) -> None:
    dataset = give(samples.pairs())
    number = decide(who, dataset, samples.HOSTILE)
    app = page("journal")
    given = part(app, "journal")
    assert given is not None
    (row,) = given["rows"]
    assert (row["title"], row["because"], row["by"]) == (samples.HOSTILE, BECAUSE, "ann")
    assert row["href"] == f"/calibration?dataset={dataset}&bins=10"
    facts = dict(row["facts"])
    assert facts["scores.csv"].startswith("version 1, sha256 ")
    assert "bins=10" in facts["Parameters"]
    assert row["command"] == queries.get_decision(who, number).grounds.evidence["command"]
    assert row["now"] == {"state": "same", "text": "The data have not moved since."}
    assert row["may"]
    assert samples.HOSTILE not in html(app)


def test_who_may_not_change_it_may_read_it(page: Page, give: Give, who: Who, monkeypatch: pytest.MonkeyPatch) -> None:
    decide(who, give(samples.pairs()))
    viewer = person("vic", "viewer")
    monkeypatch.setattr(people, "who_is", lambda _cookie: viewer)
    (row,) = journal(page)
    assert not row["may"]
    assert part(page("calibration"), "tools")["decides"] is False  # type: ignore[index]


def test_an_answer_is_decided_on_in_a_dialog(page: Page, give: Give, who: Who) -> None:
    give(samples.pairs())
    app = open_dialog(page)
    assert app.text_input[0].value == "scores.csv: Over-confident"
    submit(app, "Record")
    assert "cannot be empty" in app.error[0].value
    assert queries.list_decisions(who, "main") == []
    app.text_input[0].set_value("Hold <b>it</b>")
    app.text_area[0].set_value(BECAUSE)
    submit(app, "Record")
    assert not app.exception
    (made,) = queries.list_decisions(who, "main")
    assert (made.title, made.because, made.grounds.verdict) == ("Hold <b>it</b>", BECAUSE, "over_confident")
    assert "The journal has it" in app.toast[0].value


def test_nobody_decides_who_may_not(page: Page, give: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    give(samples.pairs())
    viewer = person("vic", "viewer")
    monkeypatch.setattr(people, "who_is", lambda _cookie: viewer)
    assert not open_dialog(page).text_area


def test_a_withdrawn_decision_stays_with_the_reason(page: Page, give: Give, who: Who) -> None:
    number = decide(who, give(samples.pairs()))
    decisions.withdraw(who, number, "Labels were swapped.")
    (row,) = journal(page)
    assert row["withdrawn"]["by"] == "ann"  # type: ignore[index]
    assert row["withdrawn"]["why"] == "Labels were swapped."  # type: ignore[index]
    assert not row["may"]


NEWER = (DatasetVersion(1, "scores.csv", 3, "b" * 64),)


@pytest.mark.parametrize(
    ("since", "state", "said"),
    [
        (Since(), "same", "The data have not moved since."),
        (Since(NEWER, "over_confident", "Over-confident still."), "moved", "the verdict is the same."),
        (Since(NEWER, "calibrated", "Calibrated now."), "differs", "now say otherwise. Calibrated now."),
        (Since(sentence="It was removed."), "gone", "Cannot be concluded again: It was removed."),
    ],
)
def test_it_says_what_became_of_the_data(since: Since, state: str, said: str) -> None:
    told = now("over_confident", since)
    assert told["state"] == state
    assert told["text"].endswith(said)
    assert ("scores.csv is at version 3" in told["text"]) is bool(since.newer)


def test_the_journal_is_leafed_through(page: Page, give: Give, who: Who) -> None:
    dataset = give(samples.pairs())
    numbers = [decide(who, dataset, f"Decision {number}") for number in range(25)]
    app = page("journal")
    assert [row["id"] for row in part(app, "journal")["rows"]] == numbers[:4:-1]  # type: ignore[index]
    next(one for one in app.button if one.label == "Older").click().run()
    assert [row["id"] for row in part(app, "journal")["rows"]] == numbers[4::-1]  # type: ignore[index]
    next(one for one in app.button if one.label == "Newer").click().run()
    assert len(part(app, "journal")["rows"]) == 20  # type: ignore[index]


def open_dialog(page: Page) -> AppTest:
    """The page of an answer, with what the palette's entry asks for."""
    app = page()
    app.session_state["deciding"] = True
    return app.switch_page("pages/calibration.py").run()


def submit(app: AppTest, label: str) -> None:
    """A dialog is a fragment, which here runs with its page: it has to be asked for again."""
    app.session_state["deciding"] = True
    next(one for one in app.button if one.label == label).click().run()
