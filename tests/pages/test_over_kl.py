"""The page of over-optimisation in the states of a dataset."""

from __future__ import annotations

from tests.pages import samples
from tests.pages.conftest import Give, Page, blocks, html, part, parts


def test_a_passed_peak_is_answered_in_the_first_line(page: Page, give: Give) -> None:
    dataset = give(samples.over_kl(), "ppo.csv")
    app = page("overoptimisation", dataset=str(dataset))
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None
    assert answer["sentence"].startswith("Stop: the gold reward has passed its peak at KL ")
    assert answer["verdict"] == "passed"
    assert [number["name"] for number in answer["numbers"]][:3] == ["budget_left", "peak_kl", "kl_now"]
    assert [chart["name"] for chart in parts(app, "chart")] == ["frontier", "steps", "beside", "components"]
    assert ["code", "python -m jobs analyse ppo.csv --analysis overoptimisation"] in blocks(app)


def test_every_control_is_in_the_address(page: Page, give: Give) -> None:
    dataset = give(samples.over_kl(), "ppo.csv")
    app = page("overoptimisation", dataset=str(dataset), form="rl", gold="reward", kl_unit="sequence")
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None
    assert answer["query"] == f"dataset={dataset}&gold=reward&kl_unit=sequence&form=rl"
    app.selectbox(key="form-rl").set_value("bon").run()
    answer = part(app, "answer")
    assert answer is not None
    assert "form=bon" in answer["query"]


def test_a_kl_of_another_kind_says_what_to_log_and_how_to_declare_it(page: Page, give: Give) -> None:
    dataset = give(samples.over_kl(kl="kl"), "grpo.csv")
    app = page("overoptimisation", dataset=str(dataset))
    assert not app.exception
    assert part(app, "answer") is None
    assert app.header[0].value == "This view cannot be shown"
    assert "kl_unit=sequence" in html(app)
    app.selectbox(key="kl_unit-").set_value("sequence").run()
    answer = part(app, "answer")
    assert answer is not None
    assert answer["verdict"] == "passed"


def test_without_gold_the_proxy_is_shown_and_no_peak_claimed(page: Page, give: Give) -> None:
    app = page("overoptimisation", dataset=str(give(samples.over_kl(gold=False), "ppo.csv")))
    answer = part(app, "answer")
    assert answer is not None
    assert answer["verdict"] == "proxy_only"
    assert next(chart["name"] for chart in parts(app, "chart")) == "frontier"


def test_too_few_points_say_how_many_are_needed(page: Page, give: Give) -> None:
    app = page("overoptimisation", dataset=str(give(samples.over_kl(steps=12), "short.csv")))
    assert not app.exception
    assert app.header[0].value == "Not enough data for an honest answer"
    assert "12 points of gold at" in html(app)


def test_seeds_have_a_table_of_runs(page: Page, give: Give) -> None:
    names = tuple(f"seed{number}" for number in range(5))
    app = page("overoptimisation", dataset=str(give(samples.over_kl(steps=40, runs=names), "seeds.csv")))
    answer = part(app, "answer")
    assert answer is not None
    assert "(mean of 5 runs)" in answer["sentence"]
    assert "runs" in [chart["name"] for chart in parts(app, "chart")]


def test_no_data_and_other_rows_say_what_to_give(page: Page, give: Give) -> None:
    assert page("overoptimisation").header[0].value == "No data yet"
    app = page("overoptimisation", dataset=str(give(samples.pairs())))
    assert app.header[0].value == "Nothing for Over-optimisation in this file"
