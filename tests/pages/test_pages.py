"""Router, guard, home, datasets, runs, settings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from engine.actions import datasets, inbox, projects, runs
from engine.actions import people as actions
from engine.queries import people as queries
from engine.queries import projects as project_queries
from engine.settings import ROOT, get_settings
from engine.types import Who
from pages.parts import guard, location, reads
from pages.parts.widgets import distinct
from tests.pages import samples
from tests.pages.conftest import Give, Page, html, part, parts

NAMES = ("calibration", "datasets", "runs", "people", "settings")


@pytest.mark.parametrize("name", ["home", *NAMES])
def test_every_page_runs_empty_and_with_data(page: Page, give: Give, name: str) -> None:
    assert not page(name).exception
    give(samples.pairs())
    app = page(name)
    assert not app.exception
    assert len(app.title) == 1


@pytest.mark.parametrize("name", ["home", "compare", "journal", "reports", *NAMES])
def test_numbers_in_an_address_that_no_store_holds_are_as_good_as_none(page: Page, give: Give, name: str) -> None:
    give(samples.pairs())
    for number in ("9" * 5000, str(2**31), "²", "-1"):
        app = page(name, **dict.fromkeys(("dataset", "run", "beside", "earlier", "at"), number))
        assert not app.exception
        assert len(app.title) == 1


@pytest.mark.parametrize("name", ["home", *NAMES])
def test_no_page_runs_without_its_server(home: object, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(guard.HOSTED, raising=False)
    app = AppTest.from_file(str(ROOT / "pages" / f"{name}.py")).run()
    assert "does not run alone" in app.error[0].value
    assert not app.title


@pytest.mark.parametrize("name", ["home", *NAMES])
def test_no_page_runs_for_nobody(who: Who, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(queries, "who_is", lambda _cookie: None)
    app = AppTest.from_file(str(ROOT / "pages" / f"{name}.py")).run()
    assert "signed out" in app.error[0].value
    assert not app.title


@pytest.mark.parametrize("name", ["home", *NAMES])
def test_the_guard_is_the_first_statement(name: str) -> None:
    lines = (ROOT / "pages" / f"{name}.py").read_text().splitlines()
    code = [
        line for line in lines if line and not line.startswith(("from ", "import ", '"""', "#", " ", ")", "]", '"'))
    ]
    statements = [line for line in code if not line.isupper() and "= (" not in line]
    assert statements[0] == "who = guard.enter()"


def test_projects_are_chosen_by_name_and_named_in_the_address_by_slug(page: Page, who: Who) -> None:
    assert not page().sidebar.selectbox
    for slug, name in (("a", "Twin"), ("b", "Twin"), ("c", "Alone")):
        projects.create(who, slug, name)
    for chosen, slug in (("Twin · a", "a"), ("Twin · b", "b"), ("Alone", "c")):
        app = page(dataset="1", where="label=1..1")
        assert sorted(app.sidebar.selectbox[0].options) == ["Alone", "Main", "Twin · a", "Twin · b"]
        assert app.sidebar.selectbox[0].value == "main"
        app.sidebar.selectbox[0].select(chosen).run()
        assert app.query_params[location.PROJECT] in (slug, [slug])
        assert set(app.query_params) == {location.PROJECT}, "other projects have other datasets"


@given(st.dictionaries(st.integers(), st.sampled_from(("a", "a (2)", "a (2) (2)", "b")), max_size=9))
def test_no_two_choices_read_alike(names: dict[int, str]) -> None:
    called = distinct(names)
    assert list(called) == list(names)
    assert len(set(called.values())) == len(names)
    assert all(one.startswith(names[option]) for option, one in called.items())
    assert not names or called[next(iter(names))] == next(iter(names.values()))


@pytest.mark.parametrize(("slug", "shown"), [("b", "b"), ("main", "main"), ("nowhere", "main"), ("../b", "main")])
def test_the_address_names_the_project(page: Page, who: Who, slug: str, shown: str) -> None:
    projects.create(who, "b", "B")
    app = page(project=slug)
    assert app.sidebar.selectbox[0].value == shown
    assert app.query_params.get(location.PROJECT) in ((None,) if shown == "main" else (shown, [shown]))


def test_home_leads_with_the_dataset_that_moved_last(page: Page, give: Give) -> None:
    give(samples.pairs(), "first.csv")
    give(samples.pairs(seed=2), "second.csv")
    app = page()
    trust = parts(app, "decision")[0]
    assert trust["answer"]["title"] == "second.csv"
    assert [chart["name"] for chart in parts(app, "chart")] == ["reliability"]


def test_datasets_say_what_they_are(page: Page, give: Give) -> None:
    give(samples.pairs(), "good.csv")
    give("name\nann\n", "bad.csv")
    app = page("datasets")
    listed = part(app, "datasets")
    assert listed is not None
    by_name = {row["name"]: row for row in listed["rows"]}
    assert by_name["good.csv"]["state"] == "ready"
    assert by_name["good.csv"]["verdict"] == "over_confident"
    assert by_name["bad.csv"]["state"] == "failed"
    assert "inbox/main" in app.code[0].value


