"""Several answers in one row, and preference sets of trainers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.formats import read_table, to_rows
from engine.formats.batches import ObjectBatch
from tests.formats import samples
from tests.formats.reading import csv, taken


def _codes(report: Any) -> set[str]:
    return {notice.code for notice in report.warnings}


# ------------------------------------------------------------------ UltraFeedback


def test_ultrafeedback_gives_a_row_a_completion() -> None:
    rows, report = taken(samples.FILES["ultrafeedback_nested.jsonl"]())
    made = samples.ultrafeedback_nested()
    assert [(row["item"], row["value"]) for row in rows[:4]] == [
        (each["model"], each["overall_score"]) for each in made[0]["completions"]
    ]
    assert (len(rows), report.accepted, report.scale) == (96, 24, 10)
    assert len({row["prompt_hash"] for row in rows}) == 24
    assert report.slices == {"source": ["evol_instruct", "sharegpt"]}
    assert "overall_score_doubtful" not in _codes(report)


def test_ultrafeedback_by_an_aspect_whose_ratings_are_texts() -> None:
    data = samples.FILES["ultrafeedback_nested.jsonl"]()
    rows, report = taken(data, {"value": "completions.honesty"})
    made = samples.ultrafeedback_nested()
    expected = [
        float(each["annotations"]["honesty"]["Rating"])
        for row in made
        for each in row["completions"]
        if each["annotations"]["honesty"]["Rating"] != "N/A"
    ]
    assert [row["value"] for row in rows] == expected
    assert (report.reasons, report.scale) == ({"score_missing": 4}, 5)


def test_a_place_in_a_list_is_named_by_a_number() -> None:
    batch = ObjectBatch([{"scores": [0.5, 1.5]}, {"scores": [2.5]}], [1, 2])
    assert batch.column("scores.0") == [0.5, 2.5]
    assert batch.column("scores.1") == [1.5, None]
    for none in ("²", "-1", "x", "", "9" * 5000):
        assert batch.column(f"scores.{none}") == [None, None]


def test_full_marks_beside_low_aspects_are_doubted() -> None:
    made = samples.ultrafeedback_nested()
    for place in (1, 2):
        held = made[place]["completions"][0]
        held["overall_score"] = 10
        for mark in held["annotations"].values():
            mark["Rating"] = "1" if place == 1 else "5"
    _, report = taken(samples.lines(made))
    said = [notice.message for notice in report.warnings if notice.code == "overall_score_doubtful"]
    assert len(said) == 1
    assert said[0].startswith("1 completion ")


# ------------------------------------------------------------------ ranks, lists


def test_ranked_answers_give_every_pair_once() -> None:
    rows, report = taken(samples.FILES["nectar.jsonl"]())
    answers = samples.nectar()[0]["answers"]
    rank = {each["model"]: each["rank"] for each in answers}
    first = [row for row in rows if row["source_line"] == 1]
    assert len(first) == 6
    assert {frozenset((row["item_a"], row["item_b"])) for row in first} == {
        frozenset((a, b)) for a in rank for b in rank if a < b
    }
    for row in first:
        assert row["label"] == (0.5 if rank[row["item_a"]] == rank[row["item_b"]] else 1.0)
        assert rank[row["item_a"]] <= rank[row["item_b"]]
        assert row["text_a"] == next(each["answer"] for each in answers if each["model"] == row["item_a"])
    assert (len(rows), report.accepted) == (24 * 6, 24)


@pytest.mark.parametrize("answers", [[], None, "x", [{"answer": "x", "rank": 1}], [{"rank": "?"}, {"rank": 2}]])
def test_ranked_answers_without_a_pair(answers: Any) -> None:
    made = samples.nectar()
    made[5]["answers"] = answers
    _, report = taken(samples.lines(made))
    assert (report.accepted, report.reasons) == (23, {"no_pair": 1})


def test_best_of_n_lists() -> None:
    table, report = read_table(samples.FILES["best_of_n.jsonl"](), "x")
    rows, made = table.to_pylist(), samples.best_of_n()
    assert [row["value"] for row in rows[4:8]] == made[1]["rewards"]
    assert [row["truth"] for row in rows[4:8]] == [float(each) for each in made[1]["correct"]]
    assert [row["text"] for row in rows[4:8]] == made[1]["responses"]
    assert [row["item"] for row in rows[4:8]] == [f"answer {place}" for place in range(1, 5)]
    assert len(set(to_rows(table).columns["prompt_hash"].tolist())) == 24
    assert (report.scale, _codes(report)) == (1.0, set())


def test_a_list_of_another_length_leaves_its_column_empty() -> None:
    made = samples.best_of_n()
    made[3]["responses"] = ["only one"]
    made[4]["correct"] = [True]
    made[5]["rewards"] = []
    made[6]["rewards"][1] = None
    rows, report = taken(samples.lines(made))
    assert [row["text"] for row in rows if row["source_line"] == 4] == [None] * 4
    assert [row for row in rows if row["source_line"] in (5, 6)] == []
    assert len([row for row in rows if row["source_line"] == 7]) == 3
    assert report.reasons == {"truth_missing": 1, "wrong_shape": 1}


def test_steps_and_unpaired_answers_have_truths_only() -> None:
    rows, report = taken(samples.FILES["stepwise.jsonl"]())
    assert [row["truth"] for row in rows[:2]] == [1.0, 1.0]
    assert len(rows) == 72
    assert {row["value"] for row in rows} == {None}
    assert "nothing_to_calibrate" in _codes(report)
    rows, report = taken(samples.FILES["unpaired.jsonl"]())
    assert [row["truth"] for row in rows] == [float(row["label"]) for row in samples.unpaired()]
    assert "value" not in report.fields


def test_ratings_by_workers_at_a_time() -> None:
    rows, report = taken(samples.FILES["ratings.csv"]())
    assert [row["annotator"] for row in rows[:3]] == ["w0", "w1", "w2"]
    assert [row["item"] for row in rows[:4]] == ["i0", "i0", "i0", "i1"]
    assert rows[0]["time"].isoformat() == "2024-03-01T09:00:00+00:00"
    assert {"annotator", "value", "time", "item"} <= set(report.fields)


# ------------------------------------------------------------------ preference sets


def test_models_of_chosen_and_rejected_are_the_items() -> None:
    rows, _ = taken(samples.FILES["argilla.json"]())
    assert (rows[0]["item_a"], rows[0]["item_b"], rows[0]["label"]) == ("m1", "m2", 1.0)


def test_columns_of_any_name_can_be_chosen_and_rejected() -> None:
    rows, report = taken(
        csv("question,good,bad", "q,x,y", "r,x,y"), {"chosen": "good", "rejected": "bad", "prompt_text": "question"}
    )
    assert report.format == "preference_pairs"
    assert (rows[0]["text_a"], rows[0]["text_b"], rows[0]["label"], rows[0]["prompt_text"]) == ("x", "y", 1.0, "q")
    rows, _ = taken(
        csv("good,bad,s,t", "x,y,1,2"), {"chosen": "good", "rejected": "bad", "score_a": "s", "score_b": "t"}
    )
    assert rows[0]["margin"] == -1.0


def test_turns_whose_prompt_is_what_both_begin_with() -> None:
    asked = [{"role": "user", "content": "Hi"}]
    row = {name: [*asked, {"role": "assistant", "content": name}] for name in ("chosen", "rejected")}
    rows, report = taken(json.dumps([row] * 2).encode())
    assert (rows[0]["prompt_text"], rows[0]["text_a"], rows[0]["text_b"]) == ("Hi", "chosen", "rejected")
    assert report.format == "preference_pairs"


def test_a_margin_that_may_be_a_strength_is_named() -> None:
    _, report = taken(samples.lines([{"prompt": "p", "chosen": "x", "rejected": "y", "margin": 2}] * 2))
    assert "margin_taken" in _codes(report)


# ------------------------------------------------------------------ graded words


def test_degrees_of_preference_are_kept_beside_the_label() -> None:
    words = ["a-is-better", "a-is-slightly-better", "tie", "b-is-slightly-better", "B is much better"]
    rows, _ = taken(csv("model_a,model_b,preference", *(f"x,y,{word}" for word in words)))
    assert [row["label"] for row in rows] == [1.0, 1.0, 0.5, 0.0, 0.0]
    assert [row["outcome"] for row in rows] == words
