"""Console logs: values found between other text, each at its step."""

from __future__ import annotations

import pytest

from engine.errors import InputRefused
from engine.formats import console
from tests.formats import log_samples, samples
from tests.formats.reading import csv, taken


def test_the_reward_of_deepspeed_chat_belongs_to_the_step_before_it() -> None:
    rows, report = taken(log_samples.chat())
    assert report.format == "console_log"
    assert [row["value"] for row in rows if row["metric"] == "reward"] == [step / 10 for step in range(12)] * 2
    assert [row["step"] for row in rows if row["metric"] == "reward"] == list(range(24))


def test_lines_of_its_logger_do_not_move_the_step() -> None:
    rows, _ = taken(log_samples.chat(epochs=1))
    assert {row["source"] for row in rows}.isdisjoint({"lr", "skipped"})
    assert [row["step"] for row in rows if row["metric"] == "policy_loss"] == list(range(24))


def test_a_step_too_long_for_a_number_is_none() -> None:
    rows, _ = taken(log_samples.chat(epochs=1).replace(b"step: 3|", b"step: " + b"9" * 5000 + b"|"))
    assert {row["step"] for row in rows if row["metric"] == "policy_loss"} == {*range(24)} - {3}


def test_the_newer_words_of_deepspeed_chat() -> None:
    text = ""
    for step in range(3):
        text += f"Epoch: 0 | Step: {step} | PPO Epoch: 1 | Actor Loss: 0.{step}5 | Critic Loss: 0.1 | "
        text += "Unsupervised Loss: 0.0\n"
        text += "End-to-End => Latency: 7.99s, TFLOPs: 5.30, Samples/sec: 8.01, Batch Size: 64\n"
        text += f"Average reward score: {step}.5 | EMA reward score: {step}.25\n"
    rows, _ = taken(text.encode())
    found = {(row["metric"], row["step"]): row["value"] for row in rows}
    assert found[("policy_loss", 2)] == 0.25
    assert found[("reward", 1)] == 1.5
    assert found[("EMA reward score", 2)] == 2.25


def test_printed_dictionaries_are_numbered_and_evaluations_share_the_number() -> None:
    rows, report = taken(log_samples.printed())
    assert [row["step"] for row in rows if row["metric"] == "loss"] == list(range(1, 25))
    assert [row["step"] for row in rows if row["metric"] == "eval_loss"] == [4, 8, 12, 16, 20, 24]
    told = {notice.code for notice in report.warnings}
    assert {"steps_counted", "summary_rows", "lines_without_values"} <= told


def test_printed_dictionaries_may_hold_their_numbers_as_texts_and_name_their_step() -> None:
    text = "".join(f"{{'loss': '{1 / step:.3f}', 'grad_norm': 'nan', 'step': '{step * 5}'}}\n" for step in (1, 2, 4))
    rows, report = taken(text.encode())
    assert [(row["step"], row["value"]) for row in rows] == [(5, 1.0), (10, 0.5), (20, 0.25)]
    assert {notice.code: notice.message for notice in report.warnings}["not_finite"].startswith("3 values")


def test_pairs_with_colons_and_equal_signs_and_their_time() -> None:
    rows, _ = taken(log_samples.assigned())
    first = [(row["source"], row["step"]) for row in rows[:3]]
    assert first == [("loss", 5), ("kl", 5), ("reward_mean", 5)]
    assert rows[0]["time"].isoformat() == "2025-08-28T21:17:01.100000+00:00"


@pytest.mark.parametrize(
    "line",
    [
        "step={step}, loss=0.5, lr=1e-5",
        "Step {step}: loss: 0.5 lr: 1e-5",
        "[step {step}/100] loss=0.5 | lr=1e-5",
        "iter: {step} loss: 0.5, lr: 1e-5",
        "INFO:trainer:global_step: {step}, loss: 0.5, lr: 1e-5",
    ],
)
def test_ways_to_write_a_step(line: str) -> None:
    rows, report = taken("".join(line.format(step=step) + "\n" for step in (10, 20, 30)).encode())
    assert report.format == "console_log"
    assert [(row["metric"], row["step"], row["value"]) for row in rows[:2]] == [
        ("loss", 10, 0.5),
        ("learning_rate", 10, 1e-5),
    ]
    assert len(rows) == 6


def test_epochs_are_the_steps_where_no_step_is_named() -> None:
    text = "".join(f"Epoch {epoch}/3\n  reward: {epoch}.5\n  loss: 0.{epoch}\n" for epoch in (1, 2, 3))
    rows, report = taken(text.encode())
    assert [(row["step"], row["value"]) for row in rows if row["metric"] == "reward"] == [(1, 1.5), (2, 2.5), (3, 3.5)]
    assert "steps_counted" in {notice.code for notice in report.warnings}


@pytest.mark.parametrize("name", [name for name in samples.FILES if name.endswith((".csv", ".tsv", ".json", ".jsonl"))])
def test_tables_and_json_are_no_console_logs(name: str) -> None:
    data = samples.FILES[name]()
    head = data.decode("utf-8", "replace")
    assert console.way_of(head) == "" or head.lstrip().startswith(('{"', "[{"))


def test_text_without_values_is_refused() -> None:
    with pytest.raises(InputRefused) as refused:
        taken(b"Starting\nStill at step 10\nDone\n")
    assert refused.value.code == "unrecognised"


def test_no_more_names_than_the_limit() -> None:
    data = "".join(f"step: {step} | loss: 1 | name{step}: 1\n" for step in range(2000)).encode()
    rows, report = taken(data)
    assert len({row["source"] for row in rows}) == console.MOST_NAMES
    assert "names_left" in {notice.code for notice in report.warnings}


def test_a_table_whose_texts_speak_of_losses_stays_a_table() -> None:
    rows = [f'q{row},"step {row}: the loss: 0.5 and reward: 1.5",1,0,A' for row in range(6)]
    assert taken(csv("prompt_id,prompt,score_a,score_b,label", *rows))[1].format == "pairs"
