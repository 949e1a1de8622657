"""The pages of a sweep and of a surface, in the states of a dataset."""

from __future__ import annotations

from urllib.parse import parse_qs

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from engine.errors import PlumblineError
from engine.queries import datasets, surfaces
from engine.types import Who
from pages.parts import surface
from tests.pages import samples
from tests.pages.conftest import Give, Page, blocks, part, parts
from web import tiles


@pytest.fixture
def sweep(give: Give, who: Who) -> int:
    """A sweep as a file; skipped where the reader does not take parameters of runs from such a file."""
    dataset = give(samples.sweep(), "sweep.csv")
    if "surface" not in datasets.get_dataset(who, dataset).analyses:
        pytest.skip("needs a reader that takes config.<name> columns")
    return dataset


def test_a_surface_shows_where_the_metric_is_best(page: Page, sweep: int) -> None:
    app = page("surface", dataset=str(sweep))
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None
    assert answer["sentence"].startswith("reward is highest")
    assert [one["name"] for one in answer["numbers"]][:3] == ["best_value", "best_x", "best_y"]
    scene = part(app, "surface")
    assert scene is not None
    assert [axis["name"] for axis in scene["picture"]["axes"]] == ["learning_rate", "beta"]
    assert scene["tiles"] == f"/view/surface/tiles?dataset={sweep}&version=1"
    assert {chart["name"] for chart in parts(app, "chart")} == {"contour", "effect_x", "effect_y"}
    assert ["title", "What to try next"] in blocks(app)


def test_axes_metric_cuts_and_view_are_in_the_address(page: Page, sweep: int) -> None:
    app = page("surface", dataset=str(sweep), x="beta", y="step", metric="loss", cut_y="300", view="cam:10:20:200,band")
    assert not app.exception
    answer, scene = part(app, "answer"), part(app, "surface")
    assert answer is not None
    assert scene is not None
    assert "loss is lowest" in answer["sentence"]
    assert [axis["name"] for axis in scene["picture"]["axes"]] == ["beta", "step"]
    assert scene["cuts"]["y"] == pytest.approx(300, abs=5)
    assert scene["shown"] == "cam:10:20:200,band"
    query = parse_qs(answer["query"])
    assert (query["x"], query["y"], query["metric"], query["cut_y"]) == (["beta"], ["step"], ["loss"], ["300"])
    assert "cut_y" not in scene["tiles"]


def test_a_choice_of_an_axis_leaves_the_other_one_free(page: Page, sweep: int) -> None:
    app = page("surface", dataset=str(sweep))
    app.selectbox(key="x-").set_value("beta").run()
    assert not app.exception
    scene = part(app, "surface")
    assert scene is not None
    assert [axis["name"] for axis in scene["picture"]["axes"]] == ["beta", "learning_rate"]


def test_what_cannot_be_drawn_says_why(page: Page, sweep: int) -> None:
    usual = page("surface", dataset=str(sweep), method="magic")
    assert part(usual, "answer") is not None
    for strange in ({"x": "nothing"}, {"cut_x": "x"}, {"at": "nowhere", "y": "nothing"}):
        app = page("surface", dataset=str(sweep), **strange)
        assert not app.exception
        assert (part(app, "answer") is not None) or app.header[0].value == "This view cannot be shown"
    assert page("surface", dataset=str(sweep), cut_x="x").header[0].value == "This view cannot be shown"


def test_a_sweep_tells_the_best_and_those_not_told_apart(page: Page, sweep: int) -> None:
    app = page("sweep", dataset=str(sweep))
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None
    assert "is best: reward" in answer["sentence"]
    assert {chart["name"] for chart in parts(app, "chart")} == {"trials", "parallel", "effects"}
    table = next(block for block in blocks(app) if block[0] == "table")
    assert len(table[3]) == 29


@pytest.mark.parametrize("name", ["surface", "sweep"])
def test_other_files_are_led_to_what_can_be_said(page: Page, give: Give, name: str) -> None:
    app = page(name, dataset=str(give(samples.pairs())))
    assert not app.exception
    assert app.header[0].value == f"Nothing for {name.capitalize()} in this file"
    assert page(name).exception is not None


def test_what_the_picture_puts_into_the_address_is_text_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, str] = {}
    monkeypatch.setattr(surface.location, "set_text", kept.__setitem__)
    surface.put({"view": "band", "cut_x": 3, "cut_y": "1e-5", "x": "beta"})
    surface.put("nonsense")
    assert kept == {"view": "band", "cut_y": "1e-5"}


# ------------------------------------------------------------------ tiles


def client(who: Who) -> TestClient:
    """The route of tiles in front of somebody."""

    async def serve(request: Request) -> Response:
        request.state.who = who
        try:
            return await tiles.tiles(request)
        except PlumblineError as error:
            return JSONResponse(error.to_dict(), error.http_status)

    return TestClient(Starlette(routes=[Route("/tiles", serve)]))


def test_tiles_are_the_surface_and_rights_are_asked(sweep: int, who: Who) -> None:
    with client(who) as browser:
        found = [browser.get(f"/tiles?dataset={sweep}&resolution=100&from={start}&rows=50").json() for start in (0, 50)]
        assert [one["from"] for one in found] == [0, 50]
        grid = surfaces.grid(who, sweep, {"resolution": "100"}, "value")
        assert grid.shape == (100, 100)
        assert found[0]["low"] == pytest.approx(float(np.nanmin(grid)), rel=1e-6)
        error = browser.get(f"/tiles?dataset={sweep}&resolution=100&layer=error&form=float32")
        assert error.status_code == 200
        for query, status in (
            ("dataset=999", 404), (f"dataset={sweep}&layer=x", 400), (f"dataset={sweep}&form=x", 400),
            (f"dataset={sweep}&from=-1", 400), (f"dataset={sweep}&resolution=9", 400), ("dataset=x", 400),
            (f"dataset={sweep}&method=exact&layer=error", 400), (f"dataset={sweep}&beside=1", 400),
        ):  # fmt: skip
            assert browser.get(f"/tiles?{query}").status_code == status, query
    with client(Who(99, "eve", "member")) as stranger:
        assert stranger.get(f"/tiles?dataset={sweep}").status_code == 404
