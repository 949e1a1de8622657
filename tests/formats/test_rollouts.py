"""Rollouts of each trainer: what becomes of their columns, their token lists, and what is damaged in them."""

from __future__ import annotations

import json
import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputRefused, UsageError
from engine.formats import read, read_table
from engine.formats.canonical import to_rows
from engine.formats.reading import FollowState
from engine.formats.rollout_tokens import MOST_TOKENS
from engine.formats.rollouts import LONGEST_NAME, MOST_COMPONENTS
from tests.formats import samples
from tests.formats.reading import csv, taken

HOSTILE = "<img src=x onerror=alert(1)>\x00‮"


def codes(report: Any) -> set[str]:
    return {notice.code for notice in report.warnings}


# ------------------------------------------------------------------ TRL


@pytest.mark.parametrize("name", ["completions_00001.parquet", "completions.jsonl"])
def test_trl_adds_its_reward_functions_up_and_keeps_each(name: str) -> None:
    rows, report = taken(samples.FILES[name]())
    for row, source in zip(rows, samples.trl_completions(), strict=True):
        parts = [source["accuracy_reward"], source["format"]]
        assert (row["reward.accuracy_reward"], row["reward.format"]) == tuple(parts)
        assert row["reward"] == pytest.approx(sum(part for part in parts if part is not None))
        assert row["advantage"] == source["advantage"]
        assert (row["prompt_text"], row["text"]) == (source["prompt"][0]["content"], source["completion"][0]["content"])
        assert row["step"] == source["step"]
        assert row["length"] is None
    assert codes(report) == {"reward_summed"}
    assert report.columns["format"] == "component"


def test_a_named_reward_of_trl_is_not_added_to() -> None:
    rows, report = taken(samples.FILES["completions.jsonl"](), mapping={"reward": "accuracy_reward"})
    assert report.format == "trl_completions"
    assert [row["reward"] for row in rows] == [one["accuracy_reward"] for one in samples.trl_completions()]
    assert "reward_summed" not in codes(report)
    assert "reward.accuracy_reward" not in rows[0]
    assert "reward.format" in rows[0]


def test_an_answer_that_no_reward_function_speaks_of_is_refused_by_name() -> None:
    made = samples.trl_completions()
    made[3] |= {"accuracy_reward": None, "format": None}
    rows, report = taken(samples.lines(made))
    assert len(rows) == len(made) - 1
    assert report.reasons == {"score_missing": 1}
    assert report.examples[0].line == 4


def test_turns_of_a_conversation_become_text_with_their_roles() -> None:
    made = samples.trl_completions()
    made[0]["prompt"] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    rows, _ = taken(samples.lines(made))
    assert rows[0]["prompt_text"] == "system: Be brief.\n\nuser: Why?"


# ------------------------------------------------------------------ veRL


def test_verl_keeps_what_the_reward_function_says_besides() -> None:
    rows, report = taken(samples.FILES["40.jsonl"]())
    for row, source in zip(rows, samples.verl_rollouts(), strict=True):
        assert (row["reward"], row["gold"]) == (source["score"], float(source["acc"]))
        assert row["reward.overlong_reward"] == source["overlong_reward"]
        assert (row["step"], row["text"], row["prompt_text"]) == (40, source["output"], source["input"])
    assert "reward.pred" not in rows[0], "an answer in digits is a text, not a part of the reward"
    assert report.columns["acc"] == "gold"


# ------------------------------------------------------------------ token by token


def test_tokens_are_kept_and_the_kl_is_summed_over_them() -> None:
    rows, report = taken(samples.FILES["rl_logging_board.jsonl"]())
    for row, source in zip(rows, samples.rl_logging_board(), strict=True):
        assert row["length"] == len(source["response_tokens"])
        differences = [one - other for one, other in zip(source["logprobs"], source["ref_logprobs"], strict=True)]
        assert row["kl"] == pytest.approx(sum(differences), abs=1e-12)
        assert json.loads(row["tokens"]) == {
            "token": source["response_tokens"],
            "logprob": source["logprobs"],
            "ref_logprob": source["ref_logprobs"],
            "value": source["values"],
            "reward": source["token_rewards"],
        }
    assert codes(report) == {"kl_from_tokens"}
    assert not any(name.startswith("reward.") for name in rows[0]), "what the reference got is no part of the reward"


