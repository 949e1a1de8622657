"""The most confidently wrong rows as the browser gets them."""

from __future__ import annotations

from typing import Any

from engine.figures.pairs import LONGEST, worst_rows
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
