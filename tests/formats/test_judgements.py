"""Votes of people and verdicts of judges: one row each, verdicts never taken for labels."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.formats import read_table, to_rows
from tests.formats import samples
from tests.formats.reading import csv, taken

# ------------------------------------------------------------------ arenas


def test_arena_battles_keep_both_bad_apart_and_count_it_as_a_tie() -> None:
    rows, report = taken(samples.lines(samples.arena_old()))
    assert [row["label"] for row in rows[:4]] == [1.0, 0.0, 0.5, 0.5]
    assert [row["outcome"] for row in rows[:4]] == [None, None, "tie", "both bad"]
    assert [notice.message for notice in report.warnings if notice.code == "ties_both_bad"] == [
        "6 ties in which both answers were bad: counted as ties"
    ]


def test_battles_about_the_same_first_turn_are_of_one_prompt() -> None:
    rows, _ = taken(samples.lines(samples.arena_old()))
    assert len({row["prompt_hash"] for row in rows}) == 8
    assert rows[4]["prompt_text"] == "What of 1?"
    assert rows[4]["text_a"] == samples.arena_old()[4]["conversation_a"][1]["content"]
    assert rows[4]["annotator"] == "arena_user_4"
    assert rows[4]["time"].timestamp() == 1_684_000_004.25


def test_battles_without_their_conversations_are_told_apart_by_their_question() -> None:
    rows, _ = taken(samples.lines(samples.arena()))
    assert [row["prompt"] for row in rows] == [f"b{number}" for number in range(24)]


def test_style_is_read_from_whole_numbers_and_from_counts_by_sort() -> None:
    made = samples.arena_140k()
    table, report = read_table(samples.lines(made), "x")
    styles = to_rows(table, reads=("styles",)).styles
    assert set(styles) == {"length", "headers", "lists", "bold"}
    for place, row in enumerate(made):
        held = row["conv_metadata"]
        for side, letter in enumerate("ab"):
            assert styles["length"][side][place] == held[f"sum_assistant_{letter}_tokens"]
            assert styles["headers"][side][place] == sum(held[f"header_count_{letter}"].values())
            lists = held[f"list_count_{letter}"]
            assert styles["lists"][side][place] == (lists if isinstance(lists, int) else sum(lists.values()))
    assert table.column("text_a")[0].as_py() == made[0]["conversation_a"][1]["content"][0]["text"]
    assert report.slices["language"] == ["English", "German"]


@pytest.mark.parametrize("count", [None, "many", {"h1": None}, [], -1, {}])
def test_a_count_that_is_none_is_unknown(count: Any) -> None:
    made = samples.arena_140k()
    made[2]["conv_metadata"]["header_count_a"] = count
    rows, _ = taken(samples.lines(made))
    assert rows[2]["style.headers.a"] is None
    assert rows[3]["style.headers.a"] is not None


def test_a_release_with_a_column_for_each_outcome() -> None:
    rows, report = taken(
        csv(
            "id,model_a,model_b,prompt,response_a,response_b,winner_model_a,winner_model_b,winner_tie",
            '1,m1,m2,"[""Hi"",""And?""]","[""Yes""]","[""No"",""So""]",1,0,0',
            '2,m1,m2,"[""Hi""]","[""Yes""]","[""No""]",0,0,1',
            '3,m1,m2,"[""Hi""]","[""Yes""]","[""No""]",0,1,0',
            '4,m1,m2,"[""Hi""]","[""Yes""]","[""No""]",0,0,0',
        )
    )
    assert [row["label"] for row in rows] == [1.0, 0.5, 0.0]
    assert (rows[0]["prompt_text"], rows[0]["text_a"], rows[1]["text_b"]) == ("Hi", "Yes", "No")
    assert report.reasons == {"label_missing": 1}


def test_a_second_turn_of_mt_bench_is_another_prompt() -> None:
    rows, _ = taken(json.dumps(samples.mt_bench()).encode())
    assert [row["prompt"] for row in rows[:5]] == ["81", "81 turn 2", "81", "81 turn 2", "82"]
    assert [row["annotator"] for row in rows[:3]] == ["expert_0", "expert_1", "expert_2"]


def test_battles_with_scores_are_pairs() -> None:
    made = [{**row, "score_a": 1.0, "score_b": 0.5} for row in samples.arena_old()]
    assert taken(samples.lines(made))[1].format == "pairs"


# ------------------------------------------------------------------ verdicts of judges


def test_both_orders_of_an_item_are_rows_with_what_was_shown_first() -> None:
    rows, report = taken(json.dumps(samples.llmbar_orders()).encode())
    third = [row for row in rows if row["source_line"] == 3]
    assert [(row["first"], row["verdict"]) for row in third] == [(1, 1.0), (0, 1.0)]
    fourth = [row for row in rows if row["source_line"] == 4]
    assert [(row["first"], row["verdict"]) for row in fourth] == [(1, 1.0), (0, 0.0)]
    assert {row["label"] for row in fourth} == {2.0 - samples.llmbar()[3]["label"]}
    assert len({row["prompt_hash"] for row in third}) == 1
    assert {row["margin"] for row in rows} == {None}
    assert report.reasons == {"verdict_missing": 1}
    assert [row["first"] for row in rows if row["source_line"] == 10] == [0]
    assert any(notice.code == "verdicts_missing" for notice in report.warnings)


def test_ratings_know_no_order_and_count_once() -> None:
    rows, report = taken(samples.FILES["llmbar.json"]())
    assert len(rows) == report.accepted == 21
    assert "verdict" not in rows[0]


def test_decisions_of_judgebench_on_the_swapped_pair_are_turned_round() -> None:
    made = samples.judgebench()
    for row in made:
        row["judgments"] = [
            {"judgment": {"judge_model": "m"}, "decision": "A>B"},
            {"judgment": {"judge_model": "m"}, "decision": "B>A" if row["pair_id"] != "p1" else "A>B"},
        ]
    rows, report = taken(samples.lines(made))
    assert [(row["first"], row["verdict"]) for row in rows[:4]] == [(1, 1.0), (0, 1.0), (1, 1.0), (0, 0.0)]
    assert (len(rows), report.accepted) == (48, 24)


def test_a_verdict_beside_a_label_is_no_label() -> None:
    rows, report = taken(
        csv("model_a,model_b,winner,judge_verdict", "x,y,x,B", "x,y,tie,A", "x,y,,y", "x,y,x,?", "x,y,,?", "x,y,,")
        + b"x,y,x,A\n" * 3
    )
    assert [(row["label"], row["verdict"]) for row in rows[:4]] == [(1.0, 0.0), (0.5, 1.0), (None, 0.0), (1.0, None)]
    assert report.reasons == {"verdict_unknown": 1, "verdict_missing": 1}
    assert any(notice.code == "verdicts_unknown" for notice in report.warnings)


def test_a_margin_without_a_label_is_rejected_whatever_the_judge_says() -> None:
    rows, report = taken(csv("score_a,score_b,label,verdict", "1,2,A,B", "1,2,,B"))
    assert [(row["label"], row["verdict"]) for row in rows] == [(1.0, 0.0)]
    assert report.reasons == {"label_missing": 1}


def test_a_mapped_verdict() -> None:
    rows, _ = taken(csv("x,y,g", "m1,m2,1", "m1,m2,2", "m1,m2,1"), {"item_a": "x", "item_b": "y", "verdict": "g"})
    assert [row["verdict"] for row in rows] == [1.0, 0.0, 1.0]


# ------------------------------------------------------------------ annotators in columns


def test_each_annotator_in_a_column_gives_a_row() -> None:
    rows, report = taken(samples.FILES["pandalm.json"]())
    made = samples.pandalm()
    votes = {0: 0.5, 1: 1.0, 2: 0.0}
    assert [(row["source_line"], row["annotator"], row["label"]) for row in rows[:3]] == [
        (1, f"annotator{number}", votes[int(made[0][f"annotator{number}"])]) for number in (1, 2, 3)
    ]
    assert (len(rows), report.rows, report.accepted) == (72, 24, 24)
    assert len({row["prompt_hash"] for row in rows}) == 24


def test_votes_that_are_missing_or_garbage_cost_only_themselves() -> None:
    rows, report = taken(
        csv("prompt,response1,response2,rater_1,rater_2", "p,x,y,1,2", "q,x,y,,Tie", "r,x,y,garbage,1", "s,x,y,?,")
        + b"t,x,y,1,1\n" * 2
    )
    assert [(row["annotator"], row["label"]) for row in rows[:4]] == [
        ("rater_1", 1.0), ("rater_2", 0.0), ("rater_2", 0.5), ("rater_2", 1.0),
    ]  # fmt: skip
    assert (report.accepted, report.reasons) == (5, {"label_unknown": 1})
    assert any(notice.code == "votes_unknown" for notice in report.warnings)


def test_annotators_of_scored_pairs_are_gathered_so_that_a_pair_counts_once() -> None:
    rows, _ = taken(csv("score_a,score_b,vote_1,vote_2,vote_3", "1,2,A,B,A", "2,1,A,A,"))
    assert [(row["label"], row["votes"]) for row in rows] == [(pytest.approx(2 / 3), 3), (1.0, 2)]