def test_a_kl_that_the_file_tells_counts() -> None:
    made = [{**row, "kl": 7.0} for row in samples.rl_logging_board()]
    rows, report = taken(samples.lines(made))
    assert {row["kl"] for row in rows} == {7.0}
    assert "kl_from_tokens" not in codes(report)


def test_lists_of_other_lengths_are_left_and_missing_numbers_are_null() -> None:
    made = samples.rl_logging_board()
    made[0]["values"] = [1.0]
    made[1]["ref_logprobs"] = [None, *made[1]["ref_logprobs"][1:]]
    made[2]["response_tokens"] = None
    made[3]["logprobs"] = [float("nan"), *made[3]["logprobs"][1:]]
    rows, report = taken("\n".join(map(json.dumps, made)).encode())
    told = [json.loads(row["tokens"]) if row["tokens"] else None for row in rows[:4]]
    assert "value" not in told[0]
    assert told[1]["ref_logprob"][0] is None
    assert rows[1]["kl"] is None
    assert told[2] is None
    assert rows[2]["length"] == len(made[2]["logprobs"])
    assert told[3]["logprob"][0] is None
    assert rows[3]["kl"] is None
    assert "tokens_uneven" in codes(report)


def test_token_ids_and_hostile_tokens_are_texts() -> None:
    made = samples.rl_logging_board()
    made[0]["response_tokens"] = [17, HOSTILE][: len(made[0]["logprobs"])] + ["x"] * (len(made[0]["logprobs"]) - 2)
    rows, _ = taken(samples.lines(made))
    assert json.loads(rows[0]["tokens"])["token"][:2] == ["17", HOSTILE]


def test_very_long_answers_are_not_kept_token_by_token() -> None:
    made = samples.rl_logging_board()
    lists = {"response_tokens": ["a"], "logprobs": [-0.5], "ref_logprobs": [-1.0], "values": [0], "token_rewards": [0]}
    made[5] |= {name: each * (MOST_TOKENS + 1) for name, each in lists.items()}
    rows, report = taken(samples.lines(made))
    assert rows[5]["tokens"] is None
    assert rows[5]["length"] == MOST_TOKENS + 1
    assert rows[5]["kl"] == pytest.approx(0.5 * (MOST_TOKENS + 1))
    assert "tokens_long" in codes(report)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=3)), max_size=6))
def test_whatever_stands_in_a_list_is_a_finite_number_or_null(values: list[Any]) -> None:
    made = samples.rl_logging_board(6)
    made[2] |= {"response_tokens": ["a"] * len(values), "logprobs": values}
    rows, _ = taken("\n".join(map(json.dumps, made)).encode())
    told = json.loads(rows[2]["tokens"]) if rows[2]["tokens"] else {"logprob": []}
    assert len(told["logprob"]) == len(values)
    assert all(value is None or math.isfinite(value) for value in told["logprob"])


# ------------------------------------------------------------------ any table


def generic(**more: Any) -> list[dict[str, Any]]:
    return [
        {"step": number, "prompt": f"p{number // 2}", "response": f"r{number}", "reward": number / 8, **more}
        for number in range(8)
    ]


def test_a_reward_beside_a_truth_at_a_step_is_a_rollout_with_gold() -> None:
    rows, report = taken(samples.lines(generic(correct=True)))
    assert report.format == "rollouts"
    assert [row["gold"] for row in rows] == [1.0] * 8


