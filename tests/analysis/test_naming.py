"""Files put beside each other are called by what tells them apart."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.naming import READABLE, apart, meant, of_files

JUDGEBENCH = "dataset=judgebench,response_model=gpt-4o-2024-05-13,judge_name=reward_model,judge_model={}.jsonl"


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["a.jsonl", "b.jsonl"], ["a", "b"]),
        (["scores.csv", "scores.jsonl"], ["scores.csv", "scores.jsonl"]),
        (["scores.jsonl.gz", "others.jsonl.gz"], ["scores", "others"]),
        (["model_v1.jsonl", "model_v2.jsonl"], ["model_v1", "model_v2"]),
        (
            [JUDGEBENCH.format(name) for name in ("Ray2333_GRM-Gemma-2B", "internlm_internlm2-7b-reward")],
            ["Ray2333_GRM-Gemma-2B", "internlm_internlm2-7b-reward"],
        ),
        (
            [JUDGEBENCH.format(f"Skywork_Skywork-Reward-{name}-v0.2") for name in ("Llama-3.1-8B", "Gemma-2-27B")],
            ["Llama-3.1-8B", "Gemma-2-27B"],
        ),
        (
            ["a_run_of_many_words_1_on_rewardbench.csv", "a_run_of_many_words_2_on_rewardbench.csv"],
            ["1", "2"],
        ),
        (
            ["only, one, file, with, a, name, that, is, long.csv"],
            ["only, one, file, with, a, name, that, is, long.csv"],
        ),
        (["result.json", "result.json (2)"], ["result.json", "result.json (2)"]),
        (["same.csv", "same.csv"], ["same.csv", "same.csv"]),
        ([".csv", ".json"], [".csv", ".json"]),
        ([], []),
    ],
)
def test_names_are_cut_to_what_tells_them_apart(names, short):
    assert apart(names) == short


def test_a_name_that_is_the_beginning_of_another_stays_a_name():
    long = "a reward model with a long name, step 100"
    assert all(apart([long, f"{long}, again", f"{long}, and again"]))


@given(st.lists(st.text("ab-_.,= /é", min_size=1, max_size=60), min_size=1, max_size=6, unique=True))
@example(["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa--"])
def test_as_many_names_in_their_order_no_two_equal_each_found_again(names):
    short = apart(names)
    assert len(set(short)) == len(names)
    assert all(short)
    assert all(one in name for one, name in zip(short, names, strict=True))
    assert short == names or len(names) > 1
    assert [meant(one, short) for one in short] == short


def test_short_names_keep_what_they_share():
    names = ["reward-base", "reward-large"]
    assert max(map(len, names)) <= READABLE
    assert apart(names) == names


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("GRM-2B", "GRM-2B"),
        ("skywork", "Skywork-27B"),
        ("2B", "GRM-2B"),
        ("reward", None),
        ("b", None),
        (JUDGEBENCH.format("v10"), "v10"),
        (JUDGEBENCH.format("v1"), "v1"),
        ("", None),
    ],
)
def test_what_somebody_calls_it_is_found(asked, found):
    assert meant(asked, ["GRM-2B", "Skywork-27B", "v1", "v10"]) == found


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/x.csv", "b/y.csv"], ["x.csv", "y.csv"]),
        (["judges/GPT-4/Vanilla/result.json", "judges/ChatGPT/Vanilla/result.json"], ["GPT-4", "ChatGPT"]),
        (
            ["/runs/one/last/scores.csv", "/runs/two/scores.csv", "/runs/two/best/scores.csv"],
            ["one/last", "two", "two/best"],
        ),
        (["a/result.json", "a/b/result.json"], ["a/result.json", "a/b/result.json"]),
        (["a/x.csv", "b/x.csv", "y.csv"], ["a/x.csv", "b/x.csv", "y.csv"]),
        (["result.json"], ["result.json"]),
        ([], []),
    ],
)
def test_files_of_one_name_are_called_by_their_folders(paths, names):
    assert of_files([PurePosixPath(path) for path in paths]) == names
