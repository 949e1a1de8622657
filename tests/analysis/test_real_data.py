"""Published figures of public files, read here by the shortest way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from engine.types import Rows
from tests.analysis.worlds import conclude, hashes_of, value

HOME = os.environ.get("PLUMBLINE_REAL_DATA", "")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not HOME, reason="PLUMBLINE_REAL_DATA names no folder of public files"),
]


def rows(kind: str, prompt: list[int], **columns: np.ndarray) -> Rows:
    hashes = hashes_of(np.array(prompt))
    where = {"bucket": (hashes % np.uint64(4096)).astype(np.uint16), "prompt_hash": hashes}
    return Rows(kind, {**columns, **where, "row_hash": hashes_of(np.arange(len(prompt)) + 10**6)})


@pytest.mark.parametrize(
    ("model", "accuracy", "ece", "brier", "nll", "null"),
    [
        ("GRM-Gemma-2B", 0.5943, 0.2155, 0.2840, 0.9010, 0.064),
        ("Skywork", 0.6243, 0.3259, 0.3322, 2.4082, 0.038),
        ("internlm2-7b", 0.5943, 0.0832, 0.2297, 0.6456, 0.075),
    ],
)
def test_judgebench(model, accuracy, ece, brier, nll, null):
    (file,) = Path(HOME, "judgebench").rglob(f"*{model}*.jsonl")
    records = [json.loads(line) for line in file.read_text().splitlines()]
    score = np.array([record["judgments"][0]["judgment"]["scores"] for record in records], float)
    label = np.array([record["label"] == "A>B" for record in records], float)
    result = conclude(rows("comparison", list(range(len(records))), margin=score[:, 0] - score[:, 1], label=label))
    assert value(result, "accuracy") == pytest.approx(accuracy, abs=5e-5)
    assert value(result, "ece_width_15") == pytest.approx(ece, abs=5e-5)
    assert value(result, "brier") == pytest.approx(brier, abs=5e-5)
    assert value(result, "nll") == pytest.approx(nll, abs=5e-5)
    assert result.estimates["ece_width_15"].null_95 == pytest.approx(null, abs=0.004)
    assert result.verdict == "over_confident"


def test_helpsteer2():
    (file,) = Path(HOME, "helpsteer2_gold_rm").rglob("*.json")
    records = json.loads(file.read_text())
    margin = np.array([record["chosen_reward"] - record["rejected_reward"] for record in records])
    result = conclude(rows("comparison", list(range(len(records))), margin=margin, label=np.ones(len(records))))
    assert value(result, "accuracy") == pytest.approx(0.72)
    assert value(result, "ece_width_15") == pytest.approx(0.0977, abs=5e-5)
    assert value(result, "brier") == pytest.approx(0.1815, abs=5e-5)


def test_judge_goodhart():
    (file,) = Path(HOME, "judge_goodhart").rglob("*.jsonl")
    records = [json.loads(line) for line in file.read_text().splitlines()]
    score = np.array([record["judge_score"] for record in records], float)
    truth = np.array([record["correct"] for record in records], float)
    task = [int(record["task_id"][1:]) for record in records]
    result = conclude(rows("score", task, value=score, truth=truth), scale=100)
    assert value(result, "base_rate") == pytest.approx(0.6684, abs=5e-5)
    assert value(result, "mean_score") == pytest.approx(0.7901, abs=5e-5)
    assert value(result, "accuracy") == pytest.approx(0.8563, abs=5e-5)
    assert value(result, "ece_width_15") == pytest.approx(0.1338, abs=5e-5)
    assert value(result, "brier") == pytest.approx(0.1376, abs=5e-5)
    assert result.estimates["nll"].value is None
    assert {notice.code for notice in result.warnings} == {"infinite_nll", "few_prompts"}
    assert result.dataset["prompts"] == 120
