"""Sweeps: trials with their parameters on every point."""

from __future__ import annotations

import pytest

from tests.formats import samples
from tests.formats.reading import csv, taken


def test_parameters_written_in_the_names_of_trials_stand_on_every_point() -> None:
    rows, report = taken(samples.FILES["sweep.csv"]())
    assert [row["config.beta"] for row in rows] == pytest.approx([(row["source_line"] - 2) / 10 for row in rows])
    assert report.format == "sweep"


def test_a_plain_table_of_trials_without_steps() -> None:
    rows, report = taken(samples.FILES["trials.csv"]())
    assert (report.format, report.rows, report.accepted, report.reasons) == ("sweep", 12, 10, {"value_missing": 2})
    assert rows[0]["run"] == "lr=1e-06, beta=0.05, seed=0, loss_type=sigmoid"
    assert (rows[0]["config.lr"], rows[0]["config.beta"], rows[0]["config.seed"]) == (1e-6, 0.05, 0.0)
    assert {row["metric"] for row in rows} == {"reward", "kl_ref"}
    assert {row["step"] for row in rows} == {None}


def test_parameters_that_are_no_numbers_become_slices() -> None:
    rows, report = taken(samples.FILES["trials.csv"]())
    assert report.slices == {"loss_type": ["ipo", "sigmoid"]}
    assert {row["slice.loss_type"] for row in rows} == {"ipo", "sigmoid"}


def test_failed_and_short_trials_are_told() -> None:
    _, report = taken(samples.FILES["trials.csv"]())
    assert {notice.code: notice.message for notice in report.warnings}["trials_empty"].startswith("2 trials")
    head = "trial;loss-1;loss-2;loss-3;reward-1;reward-2;reward-3"
    data = csv(head, "beta=0,1;1;2;3;1;2;3", "beta=0,2;1;;;1;;", "beta=0,3;;;;;;")
    _, report = taken(data)
    told = {notice.code: notice.message for notice in report.warnings}
    assert told["trials_short"].startswith("1 trial ends")
    assert told["trials_empty"].startswith("1 trial has no values")


@pytest.mark.parametrize("prefix", ["config.", "config/", "params.", "hparams/"])
def test_columns_that_say_that_they_are_parameters(prefix: str) -> None:
    rows, _ = taken(csv(f"run,{prefix}foo,{prefix}bar,final_reward", "a,1,2,0.5", "b,2,3,0.25"))
    assert [(row["run"], row["config.foo"], row["config.bar"]) for row in rows] == [("a", 1.0, 2.0), ("b", 2.0, 3.0)]


def test_a_sweep_with_epochs_has_them_as_steps() -> None:
    rows, report = taken(csv("trial,lr,beta,epoch,reward", "1,1e-5,0.1,1,0.2", "1,1e-5,0.1,2,0.4", "2,1e-6,0.2,1,0.1"))
    assert report.format == "sweep"
    assert [(row["run"], row["step"], row["value"]) for row in rows] == [("1", 1, 0.2), ("1", 2, 0.4), ("2", 1, 0.1)]


def test_a_table_of_runs_as_weights_and_biases_exports_it() -> None:
    head = '"Name","State","learning_rate","beta","Runtime","train/reward"'
    rows, report = taken(csv(head, '"a","finished","1e-5","0.1","120","0.5"', '"b","crashed","1e-6","0.2","3",""'))
    assert {row["run"] for row in rows if row["metric"] == "reward"} == {"a"}
    assert rows[0]["config.learning_rate"] == 1e-5
    assert report.format == "sweep"


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("prompt_id,score_a,score_b,label,temperature,seed", "pairs"),
        ("task_id,score,correct,temperature,seed", "scores"),
        ("step,learning_rate,beta,reward,loss", "training_log"),
        ("worker_id,item_id,rating,seed,alpha", "scores_without_truth"),
    ],
)
def test_rows_about_answers_with_parameters_beside_are_no_sweep(header: str, form: str) -> None:
    values = [",".join(str((place + line) % 2) for place, _ in enumerate(header.split(","))) for line in range(4)]
    assert taken(csv(header, *values))[1].format == form


def test_trials_of_one_name_are_runs_of_their_own() -> None:
    rows, _ = taken(csv("trial,lr,reward", "a,1e-5,0.2", "b,1e-6,0.4", "a,1e-5,0.3"))
    assert [(row["run"], row["value"]) for row in rows] == [("a", 0.2), ("b", 0.4), ("a (2)", 0.3)]
