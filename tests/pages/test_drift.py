"""The Drift page: what it answers first, the cell that is chosen, datasets beside, and what it says where it cannot."""

from __future__ import annotations

from pages.parts import drift, state
from tests.pages import samples
from tests.pages.conftest import Give, Page, blocks, html, part, parts


def charts(app) -> dict[str, dict]:
    return {chart["name"]: chart for chart in parts(app, "chart")}


def test_what_drifted_since_when_and_every_picture(page: Page, give: Give) -> None:
    dataset = give(samples.rollouts(), "rollouts.csv")
    app = page("drift", dataset=str(dataset))
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None, html(app)
    assert answer["verdict"] == "drifted"
    assert answer["sentence"].startswith("Drifted since step ")
    assert "length rose by" in answer["sentence"] or "kl rose by" in answer["sentence"]
    assert answer["numbers"][0]["name"] == "drifted"
    assert set(charts(app)) == {"matrix", "means", "distribution", "ecdf", "attribution"}
    table = next(block for block in blocks(app) if block[0] == "table")
    assert table[2][0] == "Feature"
    assert any(row[0] == "length" and row[-1] == "yes" for row in table[3])
    assert part(app, "pairs") == {"address": f"/view/drift/worst?dataset={dataset}&version=1"}


def test_a_chosen_cell_is_in_the_address_and_shown(page: Page, give: Give) -> None:
    dataset = give(samples.rollouts(), "rollouts.csv")
    app = page("drift", dataset=str(dataset), feature="topic", window="3")
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None
    assert answer["query"] == f"dataset={dataset}&feature=topic&window=3"
    assert set(charts(app)) == {"matrix", "means", "distribution"}
    wheres = [own[0][3] for own in charts(app)["matrix"]["chart"]["figure"]["data"][0]["customdata"]]
    assert wheres[0].startswith("step=")
    picks = [own[0][4] for own in charts(app)["matrix"]["chart"]["figure"]["data"][0]["customdata"]]
    assert "1:topic" in picks


def test_choosing_a_cell_sets_window_and_feature(monkeypatch) -> None:
    chosen: dict[str, object] = {}
    monkeypatch.setattr(state, "choose_in", chosen.__setitem__)
    drift.show_cell("4:slice.topic: odd")
    assert chosen == {"window": 4, "feature": "slice.topic: odd"}
    chosen.clear()
    drift.show_cell(None)
    drift.show_cell("x:y")
    assert chosen == {}


def test_a_dataset_beside_is_held_against_this_one(page: Page, give: Give) -> None:
    old, new = give(samples.pairs(seed=1), "old.csv"), give(samples.pairs(temperature=6, seed=2), "new.csv")
    alone = page("drift", dataset=str(old))
    assert not alone.exception
    app = page("drift", dataset=str(old), beside=str(new))
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None, html(app)
    assert answer["sentence"].startswith("Drifted in new: margin took another shape")
    assert "against old" in answer["sentence"]


def test_without_steps_it_says_what_it_takes(page: Page, give: Give) -> None:
    app = page("drift", dataset=str(give(samples.pairs())))
    assert not app.exception
    assert "step or a time" in html(app) + " ".join(one.value for one in [*app.header, *app.markdown, *app.caption])
    strange = page("drift", dataset=str(give(samples.rollouts(), "rollouts.csv")), feature="wisdom", by="mood")
    assert not strange.exception
    assert "no feature" in html(strange)


def test_markup_in_names_is_text(page: Page, give: Give) -> None:
    text = samples.rollouts(topic=samples.HOSTILE)
    app = page("drift", dataset=str(give(text, "hostile.csv")), feature="topic")
    assert not app.exception
    figures = [chart["chart"]["figure"] for chart in parts(app, "chart")]
    for trace in (trace for figure in figures for trace in figure["data"]):
        behind = trace["meta"].get("where")  # an address, never shown
        for own in trace.get("customdata", []):
            if behind is not None and isinstance(own[0], str):
                own[behind] = ""
    drawn = str(figures)
    assert "<img" not in drawn
    assert "&lt;img" in drawn
