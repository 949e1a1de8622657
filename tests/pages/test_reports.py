"""The menu Export, reports on their way, and the page of reports."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from engine.actions import decisions, reports, runs
from engine.queries import reports as queries
from engine.reports.words import LEADING, PAGES
from engine.reports.words import page as page_title
from engine.types import Who
from jobs.reporting import Press, make_report
from pages.parts import exporting, reads, reporting, state
from pages.parts.glossary import KEY
from pages.parts.looking import Looking
from tests.pages import samples
from tests.pages.conftest import Give, Page, html, part


def make() -> None:
    found = runs.claim("test", ("report",))
    assert found is not None
    make_report(found, Press())


def ask(who: Who, dataset: int, file_format: str = "json", of: str = "trust") -> int:
    return reports.request(who, "main", "May <b>it</b>?", of, file_format, [dataset])


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A session of a browser, and no toasts."""
    kept: dict[str, object] = {}
    monkeypatch.setattr(state, "st", SimpleNamespace(session_state=kept))
    monkeypatch.setattr(exporting, "st", SimpleNamespace(toast=lambda text, **_: kept.setdefault("toast", text)))
    return kept


def test_the_menu_offers_the_view_and_the_decision_it_is_a_part_of(page: Page, give: Give) -> None:
    given = part(page("calibration", dataset=str(give(samples.pairs()))), "tools")
    assert given is not None
    assert [one["of"] for one in given["wholes"]] == ["view", "trust"]
    assert [one["format"] for one in given["formats"]] == ["pdf", "xlsx", "csv", "png", "svg"]
    assert [one["title"] for one in given["exports"]] == ["Report, HTML", "Table, CSV", "Result, JSON"]
    assert given["making"] == []


def test_asking_is_followed_cancelled_and_closed(who: Who, give: Give, session: dict[str, object]) -> None:
    dataset = reads.dataset_of(who, give(samples.pairs()))
    looking = Looking("calibration", dataset, {"bins": 10, "slice": ""}, {"bins": 15, "slice": ""})
    exporting.ask(who, looking, {"of": "view", "format": "pdf"})
    (followed,) = exporting.making(who)
    assert (followed["name"], followed["title"], followed["state"]) == ("Calibration of scores.csv", "PDF", "queued")
    asked = queries.get_report(who, followed["report"]).asked
    assert (asked["of"], asked["analysis"], asked["params"]) == ("view", "calibration", {"bins": 10})
    assert asked["datasets"] == [{"id": dataset.id, "name": "scores.csv", "version": 1}]
    exporting.act(who, {"name": "remove", "report": followed["report"]})
    assert exporting.making(who) == []
    exporting.ask(who, looking, {"of": "nonsense", "format": "pdf"})
    assert "A report is of one of" in str(session["toast"])
    for _ in range(state.MOST_FOLLOWED + 1):
        exporting.ask(who, looking, {"of": "trust", "format": "csv"})
    assert len(exporting.making(who)) == state.MOST_FOLLOWED


def test_the_page_shows_reports_as_text_and_what_may_be_done(page: Page, give: Give, who: Who) -> None:
    dataset = give(samples.pairs())
    first, second = ask(who, dataset), ask(who, dataset, "csv")
    make()
    app = page("reports")
    assert not app.exception
    given = part(app, "reports")
    assert given is not None
    waiting, made = given["rows"]
    assert (waiting["id"], waiting["state"], waiting["size"]) == (second, "queued", "")
    assert (made["id"], made["state"], made["name"]) == (first, "done", "May <b>it</b>?")
    assert made["of"] == "Can it be trusted? · scores.csv, version 1"
    assert made["size"].endswith(" kB")
    assert (made["file"], made["may"]) == (f"/report/{first}", True)


def test_an_empty_page_says_how_to_begin(page: Page) -> None:
    app = page("reports")
    assert not app.exception
    assert "choose Export among its tools" in html(app)


def test_a_decision_of_the_journal_is_made_into_a_pdf(who: Who, give: Give, session: dict[str, object]) -> None:
    number = decisions.record(who, "main", "Not this one", "Why", "calibration", [give(samples.pairs())])
    exporting.ask_of_decision(who, reads.decision_of(who, number))
    (followed,) = exporting.making(who)
    asked = queries.get_report(who, followed["report"]).asked
    assert asked == {"of": "decision", "decision": number}
    assert reporting.of(asked) == f"Decision {number} of the journal"


def test_addresses_and_sizes() -> None:
    asked = {"of": "view", "analysis": "drift", "datasets": [{"id": 3}, {"id": 4}], "params": {"slice": "a=b&c"}}
    assert reporting.address(asked) == "/drift?dataset=3&beside=4&slice=a%3Db%26c"
    assert [reporting.size(one) for one in (7, 1500, 2_500_000)] == ["7 bytes", "2 kB", "2.5 MB"]


def test_what_leads_a_report_leads_the_page() -> None:
    assert dict(LEADING) == {name: tuple(known[:3]) for name, known in KEY.items() if " " not in name}
    assert {page_title(name) for name in PAGES} == set(PAGES.values())
