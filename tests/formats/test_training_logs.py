"""Logs of the trainers: what each metric is called, in which unit, and what is told of the log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.formats import read_table
from engine.formats.metric_names import named
from engine.formats.points import run_named
from tests.formats import log_samples, samples
from tests.formats.reading import csv, taken


def _metrics(rows: list[dict[str, Any]]) -> dict[str, tuple[str, str | None]]:
    return {row["source"]: (row["metric"], row["unit"]) for row in rows}


def _told(data: bytes) -> dict[str, str]:
    return {notice.code: notice.message for notice in taken(data)[1].warnings}


@pytest.mark.parametrize(
    ("name", "form", "rows", "expected"),
    [
        (
            "ppo.csv",
            "training_log",
            24,
            {
                "objective/kl": ("kl_ref", "nats per sequence; k1"),
                "objective/entropy": ("entropy_sum", "nats per sequence"),
                "policy/entropy_avg": ("entropy", "nats per token"),
                "policy/approxkl_avg": ("kl_step", "nats per token; k2"),
                "objective/scores": ("reward", None),
                "loss/policy_avg": ("policy_loss", None),
                "lr": ("learning_rate", None),
            },
        ),
        (
            "grpo.jsonl",
            "training_log",
            24,
            {
                "kl": ("kl_ref", "nats per token; k3"),
                "entropy": ("entropy", "nats per token"),
                "frac_reward_zero_std": ("zero_std", None),
                "rewards/accuracy_reward/mean": ("reward.accuracy_reward", None),
                "rewards/accuracy_reward/std": ("reward_std.accuracy_reward", None),
                "completions/mean_length": ("length", None),
                "completions/clipped_ratio": ("truncated", None),
            },
        ),
        (
            "verl.jsonl",
            "training_log",
            24,
            {
                "actor/kl_loss": ("kl_ref", "nats per token; unknown estimator"),
                "actor/ppo_kl": ("kl_step", "nats per token; k1"),
                "critic/score/mean": ("reward", None),
                "response_length/clip_ratio": ("truncated", None),
                "val-core/openai/gsm8k/reward/mean@8": ("eval_reward.openai/gsm8k", None),
            },
        ),
        (
            "openrlhf.jsonl",
            "training_log",
            27,
            {
                "train/kl": ("kl_ref", "unknown estimator"),
                "train/ppo_kl": ("kl_step", "nats per token; k1"),
                "train/group_reward_std": ("reward_std", "within groups"),
                "train/rollout/reward_std": ("reward_std", "over the batch"),
                "train/rollout/truncated_rate": ("truncated", None),
                "train/response_length": ("length", None),
                "eval/eval_gsm8k_pass1": ("eval_gsm8k_pass1", None),
            },
        ),
        ("reward_model.csv", "training_log", 24, {"acc": ("rm_acc", None), "chosen_reward": ("reward_chosen", None)}),
        ("trainer_log.jsonl", "training_log", 24, {"lr": ("learning_rate", None), "loss": ("loss", None)}),
        (
            "wandb_history.jsonl",
            "training_log",
            28,
            {"train/loss": ("loss", None), "eval/loss": ("eval_loss", None), "train/reward": ("reward", None)},
        ),
        ("wandb.csv", "wandb_export", 24, {"train/kl": ("kl_ref", "nats per token; k3")}),
        ("long.csv", "long_log", 48, {"reward": ("reward", None), "loss": ("loss", None)}),
    ],
)
def test_each_trainers_names_become_one_name_for_one_meaning(
    name: str, form: str, rows: int, expected: dict[str, tuple[str, str | None]]
) -> None:
    found, report = taken(samples.FILES[name]())
    assert (report.format, report.kind, report.accepted, report.rejected) == (form, "curve", rows, 0)
    metrics = _metrics(found)
    assert {source: metrics.get(source) for source in expected} == expected
    said = {source: f"{name} ({unit})" if unit else name for source, (name, unit) in metrics.items()}
    assert {source: report.columns.get(source) for source in said} == said


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("eval_rewards/margins", "eval_rm_margin"),
        ("eval/rewards/margins", "eval_rm_margin"),
        ("eval/eval_loss", "eval_loss"),
        ("val/ratio", "val/ratio"),
        ("train_loss", "train_loss"),
        ("train/foo", "foo"),
        ("rewards/probabilities", "rewards/probabilities"),
        ("rewards/format_reward", "reward.format_reward"),
        ("gold_reward", "gold"),
        ("eval_gold", "eval_gold"),
        ("val-aux/math/acc/best@8/mean", "val-aux/math/acc/best@8/mean"),
        ("eval_", "eval_"),
    ],
)
def test_what_stands_before_a_name(name: str, expected: str) -> None:
    assert named(name)[0] == expected


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_token_mean_below_zero_is_no_k3(sign: float) -> None:
    rows, _ = taken(log_samples.lines(log_samples.grpo(sign=sign)))
    assert _metrics(rows)["kl"] == ("kl_ref", "nats per token; k3" if sign > 0 else "nats per token; k1")


def test_the_kl_of_kto_is_of_mismatched_pairs() -> None:
    rows, _ = taken(csv("step,kl,rewards/chosen,rewards/rejected,logps/chosen,loss", "1,0.5,1,0,-5,0.3"))
    assert _metrics(rows)["kl"] == ("kl_ref", "nats per sequence; k1 of mismatched pairs, 0 where negative")


def test_kl_of_several_units_never_becomes_one_series() -> None:
    rows, _ = taken(
        csv("step,actor/kl_loss,actor/reward_kl_penalty,objective/kl,kl", "1,0.1,0.2,9,0.3", "2,0.1,0.2,9,1")
    )
    units = {(row["metric"], row["unit"]) for row in rows}
    assert {metric for metric, _ in units} == {"kl_ref"}
    assert len({unit for _, unit in units}) == 3


def test_an_unknown_kl_says_so_and_no_series_of_kl_is_without_a_unit() -> None:
    for name in (
        "kl",
        "kl_mean",
        "approx_kl",
        "objective/kl",
        "train/kl",
        "actor/ppo_kl",
        "eval_kl",
        "ppo/policy/approxkl",
    ):
        assert named(name)[1], name


def test_a_metric_that_appears_late_in_a_long_log_is_there() -> None:
    made = [{"step": step, "loss": 0.5, "reward": 1.0} for step in range(1500)]
    made[1400]["eval_reward"] = 2.0
    rows, _ = taken(log_samples.lines(made))
    assert [row["step"] for row in rows if row["metric"] == "eval_reward"] == [1400]


def test_the_trainers_step_goes_before_the_trackers() -> None:
    rows, _ = taken(log_samples.lines(log_samples.wandb_history()))
    assert [row["step"] for row in rows if row["metric"] == "loss"] == [point * 10 for point in range(24)]
    assert rows[0]["time"].timestamp() == 1.7e9


def test_evaluation_rows_of_openrlhf_have_a_step_of_their_own() -> None:
    rows, _ = taken(log_samples.lines(log_samples.openrlhf()))
    assert [row["step"] for row in rows if row["metric"] == "eval_gsm8k_pass1"] == [8, 16, 24]


def test_a_log_by_time_needs_no_step() -> None:
    rows, report = taken(csv("timestamp,loss,reward", "2025-01-01T10:00:00Z,1,2", "2025-01-01T11:00:00Z,0.5,3"))
    assert (report.kind, len(rows)) == ("curve", 4)
    assert "time" in report.fields
    assert "step" not in report.fields


def test_seconds_that_a_step_took_are_a_metric_and_no_time() -> None:
    rows, _ = taken(csv("step,time,loss", "1,3.5,1", "2,3.25,0.5"))
    assert [row["value"] for row in rows if row["metric"] == "time"] == [3.5, 3.25]
    assert rows[0]["time"] is None


# ------------------------------------------------------------------ exports


def test_an_export_of_two_runs_leaves_the_extremes_out() -> None:
    rows, _ = taken(samples.FILES["wandb.csv"]())
    assert {row["run"] for row in rows} == {"grpo-a", "grpo-b"}
    assert len(rows) == 3 * (24 + 18)
    assert {row["source"] for row in rows} == {"train/kl", "train/reward", "train/frac_reward_zero_std"}


@pytest.mark.parametrize(("points", "told"), [(499, False), (500, True), (501, False)])
def test_an_export_of_500_points_may_be_a_sample(points: int, told: bool) -> None:
    assert ("down_sampled" in _told(log_samples.wandb(points))) == told


def test_a_series_downloaded_from_tensorboard_is_called_by_its_file() -> None:
    data = csv("Wall time,Step,Value", "1700000000.5,10,0.5", "1700000001.5,20,0.25")
    table, report = read_table(data, "run-ppo_3-tag-train_reward.csv")
    assert report.format == "long_log"
    assert table.column("run").to_pylist() == ["ppo_3"] * 2
    assert table.column("metric").to_pylist() == ["train_reward"] * 2
    assert table.column("step").to_pylist() == [10, 20]


# ------------------------------------------------------------------ runs


@pytest.mark.parametrize(
    ("file", "run"),
    [
        ("trainer_state.json", None),
        ("dpo-1/trainer_state.json", "dpo-1"),
        ("sweep/dpo-2/checkpoint-500/trainer_state.json", "dpo-2"),
        ("archive.zip/run_20250828/logs/train.jsonl", "run_20250828"),
        ("runs/x/tb/events.out.tfevents.1756441037.host.1.0", "x"),
        ("results/dpo_100_0.csv", "dpo_100_0"),
        ("logs/train.csv", None),
    ],
)
def test_a_run_without_a_name_is_called_by_its_folder(file: str, run: str | None) -> None:
    assert run_named(file) == run


def test_the_folders_name_is_on_every_point_and_a_name_in_the_file_goes_before() -> None:
    table, _ = read_table(samples.FILES["trainer_state.json"](), "dpo-1/checkpoint-9/trainer_state.json")
    assert set(table.column("run").to_pylist()) == {"dpo-1"}
    table, _ = read_table(csv("run,step,loss,reward", "a,1,2,3", "b,1,2,3"), "folder/log.csv")
    assert set(table.column("run").to_pylist()) == {"a", "b"}


# ------------------------------------------------------------------ what is told


def test_a_run_that_was_restarted_is_told() -> None:
    rows = [f"{step},{step / 10},1" for step in [1, 2, 3, 4, 5, 3, 4, 5, 6, 4, 5, 6, 7]]
    assert "go back 2 times" in _told(csv("step,loss,reward", *rows))["restarted"]
    assert "restarted" not in _told(csv("step,loss,reward", *(f"{step},1,2" for step in range(9, 0, -1))))


def test_restarts_of_several_runs_are_summed_not_their_metrics() -> None:
    rows = [f"{run},{step},{step / 10},1" for run in "ab" for step in [1, 2, 3, 2, 3, 4]]
    assert "go back 2 times" in _told(csv("run,step,loss,reward", *rows))["restarted"]
    assert "restarted" not in _told(
        csv("run,step,loss,reward", *[f"{run},{step},1,2" for run in "ab" for step in (1, 2)])
    )


def test_rows_that_share_a_step_are_counted() -> None:
    rows = [row for step in (10, 20, 30) for row in (f"1,{step},", f",{step},2")]
    assert _told(csv("loss,step,eval_loss", *rows))["steps_shared"].startswith("3 rows")


def test_sparse_metrics_and_the_summary_at_the_end_are_told() -> None:
    rows = [f"{step},{1 / step},{'0.5' if step % 10 == 0 else ''}," for step in range(1, 21)]
    told = _told(csv("step,loss,eval_loss,train_runtime", *rows, "20,,,123.5"))
    assert told["sparse_metrics"] == "1 metric stands at fewer than half of 20 steps: eval_loss at 2"
    assert told["summary_rows"] == "the log sums up the whole run in train_runtime: one point each"


def test_decimal_commas_are_read_and_counted() -> None:
    rows, report = taken(csv("step;loss;reward", "1;0,5;1", "2;0,25;1,5"))
    assert [row["value"] for row in rows] == [0.5, 1.0, 0.25, 1.5]
    assert {notice.code: notice.message for notice in report.warnings}["decimal_commas"].startswith("3 values")


def test_constant_series_are_named() -> None:
    told = _told(csv("step,loss,reward", *(f"{step},{step},0.0" for step in range(5))))
    assert told["constant_series"] == "1 curve of one value only: reward"


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "nan", "inf"])
def test_values_that_are_not_finite_are_no_points_and_are_counted(word: str) -> None:
    made = [{"step": step, "loss": word if step == 2 else 1 / (step + 1), "reward": step} for step in range(5)]
    for data in (
        log_samples.lines(made),
        log_samples._table(made),
        json.dumps(made).replace(f'"{word}"', "NaN").encode(),
    ):
        rows, report = taken(data)
        assert [row["step"] for row in rows if row["metric"] == "loss"] == [0, 1, 3, 4]
        assert {notice.code: notice.message for notice in report.warnings}["not_finite"].startswith("1 value is")


def test_a_row_of_nothing_but_nan_is_rejected_as_that() -> None:
    _, report = taken(csv("step,loss,reward", "1,1,2", "2,NaN,inf", "3,,"))
    assert report.reasons == {"not_finite": 1, "value_missing": 1}


def test_steps_written_as_floats_are_whole_and_fractions_are_told() -> None:
    rows, report = taken(csv("step,loss,reward", "1.0,1,2", "2.0,1,2"))
    assert [row["step"] for row in rows] == [1, 1, 2, 2]
    assert "steps_cut" not in {notice.code for notice in report.warnings}
    rows, report = taken(csv("step,loss,reward", "1.5,1,2", "2.25,1,2", "3,1,2"))
    assert [row["step"] for row in rows] == [1, 1, 2, 2, 3, 3]
    assert {notice.code: notice.message for notice in report.warnings}["steps_cut"].startswith("2 steps")


def test_rows_without_a_step_are_told() -> None:
    assert _told(csv("step,loss,reward", "1,1,2", ",1,2", "3,1,2"))["steps_missing"].startswith("1 row ")


def test_counts_go_on_from_batch_to_batch() -> None:
    made = [{"step": step % 40_000, "loss": 1.0, "reward": float(step)} for step in range(80_000)]
    told = _told(log_samples.lines(made))
    assert "go back 1 time," in told["restarted"]
    assert told["constant_series"] == "1 curve of one value only: loss"


# ------------------------------------------------------------------ fields


@pytest.mark.parametrize(
    ("name", "there", "absent"),
    [
        ("ppo.csv", {"step", "value", "unit"}, {"time", "run"}),
        ("events.out.tfevents.1700000000.host.1.0", {"step", "time", "value"}, {"run", "unit"}),
        ("trials.csv", {"config.lr", "config.beta", "config.seed", "run", "value"}, {"step", "time"}),
        ("trackio.db", {"step", "time", "run", "config.learning_rate"}, set()),
        ("history.csv", {"time", "run", "value"}, {"step"}),
        ("sweep.csv", {"step", "run", "config.beta"}, {"time"}),
    ],
)
def test_the_report_names_the_columns_that_hold_something(name: str, there: set[str], absent: set[str]) -> None:
    _, report = taken(samples.FILES[name]())
    assert there <= set(report.fields)
    assert not absent & set(report.fields)


def test_a_run_that_diverged_is_still_a_log() -> None:
    rows, report = taken(csv("step,loss,reward", "1,1,2", *(f"{step},nan,nan" for step in range(2, 30))))
    assert (len(rows), report.reasons) == (2, {"not_finite": 28})


def test_a_step_of_the_file_goes_before_the_trackers_count_of_calls() -> None:
    rows, _ = taken(csv("_step,step,loss,reward", "1,100,1,2", "2,200,1,2"))
    assert {row["step"] for row in rows} == {100, 200}


def test_a_unit_that_the_log_says_itself_is_taken() -> None:
    lines = [
        json.dumps({"step": step, "kl": 0.1 * step, "kl_unit": "nats per sequence", "proxy_reward": 1.0})
        for step in range(5)
    ]
    rows, _ = taken("\n".join(lines).encode())
    assert {(row["metric"], row["unit"]) for row in rows} == {("kl_ref", "nats per sequence"), ("reward", None)}