def test_datasets_say_how_much_is_used_and_when_nothing_more_is_taken(
    page: Page, give: Give, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(samples.pairs(), "good.csv")
    settings = get_settings()
    monkeypatch.setattr(settings, "project_bytes", 3 * 10**12)
    said = html(page("datasets"))
    assert f"rows of {settings.project_rows:,} and" in said
    assert "of 3 TB used" in said
    with monkeypatch.context() as patch:
        patch.setattr(settings, "min_free_disk_bytes", 2**60)
        (warning,) = page("datasets").warning
        assert "disk is nearly full" in warning.value
    assert not page("datasets").warning
    monkeypatch.setattr(settings, "project_rows", 1)
    reads._room.cache_clear()
    (warning,) = page("datasets").warning
    assert "holds as much as it may" in warning.value


def test_what_was_removed_can_come_back(page: Page, give: Give, who: Who) -> None:
    dataset = give(samples.pairs())
    datasets.remove(who, dataset)
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"))
    app.session_state["removed"] = (dataset, "scores.csv")
    app.run()
    app.switch_page("pages/datasets.py").run()
    app.button[0].click().run()
    assert [row["name"] for row in (part(app, "datasets") or {"rows": []})["rows"]] == ["scores.csv"]


def test_a_project_without_datasets_waits_for_its_first(page: Page) -> None:
    listed = part(page("datasets"), "datasets")
    assert listed is not None
    assert listed["rows"] == []
    assert listed["since"] >= 0


def test_what_the_inbox_refused_is_shown_until_it_is_mended(page: Page, who: Who) -> None:
    folder = get_settings().inbox / "main"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "twice<b>.csv").touch()
    inbox.refuse("main", "twice<b>.csv", "it has several names (hard links); copy the file itself")
    app = page("datasets")
    assert not app.exception
    assert "Not taken from the inbox" in [header.value for header in app.header]
    assert "<dt>twice&lt;b&gt;.csv</dt><dd>it has several names" in html(app)
    (folder / "twice<b>.csv").unlink()
    assert "Not taken from the inbox" not in [header.value for header in page("datasets").header]


def test_newest_rows_that_could_not_be_read_are_told_beside_the_answer(page: Page, give: Give, who: Who) -> None:
    dataset = give(samples.pairs())
    runs.request(who, dataset, "read", {})
    work = runs.claim("test", ("read",))
    assert work is not None
    runs.fail(work, {"code": "input_refused", "message": "line 7: not a number"})
    listed = part(page("datasets"), "datasets")
    assert listed is not None
    assert listed["rows"][0]["fault"] == "line 7: not a number"
    answered = page("calibration", dataset=str(dataset))
    assert "What came after version 1 could not be read" in answered.warning[0].value
    assert part(answered, "answer") is not None


def test_a_viewer_is_offered_only_what_a_viewer_may(
    page: Page, give: Give, who: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(parts(page(), "dropzone")) == 1
    refused = give("name,colour\nann,red\n", "bad.csv")
    monkeypatch.setattr(queries, "who_is", lambda _cookie: replace(who, role="viewer"))
    assert not parts(page(), "dropzone")
    app = page("calibration", dataset=str(refused))
    assert app.header[0].value == "This file could not be read"
    assert not app.button
    assert (part(page("datasets"), "datasets") or {})["may"] is False


def test_runs_say_how_they_ended(page: Page, give: Give) -> None:
    give("name\nann\n", "bad.csv")
    table = part(page("runs"), "runs")
    assert table is not None
    assert [(run["state"], run["dataset"]) for run in table["rows"]] == [("failed", "bad.csv")]
    assert "bad.csv" in table["rows"][0]["error"]["message"]


def test_settings_keep_theme_and_density(page: Page, who: Who) -> None:
    app = page("settings")
    app.button_group(key="theme").set_value("dark").run()
    app.button_group(key="density").set_value("compact").run()
    assert not app.exception
    assert queries.preferences(who) == {"theme": "dark", "density": "compact"}
    header = part(page(), "header")
    assert header is not None
    assert (header["theme"], header["density"]) == ("dark", "compact")


def test_the_shell_knows_what_exists(page: Page, give: Give) -> None:
    dataset = give(samples.pairs())
    palette = part(page(), "palette")
    assert palette is not None
    ids = {entry["id"] for entry in palette["entries"]}
    assert {"page:home", "page:calibration", f"dataset:{dataset}", "action:theme:dark"} <= ids


def test_files_never_go_into_the_simulated_project(page: Page, who: Who) -> None:
    assert any(project.slug == "main" for project in project_queries.list_projects(who))
    palette = part(page(), "palette")
    assert palette is not None
    assert palette["project"] == "main"


def test_reads_are_remembered_until_something_happens(give: Give, who: Who) -> None:
    first = give(samples.pairs())
    before = reads.datasets_of(who, "main")
    assert reads.datasets_of(who, "main") is before
    actions.set_preference(who, "theme", "dark")
    assert reads.datasets_of(who, "main") is not before
    assert [dataset.id for dataset in before] == [first]


def test_the_address_names_only_what_is_not_default() -> None:
    assert location.query(3, dict(location.DEFAULTS)) == "dataset=3"
    assert location.query(3, {**location.DEFAULTS, "bins": 10, "slice": "a=b&c"}) == "dataset=3&bins=10&slice=a%3Db%26c"


def test_no_unsafe_markup_is_ever_asked_for() -> None:
    for file in (ROOT / "pages").rglob("*.py"):
        assert "unsafe_allow" not in file.read_text(), file


def test_html_is_for_the_style_and_a_few_escaped_words(page: Page, give: Give) -> None:
    give(samples.hostile(), "<script>.csv")
    for name in ("home", *NAMES):
        assert "<script" not in html(page(name)).replace("<style>", "")
