"""The most confidently wrong rows as the browser gets them."""

from __future__ import annotations

from typing import Any

from engine.figures.pairs import LONGEST, chosen_rows, worst_rows
from engine.types import Evidence, Result

PAIR = {
    "margin": 3.0,
    "label": 0.0,
    "confidence": 0.95,
    "score_a": 2.0,
    "score_b": -1.0,
    "text_a": "<b>first</b>",
    "text_b": "x" * (LONGEST + 5),
    "prompt": "p1",
    "slices": {"source": "math"},
}


def result(**rows: Any) -> Result:
    return Result("calibration", "over_confident", "", {}, Evidence("calibration", "1"), **rows)


def test_a_pair_has_the_side_the_model_took_and_the_one_the_label_took() -> None:
    (row,) = worst_rows(result(pairs=[PAIR]))
    assert [side["tone"] for side in row["sides"]] == ["bad", "good"]
    assert [side["badge"] for side in row["sides"]] == ["preferred by the model", "preferred by the label"]
    assert row["sides"][0]["text"] == "<b>first</b>"
    assert row["sides"][1]["text"].endswith("… (5 more characters in the file)")
    assert ("source", "math") in row["facts"]


def test_a_tie_is_nobodys_right_answer() -> None:
    (row,) = worst_rows(result(pairs=[{**PAIR, "label": 0.5}]))
    assert "right is a tie" in row["said"]
    assert [side["badge"] for side in row["sides"]] == ["preferred by the model", ""]


def test_a_score_stands_alone() -> None:
    (row,) = worst_rows(result(items=[{"value": 0.9, "truth": 0.0, "confidence": 0.9, "item": "gpt", "text": "so"}]))
    assert [side["name"] for side in row["sides"]] == ["gpt"]


def test_of_chosen_rows_what_is_known_is_said() -> None:
    battle = {"label": 1.0, "item_a": "alpha", "item_b": "beta", "text_a": "one", "text_b": "two", "annotator": "ann"}
    tie, unlabelled = {**battle, "label": 0.5}, {**battle, "label": None}
    scored, alone = PAIR | {"item_a": "alpha"}, {"margin": -1.0, "item_b": "beta"}
    rows = chosen_rows([battle, tie, unlabelled, scored, alone])
    assert [row["said"] for row in rows] == [
        "alpha preferred",
        "Tie",
        "No label",
        "Prefers A with 95.3 %; right is B",
        "Prefers beta with 73.1 %; no label",
    ]
    assert [row["sure"] for row in rows][:3] == ["A", "Tie", "–"]
    assert [[side["badge"] for side in row["sides"]] for row in rows[:3]] == [["preferred", ""], ["", ""], ["", ""]]
    assert [side["name"] for side in rows[0]["sides"]] == ["A · alpha", "B · beta"]
    assert ("Annotator", "ann") in rows[0]["facts"]


def test_of_chosen_scores_the_truth_where_there_is_one() -> None:
    rows = chosen_rows([{"value": 0.25, "truth": 1.0, "item": "x", "text": "t"}, {"value": -2.0}])
    assert [row["said"] for row in rows] == ["Scored 0.250; the truth is 1.00", "Scored −2.000"]
    assert [row["sides"][0]["tone"] for row in rows] == ["plain", "plain"]
