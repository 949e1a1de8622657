"""Each known format: what it becomes, and the trap it lays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.errors import InputRefused
from tests.formats import samples
from tests.formats.reading import csv, taken


@pytest.mark.parametrize(
    ("name", "form", "kind", "rows"),
    [
        ("judgebench.jsonl", "judgebench", "comparison", 24),
        ("helpsteer.json", "preference_rewards", "comparison", 24),
        ("helpsteer.parquet", "preference_rewards", "comparison", 24),
        ("ultrafeedback.jsonl", "preference_rewards", "comparison", 24),
        ("hh_rlhf.jsonl.gz", "hh_rlhf", "comparison", 24),
        ("rewardbench.jsonl", "rewardbench", "comparison", 21),
        ("rewardbench.json", "rewardbench", "comparison", 21),
        ("rewardbench2.jsonl", "rewardbench2", "comparison", 24),
        ("rewardbench2.parquet", "rewardbench2", "comparison", 24),
        ("pairs.csv", "pairs", "comparison", 24),
        ("pairs.parquet", "pairs", "comparison", 24),
        ("scores.jsonl", "scores", "score", 24),
        ("scores.csv", "scores", "score", 24),
        ("votes.jsonl", "pairs", "comparison", 24),
        ("pandalm.json", "pairs_unscored", "comparison", 24),
        ("arena.jsonl", "arena", "comparison", 24),
        ("arena_old.jsonl", "arena", "comparison", 24),
        ("arena_140k.jsonl", "arena", "comparison", 24),
        ("arena_140k.parquet", "arena", "comparison", 12),
        ("mt_bench.json", "mt_bench", "comparison", 24),
        ("ultrafeedback_nested.jsonl", "ultrafeedback", "score", 24),
        ("ultrafeedback_nested.parquet", "ultrafeedback", "score", 24),
        ("nectar.jsonl", "ranked_answers", "comparison", 24),
        ("best_of_n.jsonl", "best_of_n", "score", 24),
        ("best_of_n.parquet", "best_of_n", "score", 24),
        ("unpaired.jsonl", "unpaired_preference", "score", 24),
        ("stepwise.jsonl", "judged_steps", "score", 24),
        ("argilla.json", "preference_rewards", "comparison", 24),
        ("pairs.xlsx", "pairs", "comparison", 24),
        ("evaluations.xlsx", "pairs_unscored", "comparison", 24),
        ("ratings.csv", "scores_without_truth", "score", 24),
        ("llmbar_orders.json", "llmbar", "comparison", 23),
        ("pandalm_judge.json", "pandalm_judge", "comparison", 19),
        ("llmbar.json", "llmbar", "comparison", 21),
        ("alpaca.json", "alpaca_eval", "comparison", 24),
        ("trainer_state.json", "trainer_state", "curve", 30),
        ("log.csv", "training_log", "curve", 24),
        ("rollouts.jsonl", "rollouts", "rollout", 24),
        ("completions_00001.parquet", "trl_completions", "rollout", 24),
        ("completions.jsonl", "trl_completions", "rollout", 24),
        ("40.jsonl", "verl_rollouts", "rollout", 24),
        ("rl_logging_board.jsonl", "rl_logging_board", "rollout", 24),
        ("openrlhf_samples.csv", "rollouts", "rollout", 24),
        ("sweep.csv", "sweep", "curve", 6),
        ("leaderboard.csv", "leaderboard", "score", 6),
        ("history.csv", "leaderboard_history", "curve", 6),
    ],
)
def test_a_file_is_recognised_by_its_content(name: str, form: str, kind: str, rows: int) -> None:
    _, report = taken(samples.FILES[name](), name="file without an ending")
    assert (report.format, report.kind, report.accepted) == (form, kind, rows)
    assert report.rows == report.accepted + report.rejected


# ------------------------------------------------------------------ JudgeBench


def test_judgebench_counts_a_pair_once_and_takes_the_first_order() -> None:
    rows, report = taken(samples.lines(samples.judgebench()))
    made = samples.judgebench()
    assert len(rows) == report.rows == len(made)
    for row, source in zip(rows, made, strict=True):
        a, b = source["judgments"][0]["judgment"]["scores"]
        assert (row["score_a"], row["score_b"], row["margin"]) == (a, b, a - b)
        assert row["label"] == float(source["label"] == "A>B")
        assert row["judge"] == "acme/reward"
        assert row["prompt_text"] == source["question"]
    assert report.slices == {"source": ["subject 0", "subject 1", "subject 2"]}


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"label": "A?B"}, "label", "label_unknown"),
        ({"label": None}, "label", "label_missing"),
        ({"judgments": []}, "judgments", "wrong_shape"),
        ({"judgments": "x"}, "judgments", "wrong_shape"),
        ({"judgments": [{"judgment": {"scores": [1]}}]}, "judgments", "wrong_shape"),
        ({"judgments": [{"judgment": {"scores": [None, 2]}}]}, "judgments[0].scores[0]", "score_missing"),
        ({"judgments": [{"judgment": {"scores": [1, "x"]}}]}, "judgments[0].scores[1]", "not_a_number"),
    ],
)
def test_judgebench_rejects_one_bad_row_alone(change: dict[str, Any], field: str, reason: str) -> None:
    made = samples.judgebench()
    made[3] |= change
    _, report = taken(samples.lines(made))
    assert report.accepted == 23
    assert [(each.line, each.field, each.reason) for each in report.examples] == [(4, field, reason)]


def test_judgebench_verdicts_without_scores_are_not_calibrated() -> None:
    made = [
        {**row, "judgments": [{"judgment": {"judge_model": "m"}, "decision": "A>B"}]} for row in samples.judgebench()
    ]
    rows, report = taken(samples.lines(made))
    assert rows[0]["margin"] is None
    with pytest.raises(InputRefused) as refused:
        report.require_scores("x.jsonl")
    assert (refused.value.code, refused.value.file) == ("nothing_to_calibrate", "x.jsonl")


# ------------------------------------------------------------------ chosen against rejected


def test_helpsteer_margin_prompt_and_strength() -> None:
    rows, report = taken(samples.FILES["helpsteer.json"]())
    source = samples.helpsteer()
    assert [row["margin"] for row in rows] == [each["chosen_reward"] - each["rejected_reward"] for each in source]
    assert {row["label"] for row in rows} == {1.0}
    assert rows[0]["prompt_text"] == source[0]["chosen"][0]["content"]
    assert rows[0]["text_a"] == source[0]["chosen"][1]["content"]
    assert report.slices == {"preference_strength": ["0", "1", "2", "3"]}


@pytest.mark.parametrize(
    "names",
    [
        ("score_chosen", "score_rejected"), ("chosen_score", "rejected_score"), ("reward_chosen", "reward_rejected"),
        ("rewards/chosen", "rewards/rejected"), ("chosen_avg_rating", "rejected_avg_rating"),
        ("chosen_reward", "reject_reward"),
    ],
)  # fmt: skip
def test_names_of_rewards(names: tuple[str, str]) -> None:
    a, b = names
    rows, report = taken(samples.lines([{"chosen": "x", "rejected": "y", a: 2.0, b: 0.5}] * 3))
    assert report.format == "preference_rewards"
    assert [row["margin"] for row in rows] == [1.5] * 3


def test_a_margin_column_serves_where_there_are_no_scores() -> None:
    rows, _ = taken(samples.lines([{"prompt": "p", "chosen": "x", "rejected": "y", "margin": 0.25}] * 2))
    assert [row["margin"] for row in rows] == [0.25, 0.25]


def test_scores_named_chosen_and_rejected() -> None:
    rows, _ = taken(csv("chosen,rejected", "1.5,1.0", "0,2"))
    assert [row["margin"] for row in rows] == [0.5, -2.0]


def test_transcripts_give_their_prompt_and_have_nothing_to_calibrate() -> None:
    rows, report = taken(samples.FILES["hh_rlhf.jsonl"]())
    source = samples.hh_rlhf()[0]
    assert source["chosen"] == "\n\n" + rows[0]["prompt_text"] + rows[0]["text_a"]
    assert rows[0]["prompt_text"].endswith("Assistant:")
    assert rows[0]["margin"] is None
    assert "nothing_to_calibrate" in {notice.code for notice in report.warnings}


def test_an_explicit_prompt_may_be_turns() -> None:
    row = {
        "prompt": [{"role": "user", "content": "Hi"}],
        "chosen": [{"role": "assistant", "content": "Yes"}],
        "rejected": [{"role": "assistant", "content": "No"}],
        "score_chosen": 1,
        "score_rejected": 0,
    }
    rows, _ = taken(samples.lines([row]))
    assert (rows[0]["prompt_text"], rows[0]["text_a"], rows[0]["text_b"]) == ("Hi", "Yes", "No")


# ------------------------------------------------------------------ RewardBench


def test_rewardbench_scores_may_be_lists_and_null() -> None:
    rows, report = taken(samples.FILES["rewardbench.jsonl"]())
    source = [row for row in samples.rewardbench() if row["scores_rejected"] is not None]
    assert [row["margin"] for row in rows] == [row["scores_chosen"][0] - row["scores_rejected"][0] for row in source]
    assert report.reasons == {"score_missing": 3}
    assert report.slices["subset"] == ["alpacaeval-easy", "math-prm", "refusals"]


def test_rewardbench_without_scores() -> None:
    made = [{**row, "scores_chosen": None, "scores_rejected": None} for row in samples.rewardbench()]
    _, report = taken(samples.lines(made))
    assert report.accepted == 24
    assert "nothing_to_calibrate" in {notice.code for notice in report.warnings}


def test_rewardbench2_pairs_each_right_answer_with_each_wrong_one() -> None:
    rows, report = taken(samples.FILES["rewardbench2.jsonl"]())
    source = samples.rewardbench2()
    first = [row["margin"] for row in rows if row["source_line"] == 1]
    held = source[0]["scores"]
    assert first == [a - b for a in held[:2] for b in held[2:]]
    assert len(rows) == 6 * 8 + 18 * 3
    assert len({row["prompt_hash"] for row in rows}) == 24
    assert "ties_subset" in {notice.code for notice in report.warnings}
    assert report.slices == {"subset": ["Factuality", "Ties"]}


@pytest.mark.parametrize("change", [{"num_correct": 0}, {"num_correct": 4}, {"num_correct": None}, {"scores": [1]}])
def test_rewardbench2_without_a_pair(change: dict[str, Any]) -> None:
    made = samples.rewardbench2()
    made[1] |= change
    _, report = taken(samples.lines(made))
    assert (report.accepted, report.reasons) == (23, {"no_pair": 1})


def test_rewardbench2_keeps_the_pairs_whose_scores_are_there() -> None:
    made = samples.rewardbench2()
    made[1]["scores"][1] = None
    rows, report = taken(samples.lines(made))
    assert len([row for row in rows if row["source_line"] == 2]) == 2
    assert (report.rows, report.accepted, report.rejected) == (24, 24, 0)


# ------------------------------------------------------------------ judges


def test_llmbar_ratings_are_texts_and_blocked_rows_are_rejected() -> None:
    rows, report = taken(samples.FILES["llmbar.json"]())
    kept = [row for row in samples.llmbar() if row["results"][0]["score_1"][0]]
    assert [row["score_a"] for row in rows] == [float(row["results"][0]["score_1"][0]) for row in kept]
    assert [row["label"] for row in rows] == [2.0 - row["label"] for row in kept]
    assert report.reasons == {"score_missing": 3}


def test_llmbar_takes_the_last_of_several_stages() -> None:
    made = samples.llmbar(3)
    for row in made:
        row["results"] = [{"swap = False": {}}, {"score_1": ["9", "stop"], "score_2": ["4", "stop"]}]
    assert [row["margin"] for row in taken(json.dumps(made).encode())[0]] == [5.0] * 3


def test_alpaca_preferences_between_one_and_two() -> None:
    rows, _ = taken(samples.FILES["alpaca.json"]())
    expected = [0.5 if row["preference"] == 0 else 2 - row["preference"] for row in samples.alpaca()]
    assert [row["label"] for row in rows] == pytest.approx(expected)
    assert rows[0]["item_b"] == "ours"


def test_pandalm_judge_with_garbage() -> None:
    results = ["1", "2", "Tie", "garbage", 1]
    made = [{"idx": place, "gpt_result": each, "gpt_reason": "…"} for place, each in enumerate(results)]
    rows, report = taken(json.dumps(made).encode())
    assert [row["verdict"] for row in rows] == [1.0, 0.0, 0.5, 1.0]
    assert {row["label"] for row in rows} == {None}
    assert {row["judge"] for row in rows} == {"gpt"}
    assert report.reasons == {"verdict_unknown": 1}


# ------------------------------------------------------------------ curves, rollouts, leaderboards


def test_trainer_state_becomes_points() -> None:
    rows, _ = taken(samples.FILES["trainer_state.json"]())
    metrics = {row["metric"] for row in rows}
    assert metrics == {"loss", "rm_margin", "eval_loss", "eval_runtime"}
    margin = [(row["step"], row["value"]) for row in rows if row["source"] == "rewards/margins"]
    assert margin == [(step * 10, step / 100) for step in range(1, 25)]


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("step,reward_a,reward_b,label", "pairs"),
        ("step,loss,score_a,score_b,label", "pairs"),
        ("step,chosen_reward,rejected_reward,n", "preference_rewards"),
        ("step,reward,correct,n", "scores"),
        ("step,loss,rewards/chosen,rewards/rejected", "training_log"),
        ("step,reward,kl,n", "training_log"),
    ],
)
def test_rows_with_a_step_are_no_curve(header: str, form: str) -> None:
    values = ",".join("1" for _ in header.split(","))
    assert taken(csv(header, values, values))[1].format == form


def test_train_and_eval_rows_may_share_a_step() -> None:
    rows, _ = taken(csv("loss,rewards/margins,step,eval_loss,eval_rewards/margins", "1,0.1,10,,", ",,10,2,0.3"))
    found = [(row["step"], row["metric"], row["value"]) for row in rows]
    assert found == [(10, "loss", 1.0), (10, "rm_margin", 0.1), (10, "eval_loss", 2.0), (10, "eval_rm_margin", 0.3)]


def test_kl_to_the_reference_and_kl_of_a_step_stay_apart() -> None:
    rows, _ = taken(csv("step,objective/kl,policy/approxkl_avg,loss/policy_avg", "10,8.5,0.1,0.6"))
    assert {row["source"]: row["metric"] for row in rows} == {
        "objective/kl": "kl_ref",
        "policy/approxkl_avg": "kl_step",
        "loss/policy_avg": "policy_loss",
    }


def test_constant_and_infinite_values_of_a_log() -> None:
    made = [{"step": step, "policy_loss": -0.0, "kl_mean": None, "reward_mean": 0.0} for step in range(5)]
    rows, _ = taken(samples.lines(made) + b'{"step": 5, "policy_loss": NaN, "kl_mean": Infinity, "reward_mean": NaN}\n')
    assert {row["value"] for row in rows} == {0.0}
    assert len(rows) == 10


def test_a_nested_log() -> None:
    made = [{"step": step, "data": {"actor/ppo_kl": 0.5, "critic/score/mean": step}} for step in range(3)]
    rows, _ = taken(samples.lines(made))
    assert [(row["metric"], row["value"]) for row in rows if row["step"] == 2] == [("kl_step", 0.5), ("reward", 2.0)]


def test_a_sweep_with_decimal_commas() -> None:
    rows, _ = taken(samples.FILES["sweep.csv"]())
    assert [(row["run"], row["step"], row["metric"], row["value"]) for row in rows[:3]] == [
        ('(beta=0.0, name="x")', 1, "loss", 0.1),
        ('(beta=0.0, name="x")', 1, "rm_acc", 0.6),
        ('(beta=0.0, name="x")', 2, "loss", 0.5),
    ]


def test_rollouts() -> None:
    rows, _ = taken(samples.FILES["rollouts.jsonl"]())
    assert rows[5]["step"] == 1
    assert rows[5]["kl"] == pytest.approx(samples.rollouts()[5]["kl"])


def test_a_rating_of_zero_is_no_rating() -> None:
    rows, report = taken(samples.FILES["history.csv"]())
    assert len(rows) == 6 * 4
    assert rows[0]["time"].isoformat() == "2023-05-01T00:00:00+00:00"
    assert "zero_means_absent" in {notice.code for notice in report.warnings}