def test_whoever_maps_value_and_truth_gets_scores() -> None:
    _, report = taken(samples.lines(generic(correct=True)), mapping={"value": "reward", "truth": "correct"})
    assert report.kind == "score"


def test_components_may_stand_in_an_object_of_their_own() -> None:
    rows, _ = taken(samples.lines(generic(reward_components={"style": 0.5, "safety": 1, "why": "short"})))
    assert (rows[0]["reward.reward_components.style"], rows[0]["reward.reward_components.safety"]) == (0.5, 1.0)


def test_a_csv_has_components_and_gold_too() -> None:
    text = "step,prompt,response,reward,format_reward,gold_reward,stop_reason\n" + "".join(
        f"{n},p{n // 2},r{n},{n / 8},{n % 2},0.5,{('length', 'stop')[n % 2]}\n" for n in range(8)
    )
    rows, _ = taken(csv(text))
    assert [row["reward.format_reward"] for row in rows[:2]] == [0.0, 1.0]
    assert [row["truncated"] for row in rows[:2]] == [1, 0]
    assert rows[0]["gold"] == 0.5


def test_roles_say_what_names_do_not() -> None:
    made = [{"t": n, "q": f"p{n}", "a": "x", "r": 0.5, "good": 1, "part_a": 0.1, "part_b": 0.4} for n in range(8)]
    said = {"step": "t", "prompt_text": "q", "text": "a", "reward": "r", "gold": "good", "components": "part_a,part_b"}
    rows, report = taken(samples.lines(made), mapping=said)
    assert report.kind == "rollout"
    assert (rows[0]["reward"], rows[0]["gold"], rows[0]["reward.part_b"]) == (0.5, 1.0, 0.4)
    roles = {column["name"]: column["role"] for column in report.source_columns}
    assert (roles["r"], roles["part_a"]) == ("reward", "components")


def test_a_component_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing"):
        taken(samples.lines(generic()), mapping={"components": "reward,nothing"})


def test_no_more_components_than_can_be_shown_and_none_with_a_name_without_end() -> None:
    many = {f"{number}_reward": 0.5 for number in range(100)}
    rows, _ = taken(samples.lines(generic(**many)))
    assert sum(name.startswith("reward.") for name in rows[0]) == MOST_COMPONENTS
    rows, _ = taken(samples.lines(generic(**{"x" * 500 + "_reward": 1.0})))
    (name,) = [name for name in rows[0] if name.startswith("reward.")]
    assert len(name) == len("reward.") + LONGEST_NAME


def test_rewards_that_are_none_are_refused_with_their_reasons() -> None:
    made = generic()
    for place, value in enumerate((None, "high", float("inf"), [0.5])):
        made[place]["reward"] = value
    rows, report = taken("\n".join(map(json.dumps, made)).encode())
    assert report.reasons == {"score_missing": 1, "not_a_number": 1, "not_finite": 1}
    assert rows[0]["reward"] == 0.5


def test_a_file_without_any_reward_is_refused() -> None:
    with pytest.raises(InputRefused):
        taken(samples.lines([{**row, "reward": None} for row in generic()]))


def test_a_growing_file_keeps_its_columns_from_part_to_part() -> None:
    text = samples.lines(samples.rl_logging_board())
    half = text.index(b"\n", len(text) // 2) + 1
    first = read(text[:half], "run.jsonl", follow=FollowState())
    one = pa.concat_tables(first)
    assert first.follow is not None
    second = read(text, "run.jsonl", follow=first.follow)
    both = pa.concat_tables([one, *second])
    assert len(both) == samples.ROWS
    assert both.column("tokens").null_count == 0


def test_the_numeric_view_has_the_components() -> None:
    table, _ = read_table(samples.FILES["40.jsonl"](), "40.jsonl")
    rows = to_rows(table, reads=("gold", "numbers"))
    assert list(rows.numbers) == ["reward.overlong_reward"]
    assert set(rows.columns["gold"]) == {0.0, 1.0}
