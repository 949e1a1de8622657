"""Real public files, behind PLUMBLINE_REAL_DATA: what each is and the traps it lays."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.lines import lines_of
from engine.analysis.timed import READS, observe
from engine.errors import InputRefused
from engine.formats import read_table, to_rows
from jobs.__main__ import main

DATA = os.environ.get("PLUMBLINE_REAL_DATA", "")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(
        not Path(DATA, "judgebench").is_dir(), reason="PLUMBLINE_REAL_DATA names no folder of real files"
    ),
]


def _one(pattern: str) -> Path:
    found = sorted(Path(DATA).glob(pattern))
    assert found, f"no {pattern} among the real files"
    return found[0]


@pytest.mark.parametrize(
    ("pattern", "form", "kind", "rows", "accepted"),
    [
        ("judgebench/outputs/*Skywork*", "judgebench", "comparison", 350, 350),
        ("helpsteer2_gold_rm/*/*.json", "preference_rewards", "comparison", 100, 100),
        ("judge_goodhart/runs/*.jsonl", "scores", "score", 2880, 2880),
        ("hh_rlhf_harmless_test/*/*.gz", "hh_rlhf", "comparison", 2312, 2312),
        ("tulu1_human_eval/*/*/*.xlsx", "pairs_unscored", "comparison", 1150, 1150),
        ("llmfao/gpt3-comparisons.csv", "pairs_unscored", "comparison", 3236, 3236),
        ("pandalm/data/testset-v1.json", "pairs_unscored", "comparison", 999, 999),
        ("pandalm/data/gpt-3.5*.json", "pandalm_judge", "comparison", 999, 974),
        ("pandalm/data/pandalm-7b*.json", "pandalm_judge", "comparison", 999, 999),
        ("llmbar/Dataset/LLMBar/Natural/evaluators/GPT-4/Rating/result.json", "llmbar", "comparison", 100, 100),
        ("llmbar/Dataset/LLMBar/Natural/evaluators/GPT-4/Vanilla/result.json", "llmbar", "comparison", 100, 100),
        ("llmbar/Dataset/LLMBar/Natural/evaluators/PaLM2/Vanilla/result.json", "llmbar", "comparison", 100, 98),
        ("llmbar/Dataset/LLMBar/Natural/dataset.json", "llmbar", "comparison", 100, 100),
        ("alpaca_eval_judges/results/*/*/annotations.json", "alpaca_eval", "comparison", 805, 805),
        ("alpaca_eval_judges/src/*/*/*/claude_leaderboard.csv", "leaderboard", "score", 29, 29),
        ("lmarena_history/output/result.csv", "leaderboard_history", "curve", 98, 98),
        ("dpo_llama31_trainer_state/*/*/*.json", "trainer_state", "curve", 1005, 1005),
        ("l101_dpo_vs_ppo/*/dpo_31m_training_logs_100_0.csv", "training_log", "curve", 200, 200),
        ("l101_dpo_vs_ppo/*/ppo_31m_training_logs_100_0.csv", "training_log", "curve", 25, 25),
        ("grpo_reasoning_logs/*/*/7_5*.csv", "training_log", "curve", 500, 500),
        ("paraphrase_dpo_ipo_sweep/*/*.csv", "sweep", "curve", 29, 29),
        ("rlhf_systems_kit_tb/*/*/*/train.jsonl", "training_log", "curve", 50, 50),
        ("rlhf_systems_kit_tb/*/*/*/train.log", "console_log", "curve", 15, 15),
        ("rlhf_systems_kit_tb/*/*/tb/events*", "tensorboard", "curve", 700, 700),
        ("deepspeed_chat_logs/**/*.log", "console_log", "curve", 1430, 1430),
    ],
)
def test_what_it_is(pattern: str, form: str, kind: str, rows: int, accepted: int) -> None:
    _, report = read_table(_one(pattern), "renamed")
    assert (report.format, report.kind, report.rows, report.accepted) == (form, kind, rows, accepted)


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("llmfao/models.jsonl", "unrecognised"),
    ],
)
def test_what_is_refused(pattern: str, code: str) -> None:
    with pytest.raises(InputRefused) as refused:
        read_table(_one(pattern), "renamed")
    assert refused.value.code == code


@pytest.mark.parametrize(("model", "accuracy"), [("Ray2333", 0.5943), ("Skywork", 0.6243), ("internlm", 0.5943)])
def test_judgebench_accuracies(model: str, accuracy: float) -> None:
    rows = to_rows(read_table(_one(f"judgebench/outputs/*{model}*"), "x")[0])
    margin, label = rows.columns["margin"], rows.columns["label"]
    right = np.where(margin == 0, 0.5, (margin > 0) == (label == 1))
    assert right.mean() == pytest.approx(accuracy, abs=5e-5)
    assert len(set(rows.columns["prompt_hash"].tolist())) == 350
    assert (margin == 0).sum() == (1 if model == "Skywork" else 0)


def test_helpsteer_accuracy() -> None:
    rows = to_rows(read_table(_one("helpsteer2_gold_rm/*/*.json"), "x")[0])
    assert (rows.columns["margin"] > 0).mean() == pytest.approx(0.72)
    assert rows.slices["preference_strength"][1] == ["0", "1", "2", "3"]


def test_judge_goodhart_base_rate_and_prompts() -> None:
    table, report = read_table(_one("judge_goodhart/runs/*.jsonl"), "x")
    rows = to_rows(table)
    assert report.scale == 100
    assert rows.columns["truth"].mean() == pytest.approx(0.6684, abs=5e-5)
    assert rows.columns["value"].mean() / report.scale == pytest.approx(0.7901, abs=5e-5)
    assert len(set(rows.columns["prompt_hash"].tolist())) == 120


def test_pandalm_votes() -> None:
    table, _ = read_table(_one("pandalm/data/testset-v1.json"), "x")
    assert table.num_rows == 3 * 999
    votes = np.array(table.column("label").to_pylist()).reshape(999, 3)
    names = np.array(table.column("annotator").to_pylist()).reshape(999, 3)
    assert {tuple(row) for row in names.tolist()} == {("annotator1", "annotator2", "annotator3")}
    kappas = [_kappa(votes[:, a], votes[:, b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert sorted(kappas) == pytest.approx([0.852, 0.862, 0.879], abs=5e-4)


def _kappa(a: np.ndarray, b: np.ndarray) -> float:
    chance = sum((a == each).mean() * (b == each).mean() for each in (0.0, 0.5, 1.0))
    return float(((a == b).mean() - chance) / (1 - chance))


@pytest.mark.parametrize(("judge", "agreement", "tied"), [("gpt-3.5", 0.693, 5), ("pandalm-7b", 0.668, None)])
def test_pandalm_judges_against_the_majority(judge: str, agreement: float, tied: int | None) -> None:
    """The published .693 takes the judge's word "Tie" for another label than the people's 0: five ties are missed."""
    people, _ = read_table(_one("pandalm/data/testset-v1.json"), "x")
    votes = np.array(people.column("label").to_pylist()).reshape(999, 3)
    majority = np.median(votes, axis=1)
    verdicts, report = read_table(_one(f"pandalm/data/{judge}*.json"), "x")
    place = np.array(verdicts.column("source_line").to_pylist()) - 1
    found = np.array(verdicts.column("verdict").to_pylist())
    assert report.reasons == ({"verdict_unknown": 25} if judge == "gpt-3.5" else {})
    same = found == majority[place]
    if tied is not None:
        assert (same & (found == 0.5)).sum() == tied
        same &= found != 0.5
    assert same.sum() / 999 == pytest.approx(agreement, abs=5e-4)


def test_tulu_people_who_saw_the_same_two_answers_in_any_order() -> None:
    table, _ = read_table(_one("tulu1_human_eval/*/*/*.xlsx"), "x")
    units: dict[tuple[object, ...], dict[str, float]] = {}
    for row in table.to_pylist():
        swapped = row["item_a"] > row["item_b"]
        unit = (row["prompt_hash"], *sorted((row["item_a"], row["item_b"])))
        units.setdefault(unit, {}).setdefault(row["annotator"], 1 - row["label"] if swapped else row["label"])
    several = [list(votes.values()) for votes in units.values() if len(votes) > 1]
    pairs = [a == b for votes in several for place, a in enumerate(votes) for b in votes[place + 1 :]]
    assert (len(several), np.mean(pairs)) == (121, pytest.approx(0.574, abs=5e-4))
    times = [row for row in table.column("time").to_pylist() if row is not None]
    assert (len(times), min(times).date().isoformat(), max(times).date().isoformat()) == (
        1150,
        "2023-05-18",
        "2023-06-04",
    )
    assert len(set(table.column("annotator").to_pylist())) == 16
    words = table.column("outcome").to_pylist()
    assert {word: words.count(word) for word in set(words)}["a-is-slightly-better"] == 235


def test_llmbar_in_both_orders() -> None:
    table, report = read_table(_one("llmbar/Dataset/LLMBar/Adversarial/GPTInst/evaluators/LLaMA2/Vanilla/*.json"), "x")
    assert (report.rows, report.accepted, table.num_rows) == (92, 92, 183)
    table, report = read_table(_one("llmbar/Dataset/LLMBar/Natural/evaluators/PaLM2/Vanilla/*.json"), "x")
    assert (report.rows, report.reasons, table.num_rows) == (100, {"verdict_missing": 2}, 196)
    first, verdict = (np.array(table.column(name).to_pylist()) for name in ("first", "verdict"))
    assert (first == 1).sum() == 98
    kept = verdict[first == 1] == verdict[first == 0]
    assert kept.sum() == 29 + 49


def test_llmbar_ratings_give_ties() -> None:
    table, _ = read_table(_one("llmbar/Dataset/LLMBar/Natural/evaluators/ChatGPT/Rating/result.json"), "x")
    assert (np.array(table.column("margin").to_pylist()) == 0).sum() == 47


def test_zero_in_the_arena_history_means_absent() -> None:
    table, report = read_table(_one("lmarena_history/output/result.csv"), "x")
    assert min(table.column("value").to_pylist()) > 0
    assert table.num_rows == pytest.approx(98 * 227 * (1 - 0.468), rel=0.01)
    absent = 98 * 227 - table.num_rows
    assert {notice.code: notice.message for notice in report.warnings}["zero_means_absent"].startswith(
        f"{absent:,} ratings"
    )


def test_the_arena_history_is_a_curve_a_model_over_the_days() -> None:
    table, report = read_table(_one("lmarena_history/output/result.csv"), "x")
    assert len(set(table.column("run").to_pylist())) == 227
    days = [moment.date().isoformat() for moment in table.column("time").to_pylist()]
    assert (min(days), max(days)) == ("2023-05-08", "2025-02-27")
    assert {"time", "run", "value"} <= set(report.fields)
    assert "step" not in report.fields
    lines = lines_of(observe(to_rows(table, reads=READS)))
    assert (lines.by, len(lines.lines)) == ("time", 227)


def test_the_rewards_of_deepspeed_chat() -> None:
    table, _ = read_table(_one("deepspeed_chat_logs/**/*.log"), "x")
    rows = [(row["step"], row["value"]) for row in table.to_pylist() if row["metric"] == "reward"]
    assert [step for step, _ in rows] == list(range(477))
    rewards = np.array([value for _, value in rows])
    assert (rewards[:50].mean(), rewards[-50:].mean()) == pytest.approx((0.33, 4.44), abs=0.005)


def test_the_trials_of_a_sweep_have_their_parameters_on_every_point() -> None:
    table, report = read_table(_one("paraphrase_dpo_ipo_sweep/*/*.csv"), "x")
    assert len(set(table.column("source_line").to_pylist())) == 29
    for name in ("learning_rate", "beta", "warmup_ratio", "weight_decay", "gradient_accumulation_steps"):
        assert table.column(f"config.{name}").null_count == 0
    assert sorted(set(table.column("config.beta").to_pylist())) == [0.1, 0.125, 0.15, 0.175, 0.2, 0.225, 0.25, 0.3]
    assert {1e-4, 5e-5, 3.5e-5, 1e-6} <= set(table.column("config.learning_rate").to_pylist())
    told = {notice.code: notice.message for notice in report.warnings}
    assert told["trials_short"].startswith("24 trials")


def test_units_of_the_kl_of_ppo() -> None:
    table, _ = read_table(_one("l101_dpo_vs_ppo/*/ppo_31m_training_logs_100_0.csv"), "x")
    units = {row["metric"]: row["unit"] for row in table.to_pylist()}
    assert units["kl_ref"] == "nats per sequence; k1"
    assert units["kl_step"] == "nats per token; k2"
    assert units["entropy_sum"] == "nats per sequence"


def test_trainer_state_margins() -> None:
    table, _ = read_table(_one("dpo_llama31_trainer_state/*/*/*.json"), "x")
    points = [row["value"] for row in table.to_pylist() if row["source"] == "rewards/margins"]
    assert points[-1] == pytest.approx(0.186, abs=0.05)


def test_the_documented_table_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", DATA]) == 0
    printed = _cells(capsys.readouterr().out)
    text = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()
    assert _cells(text[text.index("## Real public files") :]) == printed


def _cells(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|") and not set(line) <= set("|-: ")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
