"""The pages of the third and fourth decisions, each in the states of a dataset."""

from __future__ import annotations

from dataclasses import replace

from streamlit.testing.v1 import AppTest

from pages.parts import glances, reads
from tests.pages import samples
from tests.pages.conftest import Give, Page, blocks, html, part, parts


def test_a_training_log_is_led_by_its_curves(page: Page, give: Give) -> None:
    dataset = give(samples.curve(), "ppo.csv")
    app = page("curves", dataset=str(dataset))
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None
    assert (answer["analysis"], answer["plain"], answer["noun"]) == ("curves", True, "points")
    assert [chart["name"] for chart in parts(app, "chart")] == ["curves"]
    assert ["code", "python -m jobs analyse ppo.csv --analysis curves"] in blocks(app)


def test_the_price_of_kl_moves_the_best_checkpoint_and_stands_in_the_address(page: Page, give: Give) -> None:
    dataset = str(give(samples.curve(), "ppo.csv"))
    cheap, dear = (
        part(page("tradeoff", dataset=dataset, metric="gold", **more), "answer")
        for more in ({}, {"coefficient": "0.1"})
    )
    assert cheap is not None
    assert dear is not None
    assert cheap["estimates"]["best_step"]["value"] > dear["estimates"]["best_step"]["value"]
    assert "coefficient=0.1" in dear["query"]


def test_a_log_without_a_kl_says_what_is_missing(page: Page, give: Give) -> None:
    app = page("tradeoff", dataset=str(give("step,loss,reward\n" + "\n".join(f"{n},1,{n}" for n in range(30)))))
    assert not app.exception
    assert "beside kl_ref" in html(app)


def test_the_threshold_moves_the_decision(page: Page, give: Give) -> None:
    dataset = str(give(samples.pairs(), "pairs.csv"))
    half, most = (part(page("whatif", dataset=dataset, threshold=one), "answer") for one in ("0.5", "0.9"))
    assert half is not None
    assert most is not None
    assert half["estimates"]["trusted"]["value"] == 1.0
    assert most["estimates"]["trusted"]["value"] < 1.0
    assert {chart["name"] for chart in parts(page("whatif", dataset=dataset), "chart")} == {
        "threshold",
        "cost",
        "temperature",
    }


def test_rows_of_another_kind_are_sent_to_their_page(page: Page, give: Give) -> None:
    app = page("whatif", dataset=str(give(samples.curve())))
    assert not app.exception
    assert "a margin for each pair" in html(app)


def test_files_that_grow_together_do_not_take_turns_in_leading(page: Page, give: Give, monkeypatch) -> None:
    first, second = give(samples.pairs(), "scores.csv"), give(samples.curve(), "ppo.csv")
    real = reads.datasets_of

    def growing(who, slug):
        return [replace(one, live=True) for one in real(who, slug)]

    def leading(app: AppTest) -> str:
        """The heading of the picture that leads."""
        return next(block[1] for block in blocks(app) if block[0] == "title")

    assert leading(page()) == glances.of("curves").heading
    monkeypatch.setattr(reads, "datasets_of", growing)
    assert leading(page()) == glances.of("calibration").heading
    assert second > first
