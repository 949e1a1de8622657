"""Results of the comparison are plain and finite, whatever the data look like; real files give known figures."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import analyse
from engine.errors import NotEnoughData
from tests.analysis.compare_worlds import coins, conclude, pairs_of, scores_of, take
from tests.analysis.test_plain_results import strange

HOME = os.environ.get("PLUMBLINE_REAL_DATA", "")


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    n=st.integers(30, 200),
    prompts=st.integers(20, 150),
    systems=st.integers(2, 5),
    shape=st.sampled_from(["plain", "same", "certain", "ties", "holes", "values", "truths", "constant"]),
    live=st.sampled_from(["no", "yes"]),
    seed=st.integers(0, 9),
)
def test_results_of_all_kinds_of_data(n, prompts, systems, shape, live, seed):
    generator = np.random.default_rng(seed)
    names = [f"s{at}" for at in range(systems)]
    prompt = generator.integers(0, prompts, n)
    shares = {name: {"same": 1.0, "certain": float(at % 2)}.get(shape, 0.6) for at, name in enumerate(names)}
    if shape in ("values", "truths", "constant"):
        values = {name: generator.random(n) * (shape != "constant") for name in names}
        rows = scores_of(values, prompt, truth=generator.random(n).round() if shape == "truths" else None)
    else:
        rows = pairs_of(coins(n, shares, seed), prompt, side=np.arange(n))
    if shape == "ties":
        rows = replace(rows, columns={**rows.columns, "margin": rows.columns["margin"].round()})
    if shape == "holes":
        rows = take(rows, generator.random(len(rows)) < 0.6)
    codes = generator.integers(-1, 2, len(rows)).astype(np.int32)
    rows = replace(rows, slices={"tone": (codes, ["plain", "rude"])})
    try:
        result = conclude(rows, live=live, seed=seed)
    except NotEnoughData:
        return
    told = result.to_dict()
    assert strange(told, "result") == []
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    found = result.estimates["difference"]
    assert found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high
    assert any(item["best"] for item in result.items)


@pytest.mark.real_data
@pytest.mark.skipif(not HOME, reason="PLUMBLINE_REAL_DATA names no folder of public files")
def test_three_files_of_judgebench_give_the_paired_verdict_at_once():
    files = sorted(Path(HOME, "judgebench").rglob("*.jsonl"))
    result = analyse(files, "compare")
    right = {}
    for file in files:
        records = [json.loads(line) for line in file.read_text().splitlines()]
        scores = np.array([record["judgments"][0]["judgment"]["scores"] for record in records], float)
        label = np.array([record["label"] == "A>B" for record in records])
        marks = np.where(scores[:, 0] == scores[:, 1], 0.5, (scores[:, 0] > scores[:, 1]) == label)
        right[records[0]["judgments"][0]["judgment"]["judge_model"]] = marks
    assert {item["item"]: item["value"] for item in result.items} == pytest.approx(
        {judge: marks.mean() for judge, marks in right.items()}
    )
    assert [round(item["value"], 4) for item in result.items] == [0.6243, 0.5943, 0.5943]
    assert result.dataset["by"] == "judge"
    assert result.dataset["common_prompts"] == 350
    assert [item["best"] for item in result.items] == [True, True, True]
    one, two = result.dataset["candidate"], result.dataset["baseline"]
    difference = right[one] - right[two]
    found = result.estimates["difference"]
    assert found.value == pytest.approx(difference.mean())
    assert found.high - found.low > 2 * 1.96 * difference.std(ddof=1) / np.sqrt(350)
    assert len(result.pairs) == 20
    shown = analyse(files[:2], "compare", {"delta": 0.05})
    assert shown.verdict == "ship"
    assert ", difference .030 [−.027, .086] on the same 350 prompts lies above −.05." in shown.sentence
    by_file = analyse(files, "compare", {"by": "dataset"})
    assert {item["item"] for item in by_file.items} == {file.stem.rpartition("judge_model=")[2] for file in files}
