"""Home: the four decisions, what is at hand, and the arrangement of both."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from engine.actions import arrangements, datasets, decisions, favourites, views
from engine.queries import arrangements as arranged
from engine.queries import favourites as kept
from engine.settings import ROOT
from engine.types import Who
from pages.parts import arranging
from tests.pages import samples
from tests.pages.conftest import Give, Page, part, parts


def four(app: AppTest) -> dict[str, dict[str, Any]]:
    """What each of the four cards was given, by the decision."""
    assert not app.exception
    return {card["name"]: card for card in parts(app, "decision")}


def rows(app: AppTest, name: str) -> list[dict[str, Any]]:
    """The rows of a list of links, by the key of its part."""
    keyed = {block[2]: block[3] for card in given(app)["cards"] for block in card["blocks"] if block[0] == "part"}
    return list(keyed[f"links-{name}"]["rows"])


def given(app: AppTest) -> dict[str, Any]:
    found = part(app, "cards")
    assert found is not None
    return found


def test_a_decision_has_the_newest_answer_to_it_and_the_others_say_what_to_drop(page: Page, give: Give) -> None:
    dataset = give(samples.battles(), "battles.csv")
    cards = four(page())
    assert list(cards) == ["Trust", "Ship", "Drift", "Stop"]
    ship = cards["Ship"]
    assert (ship["answer"]["dataset"], ship["answer"]["analysis"]) == (dataset, "ranking")
    assert ship["answer"]["sentence"].startswith("alpha leads")
    assert ship["headline"]["name"] == "top_gap"
    assert {"title": "Agreement", "page": "agreement", "query": f"dataset={dataset}"} in ship["links"]
    assert cards["Stop"]["answer"] is None
    assert "reward, KL and a gold reward" in cards["Stop"]["absent"]
    assert cards["Stop"]["links"] == [{"title": "Over-optimisation", "page": "overoptimisation", "query": ""}]


def test_an_answer_that_does_not_lead_its_dataset_is_concluded_for_its_decision(page: Page, give: Give) -> None:
    log = give(samples.curve(), "log.csv")
    cards = four(page())
    assert cards["Stop"]["answer"]["analysis"] == "overoptimisation"
    drift = cards["Drift"]
    assert (drift["answer"]["dataset"], drift["answer"]["analysis"]) == (log, "monitor")
    assert (drift["alarms"], drift["points"]) == ("alarms", [])
    assert drift["answer"]["estimates"]["alarms"]["value"] is not None
    assert drift["answer"]["plain"] is False


def test_a_file_without_an_answer_leaves_home_to_the_others(page: Page, give: Give) -> None:
    """A leaderboard came last: its systems have no prompt in common."""
    dataset = give(samples.battles(), "battles.csv")
    board = [
        ",win_rate,standard_error,mode,avg_length,n_wins,n_wins_base,n_draws,n_total,discrete_win_rate",
        "first,50.0,0.0,community,2049,0,0,805,805,50.0",
        "second,27.4,1.57,minimal,1388,220,583,2,805,27.4",
        "third,22.1,1.4,minimal,1371,176,627,2,805,22.0",
    ]
    give("\n".join([*board, ""]), "leaderboard.csv")
    app = page()
    assert four(app)["Ship"]["answer"]["dataset"] == dataset
    assert not app.error


def test_the_course_of_the_leading_number_is_its_versions(page: Page, give: Give, who: Who) -> None:
    give(samples.pairs(), "scores.csv")
    trust = four(page())["Trust"]
    assert [len(point) for point in trust["points"]] == [4]
    version, value, low, high = trust["points"][0]
    assert (version, trust["answer"]["version"]) == (1, 1)
    assert low < value < high
    assert trust["answer"]["estimates"]["calibration_error"]["value"] == value


def test_stars_views_and_decisions_are_at_hand(page: Page, give: Give, who: Who) -> None:
    first, second = give(samples.pairs(), "one.csv"), give(samples.battles(), "two.csv")
    favourites.add(who, first)
    views.save(who, "main", "fine bins", "calibration", f"dataset={first}&bins=30")
    decisions.record(who, "main", "Trust it", "because", "calibration", [first])
    app = page()
    assert [(row["title"], row["kept"]) for row in rows(app, "datasets")] == [("two.csv", False), ("one.csv", True)]
    assert [row["title"] for row in rows(app, "favourites")] == ["one.csv", "fine bins"]
    assert [row["title"] for row in rows(app, "journal")] == ["Trust it"]
    favourites.remove(who, first)
    assert [row["title"] for row in rows(page(), "favourites")] == ["fine bins"]
    assert second != first


def test_what_was_removed_is_not_at_hand(give: Give, who: Who) -> None:
    dataset = give(samples.pairs())
    favourites.add(who, dataset)
    assert kept.list_favourites(who, "main") == [dataset]
    datasets.remove(who, dataset)
    assert kept.list_favourites(who, "main") == []


def test_an_arrangement_is_kept_for_the_page_and_the_project(page: Page, give: Give, who: Who) -> None:
    give(samples.pairs())
    layout = {"order": ["stop", "trust"], "wide": ["trust"], "half": [], "hidden": ["journal"]}
    arranging.act(who, "main", "home")["", "arrange"](layout)
    assert given(page())["layout"] == layout
    assert arranged.arrangement(who, "main", "calibration") == {}
    assert "layout" in given(page("calibration"))
    arranging.act(who, "main", "home")["", "arrange"](None)
    assert given(page())["layout"] == {}


def test_an_arrangement_names_cards_and_nothing_else(give: Give, who: Who) -> None:
    give(samples.pairs())
    for wrong in ({"order": ["<b>"]}, {"colour": ["trust"]}, {"order": [f"card-{number}" for number in range(61)]}):
        arranging.act(who, "main", "home")["", "arrange"](wrong)
        assert arranged.arrangement(who, "main", "home") == {}
    arrangements.arrange(who, "main", "home", {"order": ["trust", "trust"]})
    assert arranged.arrangement(who, "main", "home")["order"] == ["trust"]


def test_a_link_of_a_card_leads_to_its_page(give: Give) -> None:
    """Only the first run of AppTest goes through the router: later ones run the page alone."""
    dataset = give(samples.pairs())
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
    app.session_state["led"] = ("calibration", {"dataset": str(dataset)})
    app.run()
    assert not app.exception
    assert app.title[0].value == "Calibration"
    assert app.query_params["dataset"] in (str(dataset), [str(dataset)])
